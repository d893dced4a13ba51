package org.pgcluster.toolsets.citus;

import org.jspecify.annotations.Nullable;
import org.pgcluster.tool.Tool;

/** The toolset {@code citus}. A switch, so that a call loads its own tool and no other. */
public final class CitusTools {
    private CitusTools() {}

    public static @Nullable Tool<?, ?> named(String name) {
        return switch (name) {
            case "citus_cluster_summary" -> new CitusClusterSummary();
            case "citus_shard_distribution" -> new CitusShardDistribution();
            case "citus_table_inspector" -> new CitusTableInspector();
            case "citus_colocation_inspector" -> new CitusColocationInspector();
            case "citus_activity" -> new CitusActivity();
            case "citus_lock_inspector" -> new CitusLockInspector();
            case "citus_job_inspector" -> new CitusJobInspector();
            case "citus_rebalance_status" -> new CitusRebalanceStatus();
            case "citus_shard_heatmap" -> new CitusShardHeatmap();
            case "citus_shard_skew_report" -> new CitusShardSkewReport();
            case "citus_connections" -> new CitusConnections();
            case "citus_explain_query" -> new CitusExplainQuery();
            case "citus_distributed_query_stats" -> new CitusDistributedQueryStats();
            case "citus_validate_rebalance_prereqs" -> new CitusValidateRebalancePrereqs();
            case "citus_rebalance_plan" -> new CitusRebalancePlan();
            case "citus_move_shard_plan" -> new CitusMoveShardPlan();
            case "citus_lost_node_report" -> new CitusLostNodeReport();
            case "citus_leftovers" -> new CitusLeftovers();
            case "citus_advisor" -> new CitusAdvisor();
            case "citus_snapshot_source_advisor" -> new CitusSnapshotSourceAdvisor();
            case "citus_schemas" -> new CitusSchemas();
            case "citus_worker_health" -> new CitusWorkerHealth();
            case "list_nodes" -> new ListNodes();
            case "citus_list_distributed_tables" -> new CitusListDistributedTables();
            case "list_distributed_tables" -> new ListDistributedTables();
            case "list_shards" -> new ListShards();
            case "citus_rebalance_execute" -> new CitusRebalanceExecute();
            case "citus_rebalance_shards" -> new CitusRebalanceShards();
            case "citus_move_shard_execute" -> new CitusMoveShardExecute();
            case "citus_job_cancel" -> new CitusJobCancel();
            case "citus_drain_node" -> new CitusDrainNode();
            case "citus_set_node_property" -> new CitusSetNodeProperty();
            case "citus_add_node" -> new CitusAddNode();
            case "citus_activate_node" -> new CitusActivateNode();
            case "citus_disable_node" -> new CitusDisableNode();
            case "citus_remove_node" -> new CitusRemoveNode();
            case "citus_update_node" -> new CitusUpdateNode();
            case "citus_isolate_tenant" -> new CitusIsolateTenant();
            case "citus_split_shard" -> new CitusSplitShard();
            case "citus_move_schema" -> new CitusMoveSchema();
            case "citus_cleanup_orphaned" -> new CitusCleanupOrphaned();
            case "citus_recover_transactions" -> new CitusRecoverTransactions();
            case "citus_sync_metadata" -> new CitusSyncMetadata();
            case "citus_replicate_reference_tables" -> new CitusReplicateReferenceTables();
            case "citus_set_coordinator_host" -> new CitusSetCoordinatorHost();
            case "citus_create_restore_point" -> new CitusCreateRestorePoint();
            default -> null;
        };
    }
}
