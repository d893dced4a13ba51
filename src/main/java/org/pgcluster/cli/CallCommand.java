package org.pgcluster.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Catalogue;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Request;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.shape.JsonText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** One call of one tool, for scripts; on a terminal an act is shown, approved, done and proved in one go. */
@Command(
        name = "call",
        description = "Calls one tool. On a terminal an act shows its plan and asks; elsewhere it ends with exit code 3"
                + " and the command that approves it.")
final class CallCommand implements Callable<Integer> {
    private static final Duration ONE_WAIT = Duration.ofSeconds(20);

    private final String version;
    private Duration limit = ONE_WAIT;

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "TOOL", description = "Its name; `tools` lists them.")
    String tool = "";

    @Parameters(
            index = "1..*",
            paramLabel = "KEY=VALUE | JSON | -",
            description = "Its arguments: key=value, or one JSON object, or - to read that from stdin.")
    List<String> typed = new ArrayList<>();

    @Option(names = "--json", description = "Prints the answer as exact data.")
    boolean json;

    CallCommand(String version) {
        this.version = version;
    }

    @Override
    public Integer call() {
        Settings settings = Configuration.of(spec, List.of());
        settings.warnings().forEach(warning -> spec.commandLine().getErr().println(warning));
        settings.problems().forEach(problem -> spec.commandLine().getErr().println(problem));
        Map<String, @Nullable Object> arguments = arguments(settings);
        limit = limit(settings);
        Workshop workshop = new Workshop(settings, version);
        try (Dispatcher desk = new Dispatcher(workshop)) {
            // Who presses Ctrl-C leaves an act running that began; the audit is to say so.
            Runtime.getRuntime().addShutdownHook(new Thread(desk::letGo, "let go"));
            Answer answer = ended(desk, asked(desk, workshop, arguments));
            show(answer);
            return code(answer);
        }
    }

    private Map<String, @Nullable Object> arguments(Settings settings) {
        if (typed.size() == 1 && typed.get(0).equals("-")) {
            try {
                return Words.object(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        if (typed.size() == 1 && typed.get(0).stripLeading().startsWith("{")) {
            return Words.object(typed.get(0));
        }
        return Words.of(tool, Catalogue.of(settings).toolsJsonArray()).read(typed);
    }

    /** The consent goes the way of the console: a sealed request, the person's answer, and the call once more. */
    private Answer asked(Dispatcher desk, Workshop workshop, Map<String, @Nullable Object> arguments) {
        Answer answer = once(desk, tool, arguments);
        if (!"approval_required".equals(answer.structured().get("status"))
                || json
                || !Terminal.isThere()
                || !(answer.structured().get("request") instanceof Map<?, ?> request)) {
            return answer;
        }
        String name = String.valueOf(request.get("name"));
        var consenting = new Consenting(workshop, spec.commandLine().getOut());
        var opened = workshop.guard().open(name);
        if (!consenting.agreed(opened)) {
            workshop.guard().withdraw(name);
            return new Answer("Not approved; nothing was done.", Map.of("status", "not_approved"), true);
        }
        consenting.approve(opened);
        Map<String, @Nullable Object> approved = new LinkedHashMap<>(arguments);
        approved.put("approval_token", name);
        return once(desk, tool, approved);
    }

    /** The act would end with this process, so it is waited for however long it takes. */
    private Answer ended(Dispatcher desk, Answer first) {
        Answer answer = first;
        Object operation = first.structured().get("operation");
        while (operation instanceof String name && goesOn(answer)) {
            spec.commandLine().getErr().println(answer.text());
            answer = once(desk, "operation_status", Map.of("operation", name, "wait_seconds", ONE_WAIT.toSeconds()));
        }
        return answer;
    }

    private static boolean goesOn(Answer answer) {
        Map<String, Object> told = answer.structured();
        return "running".equals(told.get("status"))
                || "running".equals(told.get("state"))
                || "stopping".equals(told.get("state"));
    }

    private Answer once(Dispatcher desk, String name, Map<String, @Nullable Object> arguments) {
        return desk.call(new Request(name, arguments, Call.within(limit), "command line", Optional.empty()));
    }

    private static Duration limit(Settings settings) {
        return settings.clusters().values().stream()
                .map(ClusterSettings::statementTimeout)
                .max(Duration::compareTo)
                .orElse(ONE_WAIT)
                .plusSeconds(ONE_WAIT.toSeconds() + 5);
    }

    private void show(Answer answer) {
        var out = answer.isError() && !json
                ? spec.commandLine().getErr()
                : spec.commandLine().getOut();
        out.println(json ? JsonText.write(answer.structured()) : answer.text());
    }

    private static int code(Answer answer) {
        Object state = answer.structured().get("state");
        if (answer.isError() || "failed".equals(state) || "unknown".equals(state) || "left running".equals(state)) {
            return "INVALID_INPUT".equals(answer.structured().get("code")) ? Cli.WRONGLY_CALLED : Cli.FAILED;
        }
        return "approval_required".equals(answer.structured().get("status")) ? Cli.APPROVAL_REQUIRED : Cli.DONE;
    }
}
