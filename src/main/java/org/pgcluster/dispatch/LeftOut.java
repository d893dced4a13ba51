package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.List;
import org.pgcluster.config.Resolved;
import org.pgcluster.config.Settings;

/** Which key to change so that a toolset is listed that is not. */
final class LeftOut {
    private LeftOut() {}

    static String why(String toolset, Settings settings) {
        List<String> written = written(settings);
        boolean chosen = written.stream().anyMatch(item -> !item.startsWith("-"));
        if (written.contains("-" + toolset) || (chosen && !written.contains(toolset))) {
            return "toolsets leaves out " + toolset;
        }
        return switch (toolset) { // these are listed where their address is known
            case "patroni" -> "patroni_urls is not configured";
            case "haproxy" -> "haproxy_urls is not configured";
            case "pgbouncer" -> "pgbouncer_dsns is not configured";
            default -> "ENABLE_CITUS_TOOLS=false in the environment leaves out citus and tables";
        };
    }

    private static List<String> written(Settings settings) {
        List<String> items = new ArrayList<>();
        for (Resolved value : settings.values()) {
            if (value.key().equals("toolsets")) {
                for (String item : value.shown().split("[,\\s]+", -1)) {
                    if (!item.isEmpty()) {
                        items.add(item);
                    }
                }
            }
        }
        return items;
    }
}
