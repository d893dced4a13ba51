package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;

/** A change of leader that did not happen, or of which nobody knows: Patroni's words, and what each member says. */
final class NotDone {
    private NotDone() {}

    /** Patroni watched for some seconds and stopped; what it wrote into the DCS stands, so it may happen still. */
    static boolean isOpen(Hands.Said said) {
        return said.status() == 503 && said.text().endsWith("status unknown");
    }

    static ToolException refused(Hands.Said said, Group before, Context context) {
        ErrorCode code = said.status() == 401 || said.status() == 403
                ? ErrorCode.PERMISSION_DENIED
                : said.status() < 500 ? ErrorCode.PRECONDITION_FAILED : ErrorCode.UPSTREAM_ERROR;
        return new ToolException(
                code,
                "Patroni did not do it (" + said.status() + "): " + said.text() + ". Members: " + now(before, context)
                        + ".",
                code == ErrorCode.PERMISSION_DENIED
                        ? "Set patroni_user and patroni_password."
                        : "patroni_cluster_status shows who leads.");
    }

    /** The connection broke after the request went out. */
    static ToolException unknown(ToolException e, Group before, Context context) {
        return new ToolException(
                ErrorCode.OUTCOME_UNKNOWN,
                e.text() + " Patroni may do it still, for up to its ttl. Members now: " + now(before, context) + ".",
                "Do not repeat patroni_failover; patroni_cluster_status shows who leads.");
    }

    static ToolException late(Group before, long seconds, Context context) {
        return new ToolException(
                ErrorCode.OUTCOME_UNKNOWN,
                "Patroni took the request, and after " + seconds + " s no other member leads. Members now: "
                        + now(before, context) + ".",
                "patroni_cluster_status shows how it stands; do not repeat patroni_failover.");
    }

    private static String now(Group before, Context context) {
        List<String> words = new ArrayList<>();
        try {
            Group now = Changing.group(Optional.of(before.name()), context);
            words.addAll(new Candidates(now, false).everybody());
        } catch (ToolException e) {
            words.add("they cannot be asked again: " + e.text());
        }
        return String.join("; ", words);
    }
}
