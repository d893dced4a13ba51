package org.pgcluster.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.guard.Approver;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A person's consent to what an assistant asked for. */
@Command(
        name = "approve",
        description = "Lists the acts that wait for a person; with a NAME shows its plan and asks for consent.")
final class ApproveCommand implements Callable<Integer> {
    private final String version;

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "NAME", arity = "0..*", description = "The requests to decide on.")
    List<String> names = new ArrayList<>();

    @Option(
            names = "--print-token",
            paramLabel = "FILE",
            description =
                    "Decides on a request file that was copied from another machine with the same approval_secret,"
                            + " and prints the token for it.")
    @Nullable
    Path copy;

    ApproveCommand(String version) {
        this.version = version;
    }

    @Override
    public Integer call() {
        try (Workshop workshop = new Workshop(Configuration.faultless(spec, List.of()), version)) {
            if (copy != null) {
                return token(workshop, copy);
            }
            return names.isEmpty() ? list(workshop) : decide(workshop);
        }
    }

    private int list(Workshop workshop) {
        var out = spec.commandLine().getOut();
        var waiting = workshop.guard().waiting();
        if (waiting.isEmpty()) {
            out.println("Nothing waits.");
        }
        for (var one : waiting) {
            out.println(Terminal.bold(one.name()) + "  " + one.tool() + " on " + one.cluster() + ", asked "
                    + one.asked() + ", expires " + one.expires() + (one.approved() ? ", approved" : ""));
        }
        return Cli.DONE;
    }

    private int decide(Workshop workshop) {
        Consenting.requireTerminal();
        var consenting = new Consenting(workshop, spec.commandLine().getOut());
        int code = Cli.DONE;
        for (String name : names) {
            var request = workshop.guard().open(name);
            if (consenting.agreed(request)) {
                consenting.approve(request);
                say(Terminal.green("Approved.") + " The assistant may now repeat its call with approval_token: " + name
                        + ".");
            } else {
                say("Not approved; nothing changed.");
                code = Cli.FAILED;
            }
        }
        return code;
    }

    private int token(Workshop workshop, Path file) {
        Consenting.requireTerminal();
        var consenting = new Consenting(workshop, spec.commandLine().getOut());
        var request = workshop.guard().openCopy(file);
        if (!consenting.agreed(request)) {
            say("Not approved; no token was made.");
            return Cli.FAILED;
        }
        consenting.record(request, Approver.How.TOKEN);
        say(workshop.guard().token(request, Consenting.user(), Optional.empty()));
        return Cli.DONE;
    }

    private void say(String text) {
        spec.commandLine().getOut().println(text);
    }
}
