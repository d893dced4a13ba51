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
    /** Of each kind; the questions ask for one more, to know. */
    public static final int MOST = 20;

    /** Tells that there are more than are wanted. */
    private static final String ONE_MORE = "{one_more}";

    private record Row(String subject, String told) {}

    private record Question(String area, String kind, String sql) {
        boolean limited() {
            return sql.contains(ONE_MORE);
        }

        String about(String shell) {
            return sql.replace("{shell}", shell).replace(ONE_MORE, String.valueOf(MOST + 1));
        }
    }

    /** A sequence, up or down, ends where its own limit or the type of its column does, whichever comes first. */
    private static final String SEQUENCES = """
            SELECT subject, told::text AS told FROM (
                SELECT seq.seqrelid::regclass::text AS subject, last, ends,
                       json_build_object('column', col.attrelid::regclass || '.' || col.attname,
                           'type', format_type(col.atttypid, NULL), 'last_value', last, 'ends_at', ends,
                           'percent', round(100.0 * last / ends, 1)) AS told
                  FROM pg_sequence AS seq
                  -- those of another session cannot be read, nor on a standby what is not logged
                  JOIN pg_class AS rel ON rel.oid = seq.seqrelid
                       AND relpersistence = ANY (CASE WHEN pg_is_in_recovery() THEN '{p}' ELSE '{p,u}' END::"char"[])
                 CROSS JOIN LATERAL (SELECT CASE WHEN has_sequence_privilege(seq.seqrelid, 'SELECT,USAGE')
                                                 THEN pg_sequence_last_value(seq.seqrelid::regclass) END AS last) AS now
                  LEFT JOIN pg_depend AS dep ON dep.classid = 'pg_class'::regclass AND dep.objid = seq.seqrelid
                       AND dep.refclassid = 'pg_class'::regclass AND dep.deptype IN ('a', 'i')
                  LEFT JOIN pg_attribute AS col ON col.attrelid = dep.refobjid AND col.attnum = dep.refobjsubid
                 CROSS JOIN LATERAL (SELECT CASE col.atttypid WHEN 'int2'::regtype THEN 32767
                        WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END::numeric AS largest) AS type
                 CROSS JOIN LATERAL (SELECT CASE WHEN seq.seqincrement > 0 THEN least(seq.seqmax, largest)
                        ELSE greatest(seq.seqmin, -largest - 1) END AS ends) AS most
                 WHERE sign(ends) = sign(seq.seqincrement)
                   AND NOT (seq.seqcycle AND CASE WHEN ends > 0 THEN seq.seqmax <= ends ELSE seq.seqmin >= ends END)) AS judged
             WHERE last / ends >= 0.7
             ORDER BY last / ends DESC, 1 LIMIT {one_more}
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
                      JOIN pg_namespace AS space ON space.oid = rel.relnamespace
                      JOIN pg_stats AS told ON told.schemaname = space.nspname
                           AND told.tablename = rel.relname AND told.attname = col.attname AND told.inherited = (rel.relkind = 'p')
                     WHERE con.contype = 'p' AND array_length(con.conkey, 1) = 1
                       AND col.atttypid IN ('int2'::regtype, 'int4'::regtype)
                       AND NOT EXISTS (SELECT FROM pg_depend AS dep JOIN pg_sequence AS seq ON seq.seqrelid = dep.objid
                                        WHERE dep.classid = 'pg_class'::regclass AND dep.refclassid = 'pg_class'::regclass
                                          AND dep.refobjid = rel.oid AND dep.refobjsubid = col.attnum)) AS keys
             WHERE largest >= 0.7 * ends
             ORDER BY 1 LIMIT {one_more}
            """;

    /**
     * What was only filled, and all of it seen by the last ANALYZE, did not change since: a server that counts the rows
     * of one session after its ANALYZE says so. Autovacuum never analyzes a partitioned table.
     */
    private static final String TABLES = """
            SELECT relid::regclass::text AS subject,
                   json_build_object('rows', rows, 'dead_rows', n_dead_tup, 'changed', changed, 'estimate', reltuples,
                       'last_vacuum', last_vacuumed, 'last_analyze', last_analyzed, 'partitioned', partitioned,
                       'autovacuum_off', switched_off, 'age', age, 'freeze_max', freeze_max)::text AS told
              FROM (SELECT stat.*, rel.reltuples, rel.relkind = 'p' AS partitioned, rel.relpersistence,
                           greatest(last_vacuum, last_autovacuum) AS last_vacuumed,
                           greatest(last_analyze, last_autoanalyze) AS last_analyzed,
                           coalesce(reloptions && '{autovacuum_enabled=false,autovacuum_enabled=off,autovacuum_enabled=0}',
                                    false) AS switched_off,
                           CASE WHEN rel.relfrozenxid <> '0' THEN greatest(age(rel.relfrozenxid),
                                (SELECT age(relfrozenxid) FROM pg_class WHERE oid = rel.reltoastrelid)) END AS age,
                           current_setting('autovacuum_freeze_max_age')::bigint AS freeze_max,
                           CASE WHEN n_tup_upd + n_tup_del = 0 AND last_analyze IS NOT NULL
                                 AND abs(n_tup_ins - rel.reltuples) <= 0.05 * n_tup_ins
                                THEN 0 ELSE n_mod_since_analyze END AS changed,
                           CASE WHEN rel.relkind = 'p' AND rel.reltuples < 0
                                THEN (SELECT sum(pg_stat_get_live_tuples(leaf.relid))::bigint
                                        FROM pg_partition_tree(rel.oid) AS leaf WHERE isleaf)
                                ELSE n_live_tup END AS rows
                      FROM pg_stat_user_tables AS stat JOIN pg_class AS rel ON rel.oid = stat.relid) AS judged
             WHERE (relpersistence <> 't'
                    AND (n_dead_tup > 1000 AND n_dead_tup > 0.2 * rows
                         OR changed > 1000 AND changed > 0.3 * rows
                         OR reltuples < 0 AND rows > 1000
                         OR switched_off))
                OR age > 1.2 * freeze_max
             ORDER BY coalesce(age > 1.2 * freeze_max, false) DESC, n_dead_tup + changed DESC, 1 LIMIT {one_more}
            """;

    /** A login or a database can have a limit of its own. */
    private static final String LIMITS = """
            SELECT kind || ' ' || name AS subject, json_build_object('used', used, 'limit', most)::text AS told
              FROM (SELECT 'role' AS kind, rolname AS name, rolconnlimit AS most,
                           (SELECT count(*) FROM pg_stat_activity WHERE usesysid = role.oid) AS used
                      FROM pg_roles AS role WHERE rolconnlimit > 0 AND NOT rolsuper
                    UNION ALL
                    SELECT 'database', datname, datconnlimit,
                           (SELECT count(*) FROM pg_stat_activity WHERE datid = one.oid AND usesysid IS NOT NULL)
                      FROM pg_database AS one WHERE datconnlimit > 0) AS limits
             WHERE used >= 0.8 * most
             ORDER BY used::float8 / most DESC, 1 LIMIT {one_more}
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

    private DatabaseReading() {}

    /** Only the areas that are wanted are asked for. */
    public static DatabaseState of(String where, Sql sql, Set<String> areas) {
        List<Fact> facts = new ArrayList<>();
        List<String> cut = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        String shell = sql.capabilities().has("citus")
                ? "EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = this.indrelid)"
                : "false";
        for (Question question : questions(sql.capabilities().versionNum() / 10_000)) {
            if (areas.contains(question.area())) {
                try {
                    List<Row> rows = sql.list(Row.class, question.about(shell));
                    boolean more = question.limited() && rows.size() > MOST;
                    rows.subList(0, more ? MOST : rows.size()).forEach(row -> facts.add(fact(question.kind(), row)));
                    if (more) {
                        cut.add(question.kind());
                    }
                } catch (ToolException e) {
                    unavailable.add(new Unavailable("postgres", where + " " + question.kind(), e.text()));
                }
            }
        }
        unavailable.addAll(Blindness.of(where, sql, areas));
        return new DatabaseState(where, facts, cut, unavailable);
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
                new Question("index", "invalid", IndexQuestions.INVALID),
                new Question("index", "duplicate", IndexQuestions.DUPLICATE),
                new Question("index", "unused", IndexQuestions.UNUSED),
                new Question("index", "bloated", IndexQuestions.BLOATED),
                new Question("constraint", "constraint", IndexQuestions.CONSTRAINTS),
                new Question("sequence", "sequence", SEQUENCES),
                new Question("sequence", "key", KEYS),
                new Question("vacuum", "table", TABLES),
                new Question("vacuum", "horizon", HORIZON),
                new Question("connection", "limit", LIMITS),
                new Question("buffer", "cache", ServerQuestions.CACHE),
                new Question("wal", "checkpoints", ServerQuestions.CHECKPOINTS.replace("{counted}", counted)),
                new Question("replication", "replica", ServerQuestions.REPLICAS),
                new Question("replication", "receiver", ServerQuestions.RECEIVER),
                new Question("setting", "setting", ServerQuestions.SETTINGS),
                new Question("version", "extension", ServerQuestions.EXTENSIONS),
                new Question("version", "collation", ServerQuestions.COLLATIONS.replace("{database}", database)),
                new Question("version", "role", ServerQuestions.ROLE));
    }
}
