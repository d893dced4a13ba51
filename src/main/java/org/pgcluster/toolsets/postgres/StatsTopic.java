package org.pgcluster.toolsets.postgres;

import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.toolsets.postgres.PostgresStats.Topic;

/**
 * The question behind a topic: {@code sql} has topic_size and topic_name beside the columns that are shown.
 * {@code byDatabase} takes the name of a database twice.
 */
record StatsTopic(
        String sql,
        String columns,
        boolean byDatabase,
        @Nullable String note) {
    private static final String OVERVIEW = """
            SELECT stat.*, 0::float8 AS topic_size, stat.datname::text AS topic_name, stat.datname::text AS database_name
              FROM pg_stat_database AS stat
             WHERE datname = CASE WHEN ?::text IS NULL THEN current_database() ELSE ?::text END
            """;

    private static final String CACHE = """
            SELECT datname::text AS database_name, blks_hit, blks_read,
                   round(blks_hit::numeric / nullif(blks_hit + blks_read, 0), 4) AS hit_rate, stats_reset,
                   0::float8 AS topic_size, datname::text AS topic_name
              FROM pg_stat_database
             WHERE datname IS NOT NULL AND datname NOT LIKE 'template_' AND (?::text IS NULL OR datname = ?::text)
            """;

    private static final String CHECKPOINTS = """
            SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time, buffers_checkpoint,
                   buffers_backend, buffers_backend_fsync, buffers_alloc, stats_reset,
                   0::float8 AS topic_size, '' AS topic_name
              FROM pg_stat_bgwriter
            """;

    private static final String CHECKPOINTS_17 = """
            SELECT point.num_timed AS checkpoints_timed, point.num_requested AS checkpoints_req,
                   point.write_time AS checkpoint_write_time, point.sync_time AS checkpoint_sync_time,
                   point.buffers_written AS buffers_checkpoint, writer.buffers_alloc, point.stats_reset,
                   0::float8 AS topic_size, '' AS topic_name
              FROM pg_stat_checkpointer AS point CROSS JOIN pg_stat_bgwriter AS writer
            """;

    private static final String WAL = """
            SELECT wal_records, wal_fpi, wal_bytes, wal_buffers_full, stats_reset,
                   0::float8 AS topic_size, '' AS topic_name
              FROM pg_stat_wal
            """;

    private static final String TABLES = """
            SELECT stat.schemaname::text AS schema_name, stat.relname::text AS table_name, total_bytes,
                   total_bytes - indexes_bytes AS table_bytes, indexes_bytes, n_live_tup, n_dead_tup,
                   round(100.0 * n_dead_tup / nullif(n_live_tup + n_dead_tup, 0), 1) AS dead_ratio,
                   seq_scan, idx_scan, last_vacuum, last_autovacuum, last_analyze, last_autoanalyze, vacuum_count,
                   autovacuum_count,
                   coalesce(total_bytes, 0)::float8 AS topic_size, stat.schemaname || '.' || stat.relname AS topic_name
              FROM pg_stat_user_tables AS stat
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN free THEN pg_total_relation_size(relid) END AS total_bytes,
                          CASE WHEN free THEN pg_indexes_size(relid) END AS indexes_bytes
                     FROM (SELECT NOT EXISTS (
                               SELECT FROM pg_locks AS held LEFT JOIN pg_index AS index ON index.indexrelid = held.relation
                                WHERE held.mode = 'AccessExclusiveLock' AND held.locktype = 'relation'
                                  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                                  AND coalesce(index.indrelid, held.relation) = relid) AS free) AS lock) AS size
             WHERE {plain}
            """;

    private static final String INDEXES = """
            SELECT schemaname::text AS schema_name, relname::text AS table_name, indexrelname::text AS index_name,
                   idx_scan, idx_tup_read, idx_tup_fetch, pg_relation_size(indexrelid) AS size_bytes,
                   idx_scan::float8 AS topic_size, schemaname || '.' || indexrelname AS topic_name
              FROM pg_stat_user_indexes
             WHERE {plain}
            """;

    private static final String LOCKING = """
            SELECT pid, usename::text AS username, datname::text AS database, wait_event_type, wait_event, state,
                   query_start, pg_blocking_pids(pid) AS blocking_pids,
                   coalesce(extract(epoch FROM clock_timestamp() - query_start), 0)::float8 AS topic_size,
                   pid::text AS topic_name
              FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND (?::text IS NULL OR datname = ?::text)
            """;

    private static final String CONNECTIONS = """
            SELECT count(*) AS total_connections, count(*) FILTER (WHERE state = 'active') AS active,
                   count(*) FILTER (WHERE state = 'idle') AS idle,
                   count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,
                   count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,
                   count(*) FILTER (WHERE state IS NULL) AS hidden,
                   current_setting('max_connections')::int AS max_connections,
                   current_setting('superuser_reserved_connections')::int
                     + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
                   0::float8 AS topic_size, '' AS topic_name
              FROM pg_stat_activity
             WHERE backend_type = 'client backend' OR backend_type IS NULL AND datid IS NOT NULL
            """;

    private static final String SIZES = """
            SELECT datname::text AS database_name, size_bytes,
                   coalesce(size_bytes, 0)::float8 AS topic_size, datname::text AS topic_name
              FROM pg_database
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN has_database_privilege(oid, 'CONNECT')
                                 OR pg_has_role('pg_read_all_stats', 'USAGE')
                               THEN pg_database_size(oid) END AS size_bytes) AS size
             WHERE NOT datistemplate AND (?::text IS NULL OR datname = ?::text)
            """;

    private static final String SETTINGS = """
            SELECT name, setting, unit, source, pending_restart, 0::float8 AS topic_size, name AS topic_name
              FROM pg_settings
             WHERE source NOT IN ('default', 'override', 'session', 'client') OR pending_restart
            """;

    private static final String VERSION = """
            SELECT current_setting('server_version_num')::int / 10000 AS major,
                   current_setting('server_version_num')::int % 10000 AS minor, 0 AS patch,
                   version() AS full_string, 0::float8 AS topic_size, '' AS topic_name
            """;

    static StatsTopic of(Topic topic, Capabilities server) {
        boolean citus = server.has("citus");
        String plain = citus ? "NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = relid)" : "true";
        String left = citus
                ? "Tables of Citus are left out, since this server has empty shells of them: citus_table_inspector has"
                        + " their figures."
                : null;
        return switch (topic) {
            case DATABASE_OVERVIEW ->
                new StatsTopic(
                        OVERVIEW,
                        "database_name, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched,"
                                + " tup_inserted, tup_updated, tup_deleted, conflicts, temp_files, temp_bytes, deadlocks,"
                                + " blk_read_time, blk_write_time, stats_reset",
                        true,
                        null);
            case CACHE_HIT_RATE ->
                new StatsTopic(CACHE, "database_name, hit_rate, blks_hit, blks_read, stats_reset", true, null);
            case CHECKPOINTS_STATS ->
                new StatsTopic(
                        server.atLeast(17) ? CHECKPOINTS_17 : CHECKPOINTS,
                        "checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time,"
                                + " buffers_checkpoint, "
                                + (server.atLeast(17) ? "" : "buffers_backend, buffers_backend_fsync, ")
                                + "buffers_alloc, stats_reset",
                        false,
                        null);
            case WAL_ACTIVITY ->
                new StatsTopic(WAL, "wal_records, wal_fpi, wal_bytes, wal_buffers_full, stats_reset", false, null);
            case TABLES_INFO ->
                new StatsTopic(
                        TABLES.replace("{plain}", plain),
                        "schema_name, table_name, total_bytes, table_bytes, indexes_bytes, n_live_tup, n_dead_tup,"
                                + " dead_ratio, seq_scan, idx_scan, last_vacuum, last_autovacuum, last_analyze,"
                                + " last_autoanalyze, vacuum_count, autovacuum_count",
                        false,
                        left);
            case INDEX_STATS ->
                new StatsTopic(
                        INDEXES.replace("{plain}", plain),
                        "schema_name, table_name, index_name, idx_scan, idx_tup_read, idx_tup_fetch, size_bytes",
                        false,
                        left);
            case LOCKING_INFO ->
                new StatsTopic(
                        LOCKING,
                        "pid, username, database, wait_event_type, wait_event, state, query_start, blocking_pids",
                        true,
                        null);
            case CONNECTION_STATS ->
                new StatsTopic(
                        CONNECTIONS,
                        "total_connections, active, idle, idle_in_transaction, waiting, hidden, max_connections, reserved",
                        false,
                        null);
            case DATABASE_SIZES -> new StatsTopic(SIZES, "database_name, size_bytes", true, null);
            case CHANGED_SETTINGS ->
                new StatsTopic(SETTINGS, "name, setting, unit, source, pending_restart", false, null);
            case VERSION -> new StatsTopic(VERSION, "major, minor, patch, full_string", false, null);
        };
    }
}
