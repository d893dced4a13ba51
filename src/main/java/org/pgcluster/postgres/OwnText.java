package org.pgcluster.postgres;

import java.util.regex.Pattern;

/** How our own statements are known again among those that a server counts: by a comment, or by names that are ours. */
public final class OwnText {
    public static final String MARK = "/* pgcluster-mcp */ ";

    private static final Pattern OURS = Pattern.compile(
            "^\\s*/\\* pgcluster-mcp \\*/|\\bpgcluster_[a-z]+\\b|'pgcluster-mcp |^SELECT pg_catalog\\.pg_current_snapshot\\(\\)"
                    + "|^SELECT \\$1, pg_catalog\\.set_config\\(|^SET LOCAL (jit|debug_|client_min_messages|log_min_messages"
                    + "|plan_cache_mode|standard_conforming_strings|search_path = pg_catalog, pg_temp$|ROLE \"?pg_)");

    private OwnText() {}

    public static boolean is(String counted) {
        return OURS.matcher(counted).find();
    }
}
