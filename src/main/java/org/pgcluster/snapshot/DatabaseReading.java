package org.pgcluster.snapshot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.JsonText;
import org.pgcluster.snapshot.DatabaseState.Fact;

/** Asks one database what the checks of its health judge: each kind a question of its own, so that one may fail. */
public final class DatabaseReading {
    private record Row(String subject, String told) {}

    private record Question(String area, String kind, String sql) {}

    private static final String INDEXES = """
            WITH one AS (
                SELECT def.*, rel.relname, rel.relam, rel.relpages, rel.reltuples, col.keys, tab.reltuples AS rows,
                       coalesce(pg_get_expr(indpred, indrelid), '') AS condition,
                       coalesce(pg_get_expr(indexprs, indrelid), '') AS expressions,
                       EXISTS (SELECT FROM pg_constraint WHERE conindid = def.indexrelid) AS constrains
                  FROM pg_index AS def
                  JOIN pg_class AS rel ON rel.oid = def.indexrelid AND rel.relkind = 'i'
                  JOIN pg_class AS tab ON tab.oid = def.indrelid
                  JOIN pg_namespace AS space ON space.oid = rel.relnamespace
                 CROSS JOIN LATERAL (
                       SELECT array_agg(concat_ws(':', def.indkey[n], def.indclass[n], def.indcollation[n],
                                                  def.indoption[n]) ORDER BY n) AS keys
                         FROM generate_series(0, def.indnkeyatts - 1) AS n) AS col
                 WHERE space.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                   AND rel.relpersistence <> 't'
            )
            """;

    private static final String INVALID = INDEXES + """
            SELECT indexrelid::regclass::text AS subject,
                   json_build_object('table', indrelid::regclass::text, 'bytes', pg_relation_size(indexrelid),
                                     'building', EXISTS (SELECT FROM pg_stat_progress_create_index AS now
                                                          WHERE now.index_relid = one.indexrelid))::text AS told
              FROM one WHERE NOT indisvalid OR NOT indisready ORDER BY 1
            """;

    /** An index is not needed where another begins with its columns; of two that are the same the younger goes. */
    private static final String DUPLICATE = INDEXES + """
            SELECT this.indexrelid::regclass::text AS subject,
                   json_build_object('table', this.indrelid::regclass::text, 'same', this.keys = other.keys,
                                     'covered_by', other.indexrelid::regclass::text,
                                     'bytes', CASE WHEN NOT {shell} THEN pg_relation_size(this.indexrelid) END,
                                     'scans', CASE WHEN NOT {shell} THEN pg_stat_get_numscans(this.indexrelid) END)::text
                       AS told
              FROM one AS this
              JOIN LATERAL (
                   SELECT * FROM one AS other
                    WHERE other.indrelid = this.indrelid AND other.indexrelid <> this.indexrelid AND other.indisvalid
                      AND other.relam = this.relam AND other.condition = this.condition
                      AND other.expressions = this.expressions
                      AND other.keys[1:array_length(this.keys, 1)] = this.keys
                      AND (other.keys = this.keys
                           OR (this.expressions = '' AND this.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')))
                      AND this.indkey::int2[] <@ other.indkey::int2[]
                      AND NOT (other.keys = this.keys AND other.indnatts = this.indnatts AND NOT other.indisunique
                               AND other.indexrelid > this.indexrelid)
                    ORDER BY other.indisunique DESC, other.indexrelid LIMIT 1) AS other ON true
             WHERE this.indisvalid AND NOT this.indisunique AND NOT this.constrains AND NOT this.indisreplident
             ORDER BY pg_relation_size(this.indexrelid) DESC, 1 LIMIT 20
            """;

    private static final String UNUSED = INDEXES + """
            SELECT indexrelid::regclass::text AS subject,
                   json_build_object('table', indrelid::regclass::text, 'scans', 0,
                       'bytes', pg_relation_size(indexrelid),
                       'days_counted', (SELECT round(extract(epoch FROM now() - coalesce(stats_reset,
                                                     pg_postmaster_start_time()))::numeric / 86400, 1)
                                          FROM pg_stat_database WHERE datname = current_database()),
                       'for_foreign_key', EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = indrelid
                                                     AND conkey[1] = indkey[0]))::text AS told
              FROM one
             WHERE indisvalid AND NOT indisunique AND NOT constrains AND NOT indisreplident
               AND pg_stat_get_numscans(indexrelid) = 0 AND pg_relation_size(indexrelid) >= 131072
             ORDER BY pg_relation_size(indexrelid) DESC, 1 LIMIT 20
            """;

