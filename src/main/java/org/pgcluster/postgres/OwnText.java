package org.pgcluster.postgres;

import java.util.regex.Pattern;

/** How our own statements are known again among those that a server counts: by a comment, or by names that are ours. */
public final class OwnText {
    private static final Pattern OURS = Pattern.compile(
            "/\\* pgcluster-mcp \\*/|\\bpgcluster_[a-z]+\\b|'pgcluster-mcp |^SELECT pg_catalog\\.pg_current_snapshot\\(\\)"
                    + "|pg_catalog\\.set_config\\(|^EXPLAIN \\((GENERIC_PLAN, )?FORMAT JSON, VERBOSE\\) |^SET LOCAL (jit|debug_|client_min_messages|log_min_messages"
                    + "|plan_cache_mode|standard_conforming_strings|search_path = pg_catalog, pg_temp$|ROLE \"?pg_)");

    private OwnText() {}

    /** Behind the first word: from 18 on the server leaves out what stands before it. */
    public static String marked(String sql) {
        int at = 0;
        while (at < sql.length() && Character.isWhitespace(sql.charAt(at))) {
            at++;
        }
        while (at < sql.length() && Character.isLetter(sql.charAt(at))) {
            at++;
        }
        return sql.substring(0, at) + " /* pgcluster-mcp */" + sql.substring(at);
    }

    /** The same as a regular expression of the server. */
    public static String pattern() {
        return OURS.pattern().replace("\\b", "\\y");
    }

    public static boolean is(String counted) {
        return OURS.matcher(counted).find();
    }
}
