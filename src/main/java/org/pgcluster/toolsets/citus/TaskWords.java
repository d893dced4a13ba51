package org.pgcluster.toolsets.citus;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;

/** What the command of a background task does, where it is one that Citus writes. */
final class TaskWords {
    private TaskWords() {}

    static String of(String command, Citus citus) {
        Matcher move = Pattern.compile(
                        "citus_(move|copy)_shard_placement\\s*\\(\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,\\s*(\\d+)")
                .matcher(command);
        if (move.find()) {
            return move.group(1) + " shard " + move.group(2) + " from node " + move.group(3) + " to node "
                    + move.group(4);
        }
        if (command.contains("replicate_reference_tables")) {
            return "copy reference tables to nodes that lack them";
        }
        String shown = String.valueOf(citus.shown(command));
        return shown.length() > 300 ? shown.substring(0, 300) + "…" : shown;
    }

    /** The error itself: where in Citus it came up tells nobody anything. */
    static @Nullable String error(@Nullable String message, Citus citus) {
        String said = citus.said(message);
        return said == null
                ? null
                : said.replaceAll("(?s)\\s*\\nCONTEXT:.*?(?=\\n[A-Z]+:|$)", "")
                        .replaceFirst("^ERROR:\\s*", "")
                        .strip();
    }
}