    /** Deduplication makes real ones smaller than this estimate, so that it errs on the quiet side. */
    private static final String BLOATED = INDEXES + """
            SELECT subject, told::text AS told FROM (
                SELECT indexrelid::regclass::text AS subject, bytes - needed AS wasted,
                       json_build_object('table', indrelid::regclass::text, 'bytes', bytes, 'needed_bytes', needed,
                                         'wasted_bytes', bytes - needed) AS told
                  FROM (SELECT indexrelid, indrelid, pg_relation_size(indexrelid) AS bytes,
                               (8192 + one.reltuples * (12 + 8 * ceil(sum(width) / 8)) / 0.88)::bigint AS needed
                          FROM one
                          JOIN LATERAL (
                               SELECT (told.avg_width * (1 - told.null_frac))::numeric AS width
                                 FROM pg_attribute AS col
                                 JOIN pg_class AS tab ON tab.oid = col.attrelid
                                 JOIN pg_stats AS told ON told.schemaname = tab.relnamespace::regnamespace::text
                                      AND told.tablename = tab.relname AND told.attname = col.attname
                                      AND NOT told.inherited
                                WHERE col.attrelid = one.indrelid AND col.attnum = ANY (one.indkey::int2[])) AS col ON true
                         WHERE indisvalid AND expressions = '' AND one.reltuples > 0
                           AND relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
                         GROUP BY indexrelid, indrelid, indnatts, one.reltuples
                        HAVING count(*) = indnatts) AS sized) AS judged
             WHERE wasted >= 8388608
             ORDER BY wasted DESC, 1 LIMIT 20
            """;

    private static final String CONSTRAINTS = """
            SELECT coalesce(conrelid::regclass::text, '') || '.' || conname AS subject,
                   json_build_object('table', conrelid::regclass::text, 'constraint', conname,
                                     'definition', pg_get_constraintdef(oid))::text AS told
              FROM pg_constraint WHERE NOT convalidated AND contype IN ('f', 'c') AND conrelid <> 0 ORDER BY 1 LIMIT 20
            """;

    /** A sequence ends where its own limit or the type of its column does, whichever comes first. */
    private static final String SEQUENCES = """
            SELECT subject, told::text AS told FROM (
                SELECT seq.seqrelid::regclass::text AS subject, last, ends,
                       json_build_object('column', col.attrelid::regclass || '.' || col.attname,
                           'type', format_type(col.atttypid, NULL), 'last_value', last, 'ends_at', ends,
                           'percent', round(100.0 * last / ends, 1)) AS told
                  FROM pg_sequence AS seq
                 CROSS JOIN LATERAL (SELECT CASE WHEN has_sequence_privilege(seq.seqrelid, 'SELECT,USAGE')
                                                 THEN pg_sequence_last_value(seq.seqrelid::regclass) END AS last) AS now
                  LEFT JOIN pg_depend AS dep ON dep.classid = 'pg_class'::regclass AND dep.objid = seq.seqrelid
                       AND dep.refclassid = 'pg_class'::regclass AND dep.deptype IN ('a', 'i')
                  LEFT JOIN pg_attribute AS col ON col.attrelid = dep.refobjid AND col.attnum = dep.refobjsubid
                 CROSS JOIN LATERAL (SELECT least(seq.seqmax, CASE col.atttypid WHEN 'int2'::regtype THEN 32767
                        WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END)::numeric AS ends) AS most
                 WHERE seq.seqincrement > 0 AND NOT (seq.seqcycle AND seq.seqmax <= ends)) AS judged
             WHERE last >= 0.7 * ends
             ORDER BY last / ends DESC, 1 LIMIT 20
            """;

    /** Keys that no sequence fills; where their values stand only the statistics know. */
    private static final String KEYS = """
            SELECT subject, json_build_object('type', type, 'largest_seen', largest, 'ends_at', ends,
                                              'percent', round(100.0 * largest / ends, 1))::text AS told
              FROM (SELECT con.conrelid::regclass || '.' || col.attname AS subject, format_type(col.atttypid, NULL) AS type,
                           (SELECT max(bound::bigint) FROM unnest(told.histogram_bounds::text::text[]) AS bound) AS largest,
                           CASE col.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END AS ends
                      FROM pg_constraint AS con
                      JOIN pg_class AS rel ON rel.oid = con.conrelid
                      JOIN pg_attribute AS col ON col.attrelid = rel.oid AND col.attnum = con.conkey[1]
                      JOIN pg_stats AS told ON told.schemaname = rel.relnamespace::regnamespace::text
                           AND told.tablename = rel.relname AND told.attname = col.attname AND NOT told.inherited
                     WHERE con.contype = 'p' AND array_length(con.conkey, 1) = 1
                       AND col.atttypid IN ('int2'::regtype, 'int4'::regtype)
                       AND pg_get_serial_sequence(con.conrelid::regclass::text, col.attname) IS NULL) AS keys
             WHERE largest >= 0.7 * ends
             ORDER BY 1 LIMIT 20
            """;

