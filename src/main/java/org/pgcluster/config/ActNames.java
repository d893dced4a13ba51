package org.pgcluster.config;

import java.util.ArrayList;
import java.util.List;
import org.pgcluster.shape.Nearest;

/** What {@code acts} may name: a misspelt act that is taken out would stay allowed without a word. */
final class ActNames {
    static final List<String> ALL = List.of(
            "execute_change",
            "cancel_query",
            "create_index",
            "drop_index",
            "drop_replication_slot",
            "rollback_prepared",
            "citus_rebalance_execute",
            "citus_rebalance_shards",
            "citus_move_shard_execute",
            "citus_job_cancel",
            "citus_drain_node",
            "citus_add_node",
            "citus_activate_node",
            "citus_disable_node",
            "citus_remove_node",
            "citus_update_node",
            "citus_set_node_property",
            "citus_isolate_tenant",
            "citus_split_shard",
            "citus_move_schema",
            "citus_cleanup_orphaned",
            "citus_recover_transactions",
            "citus_sync_metadata",
            "citus_replicate_reference_tables",
            "citus_set_coordinator_host",
            "citus_create_restore_point",
            "convert_to_distributed",
            "create_reference_table",
            "convert_to_local",
            "distribute_schema",
            "patroni_failover",
            "patroni_pause",
            "patroni_restart",
            "patroni_reinitialize",
            "patroni_edit_config",
            "haproxy_set_server_state",
            "pgbouncer_control");

    private ActNames() {}

    static void judge(List<String> written, Values values) {
        var known = new ArrayList<>(ALL);
        known.addAll(Keys.TOOLSETS.words());
        for (var item : written) {
            var name = item.startsWith("-") ? item.substring(1) : item;
            if (!known.contains(name)) {
                var nearest = Nearest.of(name, known);
                values.problem(
                        Keys.ACTS,
                        "There is no act `" + Shown.cut(name) + "`"
                                + (nearest == null ? "" : ", did you mean " + nearest)
                                + "; acts takes names of acts and of toolsets.");
            }
        }
    }
}
