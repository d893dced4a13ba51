package org.pgcluster.dispatch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Problems;

/** Other names for arguments, from servers whose clients should go on working here. */
final class Synonyms {
    private static final Map<String, String> OF_POSTGRES = Map.of(
            "schema_name", "schema",
            "object_name", "name",
            "object_type", "type",
            "sort_by", "sort",
            "health_type", "checks",
            "instance_name", "cluster",
            "db_name", "database");

    /** What other servers let a client switch, and an answer of this one always holds. */
    private static final Map<String, Map<String, String>> ALWAYS_ON = Map.of(
            "citus_snapshot_source_advisor",
            Map.of(
                    "max_candidates", "every node that holds shards is one, the most loaded first",
                    "require_reachable", "only a node that answers can be judged; the others are under `unavailable`",
                    "include_simulation", "what a clone would change stands with each candidate",
                    "include_next_steps", "the steps are part of every answer"));

    private Synonyms() {}

    static Map<String, @Nullable Object> resolved(
            Listed tool, List<String> taken, Map<String, @Nullable Object> arguments, Problems problems) {
        if (!tool.toolset().equals("postgres")) {
            return withoutSwitches(tool, arguments, problems);
        }
        Map<String, @Nullable Object> resolved = new LinkedHashMap<>();
        for (Map.Entry<String, @Nullable Object> argument : arguments.entrySet()) {
            String name = argument.getKey();
            String meant = OF_POSTGRES.get(name);
            boolean known =
                    meant != null && !taken.contains(name) && (taken.contains(meant) || meant.equals("cluster"));
            String key = known && meant != null ? meant : name;
            if (resolved.containsKey(key)) {
                problems.told("`" + name + "` is another name for `" + key + "`; give one.");
            } else {
                resolved.put(key, argument.getValue());
            }
        }
        return resolved;
    }

    private static Map<String, @Nullable Object> withoutSwitches(
            Listed tool, Map<String, @Nullable Object> arguments, Problems problems) {
        Map<String, String> switches = ALWAYS_ON.getOrDefault(tool.name(), Map.of());
        if (switches.isEmpty()) {
            return arguments;
        }
        Map<String, @Nullable Object> rest = new LinkedHashMap<>(arguments);
        switches.forEach((name, why) -> {
            if (rest.containsKey(name) && !Boolean.TRUE.equals(rest.remove(name))) {
                problems.told("`" + name + "` is not taken: " + why + ".");
            }
        });
        return rest;
    }
}
