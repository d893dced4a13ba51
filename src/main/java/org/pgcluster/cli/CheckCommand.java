package org.pgcluster.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.pgcluster.config.Settings;
import org.pgcluster.shape.JsonText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Connects to everything that is configured and says what works, what is missing and what is too strong. */
@Command(
        name = "check",
        description = "Connects to everything: what works, what is missing, what is too strong, how to mend it."
                + " Exit code 1 where something fails.")
final class CheckCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "DSN", arity = "0..1", description = "Where the database is.")
    List<String> dsn = new ArrayList<>();

    @Option(names = "--format", paramLabel = "text|json", description = "How to show it.")
    Format format = Format.text;

    @Override
    public Integer call() {
        Settings settings = Configuration.of(spec, dsn);
        List<Found> found = new ArrayList<>();
        settings.problems()
                .forEach(problem -> found.add(
                        Found.fails("configuration", problem.toString(), "`config` shows where each value is from.")));
        settings.warnings().forEach(warning -> found.add(Found.warns("configuration", warning.toString(), "")));
        found.addAll(Exposed.of(settings));
        try (Probes probes = new Probes(settings)) {
            found.addAll(probes.all());
        }
        boolean good = found.stream().noneMatch(one -> one.verdict() == Found.Verdict.FAILS);
        show(found, good);
        return good ? Cli.DONE : Cli.FAILED;
    }

    private void show(List<Found> found, boolean good) {
        var out = spec.commandLine().getOut();
        if (format == Format.json) {
            Map<String, Object> data = new LinkedHashMap<>();
            data.put("ok", good);
            data.put("found", found.stream().map(Found::data).toList());
            out.println(JsonText.write(data));
            return;
        }
        for (Found one : found) {
            out.println(one.mark() + " " + Terminal.bold(one.what()) + ": " + one.text());
            if (!one.mend().isEmpty()) {
                out.println("        " + one.mend());
            }
        }
        out.println(good ? Terminal.green("All that must work works.") : Terminal.red("Something does not work."));
    }
}