    private static final String TABLES = """
            SELECT relid::regclass::text AS subject,
                   json_build_object('rows', n_live_tup, 'dead_rows', n_dead_tup, 'changed', n_mod_since_analyze,
                       'estimate', reltuples,
                       'last_vacuum', greatest(last_vacuum, last_autovacuum),
                       'last_analyze', greatest(last_analyze, last_autoanalyze),
                       'autovacuum_off', coalesce('autovacuum_enabled=false' = ANY (reloptions)
                                                  OR 'autovacuum_enabled=off' = ANY (reloptions), false),
                       'age', age(relfrozenxid), 'freeze_max',
                       current_setting('autovacuum_freeze_max_age')::bigint)::text AS told
              FROM pg_stat_user_tables JOIN pg_class ON oid = relid
             WHERE n_dead_tup > 1000 AND n_dead_tup > 0.2 * n_live_tup
                OR n_mod_since_analyze > 1000 AND n_mod_since_analyze > 0.3 * n_live_tup
                OR reltuples < 0 AND n_live_tup > 1000
                OR 'autovacuum_enabled=false' = ANY (reloptions) OR 'autovacuum_enabled=off' = ANY (reloptions)
                OR relfrozenxid <> '0' AND age(relfrozenxid) > 1.2 * current_setting('autovacuum_freeze_max_age')::bigint
             ORDER BY n_dead_tup + n_mod_since_analyze DESC, 1 LIMIT 20
            """;

    private static final String CACHE = """
            SELECT datname::text AS subject,
                   json_build_object('hits', blks_hit, 'reads', blks_read, 'percent',
                       round(100.0 * blks_hit / nullif(blks_hit + blks_read, 0), 1), 'temp_files', temp_files,
                       'temp_bytes', temp_bytes, 'deadlocks', deadlocks, 'checksum_failures', checksum_failures,
                       'since', stats_reset)::text AS told
              FROM pg_stat_database WHERE datname = current_database()
            """;

    private static final String CHECKPOINTS = """
            SELECT 'checkpoints' AS subject,
                   json_build_object('timed', timed, 'requested', requested, 'since', since, 'max_wal_size',
                       current_setting('max_wal_size'))::text AS told
              FROM ({counted}) AS counted
            """;

    private static final String ARCHIVING = """
            SELECT 'archiver' AS subject,
                   json_build_object('mode', current_setting('archive_mode'), 'failed', failed_count,
                       'last_failed_wal', last_failed_wal, 'last_failed', last_failed_time,
                       'last_archived', last_archived_time,
                       'failing', last_failed_time > coalesce(last_archived_time, '-infinity'))::text AS told
              FROM pg_stat_archiver
            """;

    private static final String REPLICAS = """
            SELECT coalesce(nullif(application_name, ''), pid::text) AS subject,
                   json_build_object('state', state, 'sync_state', sync_state, 'lag_bytes', pg_wal_lsn_diff(
                       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                       replay_lsn), 'lag_seconds', round(extract(epoch FROM replay_lag)::numeric, 1))::text AS told
              FROM pg_stat_replication ORDER BY 1
            """;

    private static final String RECEIVER = """
            SELECT 'wal receiver' AS subject,
                   json_build_object('receiving', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL),
                       'last_replayed', pg_last_xact_replay_timestamp())::text AS told
             WHERE pg_is_in_recovery()
            """;

    private static final String PREPARED = """
            SELECT gid AS subject,
                   json_build_object('database', database, 'owner', owner, 'seconds',
                       extract(epoch FROM now() - prepared)::bigint, 'xids', age(transaction),
                       'of_citus', gid ~ '^citus_[0-9]+_')::text AS told
              FROM pg_prepared_xacts ORDER BY prepared, gid LIMIT 20
            """;

    private static final String HORIZON = """
            SELECT kind || ' ' || id AS subject, json_build_object('kind', kind, 'xids', xids)::text AS told FROM (
                SELECT 'session' AS kind, pid::text AS id, age(backend_xmin) AS xids FROM pg_stat_activity
                 WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
                UNION ALL SELECT 'slot', slot_name, greatest(age(xmin), age(catalog_xmin)) FROM pg_replication_slots
                           WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
                UNION ALL SELECT 'prepared transaction', gid, age(transaction) FROM pg_prepared_xacts
                UNION ALL SELECT 'standby', application_name, age(backend_xmin) FROM pg_stat_replication
                           WHERE backend_xmin IS NOT NULL) AS holders
             ORDER BY xids DESC, 1 LIMIT 5
            """;

