package org.pgcluster.toolsets.pgbouncer;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code pgbouncer}. A switch, so that a call loads its own tool and no other. */
public final class PgbouncerTools {
    private PgbouncerTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "pgbouncer_status" -> new PgbouncerStatus();
            case "pgbouncer_control" -> new PgbouncerControl();
            default -> null;
        };
    }
}
