package org.pgcluster.cli;

import java.io.PrintWriter;
import java.util.Optional;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Opened;
import org.pgcluster.shape.JsonText;

/** Shows a sealed plan to the person at the terminal and takes their answer. */
final class Consenting {
    private final Workshop workshop;
    private final PrintWriter out;

    Consenting(Workshop workshop, PrintWriter out) {
        this.workshop = workshop;
        this.out = out;
    }

    static String user() {
        return System.getProperty("user.name", "?");
    }

    /** A pipe is no person, whatever it says. */
    static void requireTerminal() {
        if (!Terminal.isThere()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "Only a person at a terminal can approve, and this is none.",
                    "Run the same command in a terminal.");
        }
    }

    void show(Opened request) {
        out.println(Terminal.bold("Request " + request.name()) + ", asked " + request.asked() + ", expires "
                + request.expires());
        out.println();
        out.println(request.draft().planText().stripTrailing());
        out.println();
        out.flush();
    }

    boolean agreed(Opened request) {
        requireTerminal();
        show(request);
        if (!request.draft().destructive()) {
            return "yes".equalsIgnoreCase(Terminal.ask("Do it? Type yes to approve: "));
        }
        String cluster = request.draft().cluster();
        return cluster.equals(
                Terminal.ask("This destroys, or may lose commits. Type the cluster's name (" + cluster + "): "));
    }

    void approve(Opened request) {
        record(request, Approver.How.CONSOLE);
        workshop.guard().approve(request, new Approver(user(), Approver.How.CONSOLE), Optional.empty());
    }

    void record(Opened request, Approver.How how) {
        var draft = request.draft();
        StringBuilder input = new StringBuilder("{");
        draft.arguments()
                .forEach((name, value) -> input.append(input.length() == 1 ? "" : ",")
                        .append(JsonText.write(name))
                        .append(':')
                        .append(value));
        workshop.audit()
                .entry(
                        "command line",
                        draft.tool(),
                        draft.cluster(),
                        input.append('}').toString())
                .approval(request.name(), user(), how.word(), draft.fingerprint());
    }
}
