package org.pgcluster.config;

import java.util.List;

/** Which variables this server reads, for who has to hand them on to it. */
public final class Environment {
    private static final List<String> PREFIXES = List.of(Variables.OWN, Variables.CITUS, "PSQL_INSTANCE_");
    private static final List<String> OTHERS = List.of(
            "MCP_READ_ONLY",
            "ENABLE_CITUS_TOOLS",
            "PGSERVICE",
            "PGSERVICEFILE",
            "PGSYSCONFDIR",
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME");

    private Environment() {}

    public static boolean isRead(String name) {
        return PREFIXES.stream().anyMatch(name::startsWith)
                || OTHERS.contains(name)
                || Completion.reads(name)
                || Keys.ALL.stream()
                        .anyMatch(key -> key.variables().contains(name)
                                || (key.secret()
                                        && name.endsWith("_FILE")
                                        && key.variables().contains(name.substring(0, name.length() - 5))));
    }
}
