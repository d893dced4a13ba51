package org.pgcluster.snapshot;

/** What is asked of the server around a database. */
final class ServerQuestions {
    static final String CACHE = """
            SELECT datname::text AS subject,
                   json_build_object('hits', blks_hit, 'reads', blks_read, 'percent',
                       round(100.0 * blks_hit / nullif(blks_hit + blks_read, 0), 1), 'temp_files', temp_files,
                       'temp_bytes', temp_bytes, 'deadlocks', deadlocks,
                       'since', stats_reset)::text AS told
              FROM pg_stat_database WHERE datname = current_database()
            """;

    static final String CHECKPOINTS = """
            SELECT 'checkpoints' AS subject,
                   json_build_object('timed', timed, 'requested', requested, 'since', since, 'max_wal_size',
                       current_setting('max_wal_size'))::text AS told
              FROM ({counted}) AS counted
            """;

    static final String REPLICAS = """
            SELECT coalesce(nullif(application_name, ''), pid::text) AS subject,
                   json_build_object('state', state, 'sync_state', sync_state, 'lag_bytes', pg_wal_lsn_diff(
                       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                       replay_lsn), 'lag_seconds', round(extract(epoch FROM replay_lag)::numeric, 1))::text AS told
              FROM pg_stat_replication ORDER BY 1
            """;

    static final String RECEIVER = """
            SELECT 'wal receiver' AS subject,
                   json_build_object('receiving', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL),
                       'last_replayed', pg_last_xact_replay_timestamp())::text AS told
             WHERE pg_is_in_recovery()
            """;

    static final String SETTINGS = """
            SELECT name AS subject, json_build_object('value', setting, 'unit', unit, 'source', source,
                                                      'pending_restart', pending_restart)::text AS told
              FROM pg_settings
             WHERE pending_restart OR name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum',
                   'track_counts', 'zero_damaged_pages', 'ignore_checksum_failure', 'archive_mode', 'archive_command',
                   'archive_library', 'synchronous_standby_names', 'shared_buffers', 'work_mem', 'max_connections',
                   'maintenance_work_mem', 'autovacuum_max_workers', 'hash_mem_multiplier', 'password_encryption')
             ORDER BY name
            """;

    static final String EXTENSIONS = """
            SELECT extname::text AS subject, json_build_object('installed', extversion, 'available', default_version)::text
                   AS told
              FROM pg_extension JOIN pg_available_extensions ON name = extname
             WHERE extversion <> default_version ORDER BY 1
            """;

    static final String COLLATIONS = """
            SELECT subject, told::text AS told FROM (
                SELECT collname::text AS subject, json_build_object('kind', 'collation', 'made_with', collversion,
                           'now', pg_collation_actual_version(oid)) AS told
                  FROM pg_collation WHERE collversion <> pg_collation_actual_version(oid)
                   AND EXISTS (SELECT FROM pg_index WHERE pg_collation.oid = ANY (indcollation::oid[])
                                  AND indexrelid >= 16384)
                {database}) AS changed
             ORDER BY 1
            """;

    static final String ROLE = """
            SELECT rolname::text AS subject, json_build_object('valid_until', rolvaliduntil, 'days_left',
                       round(extract(epoch FROM rolvaliduntil - now())::numeric / 86400, 1))::text AS told
              FROM pg_roles WHERE rolname = session_user AND rolvaliduntil < 'infinity'
            """;

    private ServerQuestions() {}
}
