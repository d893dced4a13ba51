package org.pgcluster.toolsets.patroni;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code patroni}. A switch, so that a call loads its own tool and no other. */
public final class PatroniTools {
    private PatroniTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "patroni_cluster_status" -> new PatroniClusterStatus();
            case "patroni_member_list" -> new PatroniMemberList();
            case "patroni_replication_lag" -> new PatroniReplicationLag();
            case "patroni_history" -> new PatroniHistory();
            case "patroni_config" -> new PatroniConfig();
            case "patroni_failover" -> new PatroniFailover();
            case "patroni_pause" -> new PatroniPause();
            case "patroni_restart" -> new PatroniRestart();
            case "patroni_reinitialize" -> new PatroniReinitialize();
            case "patroni_edit_config" -> new PatroniEditConfig();
            default -> null;
        };
    }
}
