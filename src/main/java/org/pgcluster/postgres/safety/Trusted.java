package org.pgcluster.postgres.safety;

import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;

/** Which functions may run because of what they are known to do. Everything that is not known is refused. */
final class Trusted {
    /** Built-in and volatile, yet only reading. A new server's new volatile functions are refused until somebody looks. */
    private static final Set<String> VOLATILE_BUILT_INS = words("""
            random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 currval lastval lo_get
            pg_blocking_pids pg_safe_snapshot_blocking_pids pg_relation_size pg_table_size pg_indexes_size
            pg_total_relation_size pg_database_size pg_tablespace_size pg_is_in_recovery pg_current_wal_lsn
            pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_last_wal_receive_lsn pg_last_wal_replay_lsn
            pg_last_xact_replay_timestamp pg_last_committed_xact pg_control_checkpoint pg_control_init
            pg_control_recovery pg_control_system pg_lock_status pg_prepared_xact pg_partition_tree
            pg_partition_ancestors pg_sequence_last_value pg_get_sequence_data pg_notification_queue_usage
            pg_jit_available pg_current_logfile pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings
            pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_numa_available pg_get_backend_memory_contexts
            pg_get_multixact_members pg_get_wal_resource_managers pg_show_replication_origin_status
            pg_replication_origin_progress pg_replication_origin_session_is_setup pg_xact_status
            pg_xact_commit_timestamp pg_xact_commit_timestamp_origin txid_status pg_stat_have_stats
            pg_stat_get_recovery_prefetch pg_is_wal_replay_paused pg_get_wal_replay_pause_state
            pg_collation_actual_version pg_database_collation_actual_version current_query amvalidate bernoulli system
            pg_ls_waldir pg_ls_logdir pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_summariesdir pg_get_aios
            pg_get_wait_events pg_stat_get_io pg_stat_get_backend_io pg_stat_get_wal pg_available_wal_summaries
            pg_get_wal_summarizer_state pg_wal_summary_contents pg_sleep pg_sleep_for pg_sleep_until
            pg_column_toast_chunk_id pg_get_replication_slots
            """);

    /** Built-in and not volatile, yet running SQL or types that nobody checked, or burning a transaction number. */
    private static final Set<String> HARMFUL_BUILT_INS = words("""
            table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema
            schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema
            query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema
            pg_current_xact_id txid_current array_in domain_in record_in range_in multirange_in
            pg_input_is_valid pg_input_error_info pg_input_error_message satisfies_hash_partition
            array_recv domain_recv record_recv range_recv multirange_recv
            """);

    private static final Set<String> EXTENSIONS = words("""
            postgis postgis_raster postgis_sfcgal pg_trgm hstore ltree citext pgcrypto vector unaccent
            fuzzystrmatch tablefunc btree_gin btree_gist cube earthdistance intarray isn seg uuid-ossp bloom dict_int
            dict_xsyn tsm_system_rows tsm_system_time intagg lo hll topn citus citus_columnar
            """);

    private static final Set<String> REFUSED_OF_EXTENSIONS = words("""
            st_mapalgebra _st_mapalgebra st_mapalgebraexpr st_mapalgebrafct st_mapalgebrafctngb
            isn_weak crosstab crosstab2 crosstab3 crosstab4 crosstabn connectby master_run_on_worker
            citus_internal_adjust_local_clock_to_remote adjust_local_clock_to_remote coord_combine_agg coord_combine_agg_sfunc
            coord_combine_agg_ffunc worker_partial_agg worker_partial_agg_sfunc worker_partial_agg_ffunc
            """);

