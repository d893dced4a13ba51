package org.pgcluster.toolsets.citus;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A call of every tool of these toolsets that only reads, on the lab's tables. */
final class Inspections {
    record Inspection(String tool, Map<String, Object> arguments) {
        /** As name, value, name, value. */
        Object[] given() {
            return arguments.entrySet().stream()
                    .flatMap(one -> Stream.of(one.getKey(), one.getValue()))
                    .toArray();
        }
    }

    /** These ask no node, so that a frozen one changes nothing. */
    private static final List<String> OF_METADATA =
            List.of("citus_job_inspector", "citus_rebalance_status", "citus_lost_node_report", "advise_distribution");

    /** Here Citus itself has no answer while a node is silent; the error says which. */
    static final List<String> NEEDS_ALL = List.of("citus_rebalance_plan");

    static final List<Inspection> ALL = List.of(
            of("citus_cluster_summary", "include_gucs", true),
            of("list_nodes"),
            of("citus_list_distributed_tables"),
            of("list_distributed_tables"),
            of("list_table_types"),
            of("list_shards", "limit", 5),
            of("citus_table_inspector", "table", "orders", "include_indexes", true),
            of("citus_colocation_inspector"),
            of("citus_shard_distribution"),
            of("citus_worker_health"),
            of("citus_schemas"),
            of("citus_activity"),
            of("citus_lock_inspector", "include_locks", true),
            of("citus_job_inspector"),
            of("citus_rebalance_status"),
            of("citus_connections"),
            of("citus_shard_heatmap"),
            of("citus_shard_skew_report"),
            of("citus_distributed_query_stats"),
            of("citus_explain_query", "sql", "SELECT count(*) FROM orders"),
            of("citus_validate_rebalance_prereqs", "table", "orders"),
            of("citus_rebalance_plan", "strategy", "by_disk_size"),
            of("citus_move_shard_plan", "shard_id", "{shard}", "target_host", "{target}"),
            of("citus_lost_node_report", "node", "{target}"),
            of("citus_leftovers"),
            of("citus_advisor"),
            of("citus_snapshot_source_advisor"),
            of("advise_distribution", "table", "invoices"));

    private Inspections() {}

    static boolean asksNodes(String tool) throws SQLException {
        return !OF_METADATA.contains(tool)
                && (!tool.equals("citus_distributed_query_stats") || CitusLab.countsExecutions());
    }

    /** Those that this version of Citus has an answer to, with a shard and another node of the lab where one is asked for. */
    static List<Inspection> filled() throws SQLException {
        String shard = CitusLab.psql("SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass")
                .get(0);
        String target = CitusLab.psql("SELECT min(nodeid) FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary'"
                        + " AND groupid NOT IN (SELECT groupid FROM pg_dist_placement WHERE shardid = " + shard + ")")
                .get(0);
        Map<String, Object> values = Map.of("{shard}", Long.valueOf(shard), "{target}", target);
        Map<String, Boolean> known = Map.of(
                "citus_snapshot_source_advisor", CitusLab.splitsByClones(),
                "citus_schemas", CitusLab.distributesSchemas());
        return ALL.stream()
                .filter(one -> known.getOrDefault(one.tool(), true))
                .map(one -> {
                    Map<String, Object> filled = new LinkedHashMap<>();
                    one.arguments()
                            .forEach((name, value) ->
                                    filled.put(name, values.getOrDefault(String.valueOf(value), value)));
                    return new Inspection(one.tool(), filled);
                })
                .toList();
    }

    private static Inspection of(String tool, Object... arguments) {
        Map<String, Object> given = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        return new Inspection(tool, Map.copyOf(given));
    }
}
