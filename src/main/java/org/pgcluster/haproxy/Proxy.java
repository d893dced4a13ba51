package org.pgcluster.haproxy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One HAProxy at one moment.
 *
 * @param process what only the runtime socket tells
 * @param canAct whether it was asked by a runtime socket
 */
public record Proxy(
        String where,
        List<Front> fronts,
        List<Back> backs,
        List<Server> servers,
        @Nullable Running process,
        boolean canAct) {
    public Proxy {
        fronts = List.copyOf(fronts);
        backs = List.copyOf(backs);
        servers = List.copyOf(servers);
    }

    public record Front(
            String name,
            String status,
            @Nullable Long sessions,
            @Nullable Long mostSessions,
            @Nullable Long limit,
            @Nullable Long total,
            @Nullable Long rate,
            @Nullable Long mostRate,
            @Nullable Long requestErrors,
            @Nullable Long denied) {}

    public record Back(
            String name,
            String status,
            @Nullable Long sessions,
            @Nullable Long mostSessions,
            @Nullable Long total,
            @Nullable Long queue,
            @Nullable Long mostQueue,
            @Nullable Long connectErrors,
            @Nullable Long retries,
            @Nullable Long redispatches,
            @Nullable Long lastChangeSeconds) {}

    public record Running(
            String version,
            long pid,
            long uptimeSeconds,
            long connections,
            long mostConnections,
            @Nullable Long idlePercent,
            boolean stopping) {}

    public List<Server> of(String backend) {
        return servers.stream()
                .filter(server -> server.backend().equals(backend))
                .toList();
    }
}