    /** Extension and name of what is volatile by declaration, or of an extension that is not trusted as a whole. */
    private static final Set<String> EXTENSION_FUNCTIONS = words("""
            pg_stat_statements.pg_stat_statements pg_stat_statements.pg_stat_statements_info
            pg_buffercache.pg_buffercache_pages pg_buffercache.pg_buffercache_summary
            pg_buffercache.pg_buffercache_usage_counts pg_buffercache.pg_buffercache_numa_pages
            pgstattuple.pgstattuple pgstattuple.pgstattuple_approx pgstattuple.pgstatindex pgstattuple.pgstatginindex
            pgstattuple.pgstathashindex pgstattuple.pg_relpages pg_visibility.pg_visibility
            pg_visibility.pg_visibility_map pg_visibility.pg_visibility_map_summary pg_visibility.pg_check_frozen
            pg_visibility.pg_check_visible pg_freespacemap.pg_freespace pgrowlocks.pgrowlocks
            pgcrypto.gen_random_bytes pgcrypto.gen_random_uuid pgcrypto.gen_salt
            uuid-ossp.uuid_generate_v1 uuid-ossp.uuid_generate_v1mc uuid-ossp.uuid_generate_v4
            tablefunc.normal_rand
            citus.citus_backend_gpid citus.citus_blocking_pids citus.citus_calculate_gpid
            citus.citus_check_cluster_node_health citus.citus_get_active_worker_nodes
            citus.citus_is_coordinator citus.citus_is_primary_node citus.citus_job_list citus.citus_job_status
            citus.citus_local_disk_space_stats citus.citus_locks citus.citus_node_capacity_1 citus.citus_query_stats
            citus.citus_executor_name citus.citus_rebalance_status citus.citus_relation_size
            citus.citus_remote_connection_stats citus.citus_server_id citus.citus_shard_cost_1
            citus.citus_shard_cost_by_disk_size citus.citus_shard_allowed_on_node_true
            citus.citus_shard_indexes_on_worker citus.citus_shard_sizes citus.citus_shards_on_worker
            citus.citus_stat_activity citus.citus_dist_stat_activity citus.citus_stat_counters
            citus.citus_stat_statements citus.citus_stat_tenants citus.citus_stat_tenants_local
            citus.citus_stat_tenants_local_internal citus.citus_table_size citus.citus_total_relation_size
            citus.citus_lock_waits citus.citus_internal_local_blocked_processes
            citus.citus_internal_global_blocked_processes citus.global_blocked_processes citus.local_blocked_processes
            citus.any_value_agg
            citus.column_to_column_name citus.distributed_tables_colocated citus.get_all_active_transactions
            citus.get_colocated_shard_array citus.get_colocated_table_array citus.get_current_transaction_id
            citus.get_global_active_transactions citus.get_missing_time_partition_ranges citus.get_nodeid_for_groupid
            citus.get_rebalance_progress citus.get_rebalance_table_shards_plan
            citus.get_shard_id_for_distribution_column citus.master_get_active_worker_nodes
            citus.relation_is_a_known_shard citus.time_partition_range citus.worker_hash
            """);

    private final Set<String> allowed;
    private final Set<Long> allowedOids;

    Trusted(Collection<String> allowedFunctions) {
        this(allowedFunctions.stream().map(Catalogue::normalised).collect(Collectors.toUnmodifiableSet()), Set.of());
    }

    private Trusted(Set<String> allowed, Set<Long> allowedOids) {
        this.allowed = allowed;
        this.allowedOids = allowedOids;
    }

    /** The same, with what the server says that the signatures name, however their types are written. */
    Trusted with(Set<Long> oids) {
        return oids.isEmpty() ? this : new Trusted(allowed, oids);
    }

    boolean names(Catalogue.Function function) {
        if (function.builtIn()) {
            return builtIn(function);
        }
        if (isConfigured(function)) {
            return true;
        }
        return function.extension() != null && extension(function, function.extension());
    }

    private static boolean builtIn(Catalogue.Function function) {
        if (function.volatility() == 'v') {
            return VOLATILE_BUILT_INS.contains(function.name());
        }
        return !HARMFUL_BUILT_INS.contains(function.name())
                && !function.argumentTypes().contains("internal");
    }

    /** The owner of an extension may add functions of its own to it, but none in C and none of a superuser. */
    private static boolean extension(Catalogue.Function function, String extension) {
        boolean compiled =
                function.language().equals("c") || function.language().equals("internal");
        if (EXTENSION_FUNCTIONS.contains(extension + "." + function.name())) {
            return compiled || function.ownedBySuperuser();
        }
        return lists(extension)
                && compiled
                && function.volatility() != 'v'
                && !function.securityDefiner()
                && !REFUSED_OF_EXTENSIONS.contains(function.name())
                && !function.argumentTypes().contains("regproc")
                && !namesTable(function, extension);
    }

    static boolean lists(String extension) {
        return EXTENSIONS.contains(extension);
    }

    /** Of PostGIS, what takes a table by its name reads it, and it could be anybody's view. */
    private static boolean namesTable(Catalogue.Function function, String extension) {
        return extension.startsWith("postgis") && function.argumentTypes().startsWith("text, text");
    }

    /** What a person allowed may do more in its session than read, unless it is plain SQL. */
    boolean leavesTraces(Catalogue.Function function) {
        return !function.builtIn() && !function.language().equals("sql") && isConfigured(function);
    }

    private boolean isConfigured(Catalogue.Function function) {
        return allowedOids.contains(function.oid()) || allowed.contains(Catalogue.normalised(function.shown()));
    }

    private static Set<String> words(String text) {
        return Arrays.stream(text.trim().split("\\s+")).collect(Collectors.toUnmodifiableSet());
    }
}