    private static final String SETTINGS = """
            SELECT name AS subject, json_build_object('value', setting, 'unit', unit, 'source', source,
                                                      'pending_restart', pending_restart)::text AS told
              FROM pg_settings
             WHERE pending_restart OR name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum',
                   'track_counts', 'zero_damaged_pages', 'ignore_checksum_failure', 'archive_mode', 'archive_command',
                   'archive_library', 'synchronous_standby_names', 'shared_buffers', 'work_mem', 'max_connections',
                   'maintenance_work_mem', 'autovacuum_max_workers', 'hash_mem_multiplier', 'password_encryption')
             ORDER BY name
            """;

    private static final String EXTENSIONS = """
            SELECT extname::text AS subject, json_build_object('installed', extversion, 'available', default_version)::text
                   AS told
              FROM pg_extension JOIN pg_available_extensions ON name = extname
             WHERE extversion <> default_version ORDER BY 1
            """;

    private static final String COLLATIONS = """
            SELECT subject, told::text AS told FROM (
                SELECT collname::text AS subject, json_build_object('kind', 'collation', 'made_with', collversion,
                           'now', pg_collation_actual_version(oid)) AS told
                  FROM pg_collation WHERE collversion <> pg_collation_actual_version(oid)
                   AND EXISTS (SELECT FROM pg_index WHERE pg_collation.oid = ANY (indcollation::oid[])
                                  AND indexrelid >= 16384)
                {database}) AS changed
             ORDER BY 1
            """;

    private static final String ROLE = """
            SELECT rolname::text AS subject, json_build_object('valid_until', rolvaliduntil, 'days_left',
                       round(extract(epoch FROM rolvaliduntil - now())::numeric / 86400, 1))::text AS told
              FROM pg_roles WHERE rolname = session_user AND rolvaliduntil < 'infinity'
            """;

    private DatabaseReading() {}

    /** Only the areas that are wanted are asked for. */
    public static DatabaseState of(String where, Sql sql, Set<String> areas) {
        List<Fact> facts = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        String shell = sql.capabilities().has("citus")
                ? "EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = this.indrelid)"
                : "false";
        for (Question question : questions(sql.capabilities().versionNum() / 10_000)) {
            if (areas.contains(question.area())) {
                try {
                    sql.list(Row.class, question.sql().replace("{shell}", shell))
                            .forEach(row -> facts.add(fact(question.kind(), row)));
                } catch (ToolException e) {
                    unavailable.add(new Unavailable("postgres", where + " " + question.kind(), e.text()));
                }
            }
        }
        return new DatabaseState(where, facts, unavailable);
    }

    private static Fact fact(String kind, Row row) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        if (JsonText.read(row.told()) instanceof Map<?, ?> told) {
            told.forEach((name, value) -> values.put(String.valueOf(name), value));
        }
        return new Fact(kind, row.subject(), values);
    }

    /** Checkpoints are counted elsewhere from 17 on; what the database was sorted by is kept from 15 on. */
    private static List<Question> questions(int major) {
        String counted = major >= 17
                ? "SELECT num_timed AS timed, num_requested AS requested, stats_reset AS since FROM pg_stat_checkpointer"
                : "SELECT checkpoints_timed AS timed, checkpoints_req AS requested, stats_reset AS since"
                        + " FROM pg_stat_bgwriter";
        String database = major < 15 ? "" : """
                UNION ALL
                SELECT datname::text, json_build_object('kind', 'database', 'made_with', datcollversion,
                           'now', pg_database_collation_actual_version(oid))
                  FROM pg_database WHERE datname = current_database()
                   AND datcollversion <> pg_database_collation_actual_version(oid)
                """;
        return List.of(
                new Question("index", "invalid", INVALID),
                new Question("index", "duplicate", DUPLICATE),
                new Question("index", "unused", UNUSED),
                new Question("index", "bloated", BLOATED),
                new Question("constraint", "constraint", CONSTRAINTS),
                new Question("sequence", "sequence", SEQUENCES),
                new Question("sequence", "key", KEYS),
                new Question("vacuum", "table", TABLES),
                new Question("vacuum", "horizon", HORIZON),
                new Question("vacuum", "prepared", PREPARED),
                new Question("buffer", "cache", CACHE),
                new Question("wal", "checkpoints", CHECKPOINTS.replace("{counted}", counted)),
                new Question("wal", "archiving", ARCHIVING),
                new Question("replication", "replica", REPLICAS),
                new Question("replication", "receiver", RECEIVER),
                new Question("setting", "setting", SETTINGS),
                new Question("version", "extension", EXTENSIONS),
                new Question("version", "collation", COLLATIONS.replace("{database}", database)),
                new Question("version", "role", ROLE));
    }
}
