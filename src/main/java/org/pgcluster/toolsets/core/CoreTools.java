package org.pgcluster.toolsets.core;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code core}. A switch, so that a call loads its own tool and no other. */
public final class CoreTools {
    private CoreTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "ping" -> new Ping();
            case "server_info" -> new ServerInfo();
            case "list_clusters" -> new ListClusters();
            case "cluster_health" -> new ClusterHealth();
            case "cluster_topology" -> new ClusterTopology();
            case "operation_status" -> new OperationStatus();
            case "operation_cancel" -> new OperationCancel();
            case "citus_request_approval_token" -> new CitusRequestApprovalToken();
            default -> null;
        };
    }
}
