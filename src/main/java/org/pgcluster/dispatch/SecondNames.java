package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

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
        return Collections.unmodifiableMap(all);
    }

    /** Those of one tool as a list has them: the same, but for the name and for what it says by itself. */
    static List<String> listed(String tool, String json) {
        List<String> listed = new ArrayList<>();
        for (Map.Entry<String, Meant> other : ALL.entrySet()) {
            if (other.getValue().tool().equals(tool)) {
                listed.add(renamed(other.getKey(), other.getValue(), json));
            }
        }
        return listed;
    }

    private static String renamed(String name, Meant meant, String json) {
        Map<String, @Nullable Object> tool = copy(JsonText.read(json));
        Map<String, @Nullable Object> input = copy(tool.get("inputSchema"));
        Map<String, @Nullable Object> properties = copy(input.get("properties"));
        properties.keySet().removeAll(meant.arguments().keySet());
        List<Object> required = new ArrayList<>();
        if (input.get("required") instanceof List<?> all) {
            required.addAll(all);
        }
        required.removeAll(meant.arguments().keySet());
        input.put("properties", properties);
        input.put("required", required);
        tool.put("name", name);
        tool.put("description", "The same as " + meant.tool() + said(meant.arguments()) + ".");
        tool.put("inputSchema", input);
        return JsonText.write(tool);
    }

    private static String said(Map<String, String> arguments) {
        StringBuilder said = new StringBuilder();
        arguments.forEach((name, value) -> said.append(said.length() == 0 ? " with " : ", ")
                .append(name)
                .append(": ")
                .append(value));
        return said.toString();
    }

    private static Map<String, @Nullable Object> copy(@Nullable Object json) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        if (json instanceof Map<?, ?> map) {
            map.forEach((name, value) -> copy.put(String.valueOf(name), value));
        }
        return copy;
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
