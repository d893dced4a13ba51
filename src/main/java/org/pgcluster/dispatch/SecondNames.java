package org.pgcluster.dispatch;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names that other servers have for tools of this one, so that their clients go on working here. */
final class SecondNames {
    /** The tool that is meant, and what its name said beside that. */
    private record Meant(String tool, Map<String, String> arguments) {}

    private static final Map<String, Meant> ALL = all();

    private SecondNames() {}

    private static Map<String, Meant> all() {
        Map<String, Meant> all = new LinkedHashMap<>();
        all.put("get_top_queries", new Meant("analyze_slow_queries", Map.of()));
        all.put("slow_queries", new Meant("analyze_slow_queries", Map.of()));
        all.put("analyze_workload_indexes", new Meant("recommend_indexes", Map.of()));
        all.put("analyze_query_indexes", new Meant("recommend_indexes", Map.of()));
        for (String topic : new String[] {
            "database_overview",
            "cache_hit_rate",
            "checkpoints_stats",
            "wal_activity",
            "tables_info",
            "index_stats",
            "locking_info",
            "connection_stats",
            "database_sizes",
            "changed_settings",
            "version"
        }) {
            all.put(topic, new Meant("postgres_stats", Map.of("topic", topic)));
        }
        return Map.copyOf(all);
    }

    /** The request under the tool's own name. */
    static Request resolved(Request request) {
        Meant meant = ALL.get(request.tool());
        if (meant == null) {
            return request;
        }
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>(request.arguments());
        meant.arguments().forEach(arguments::putIfAbsent);
        return new Request(meant.tool(), arguments, request.call(), request.client(), request.asker());
    }
}
