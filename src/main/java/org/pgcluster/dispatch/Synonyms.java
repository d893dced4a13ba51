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

    private static final String TOGETHER = "shards of one colocation group always move together";
    private static final String WHOLE_PLAN =
            "Citus carries out its strategy's whole plan; citus_job_cancel stops it, and citus_move_shard_execute moves one group";

    /** What other servers let a client switch, and an answer of this one always holds. */
    private static final Map<String, Map<String, String>> ALWAYS_ON = Map.of(
            "citus_snapshot_source_advisor",
            Map.of(
                    "max_candidates", "every node that holds shards is one, the most loaded first",
                    "require_reachable", "only a node that answers can be judged; the others are under `unavailable`",
                    "include_simulation", "what a clone would change stands with each candidate",
                    "include_next_steps", "the steps are part of every answer"),
            "citus_advisor",
            Map.of(
                    "include_sql_fixes", "each finding has its advice",
                    "include_next_steps", "each finding names the next tool"),
            "citus_move_shard_plan",
            Map.of("colocated", TOGETHER),
            "citus_move_shard_execute",
            Map.of("colocated", TOGETHER));

    private static final String OF_THE_STRATEGY = "it is a property of the strategy, in pg_dist_rebalance_strategy";

    private static final Map<String, String> OF_A_REBALANCE = Map.of(
            "threshold", OF_THE_STRATEGY,
            "max_shard_moves", WHOLE_PLAN,
            "excluded_shard_list", WHOLE_PLAN);

    private static final Map<String, String> OF_A_REBALANCE_PLAN =
            and(OF_A_REBALANCE, "drain_only", "citus_drain_node empties a node, and its plan shows the moves");

    /** What other servers take, and would do nothing here. */
    private static final Map<String, Map<String, String>> NEVER = Map.of(
            "citus_rebalance_plan",
            OF_A_REBALANCE_PLAN,
            "citus_rebalance_execute",
            OF_A_REBALANCE,
            "citus_rebalance_shards",
            OF_A_REBALANCE,
            "citus_move_shard_execute",
            Map.of("drop_method", "Citus removes the old copies by itself, citus_cleanup_orphaned at once"),
            "citus_shard_heatmap",
            Map.of("include_next_steps", "citus_shard_skew_report names the value behind a large shard and what helps"),
            "citus_advisor",
            Map.of(
                    "schema", "citus_table_inspector and citus_shard_skew_report judge one table",
                    "table", "citus_table_inspector and citus_shard_skew_report judge one table",
                    "max_findings", "max_tables limits each kind of finding",
                    "allow_query_sampling", "it reads what is counted and runs nobody's statement"));

    private Synonyms() {}

    private static Map<String, String> and(Map<String, String> those, String name, String why) {
        Map<String, String> all = new LinkedHashMap<>(those);
        all.put(name, why);
        return Map.copyOf(all);
    }

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
        Map<String, String> always = ALWAYS_ON.getOrDefault(tool.name(), Map.of());
        Map<String, String> never = NEVER.getOrDefault(tool.name(), Map.of());
        Map<String, @Nullable Object> rest = new LinkedHashMap<>();
        arguments.forEach((name, value) -> {
            if (never.containsKey(name)) {
                refused(name, never.get(name), problems);
            } else if (!always.containsKey(name)) {
                rest.put(name, value);
            } else if (!Boolean.TRUE.equals(value)) {
                refused(name, always.get(name), problems);
            }
        });
        if (tool.name().equals("citus_advisor") && "all".equals(rest.get("focus"))) {
            rest.remove("focus");
        }
        return rest;
    }

    private static void refused(String name, @Nullable String why, Problems problems) {
        problems.told("`" + name + "` is not taken: " + why + ".");
    }
}
