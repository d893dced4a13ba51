package org.pgcluster.toolsets.haproxy;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code haproxy}. A switch, so that a call loads its own tool and no other. */
public final class HaproxyTools {
    private HaproxyTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "haproxy_backend_health" -> new HaproxyBackendHealth();
            case "haproxy_connection_stats" -> new HaproxyConnectionStats();
            case "haproxy_set_server_state" -> new HaproxySetServerState();
            default -> null;
        };
    }
}
