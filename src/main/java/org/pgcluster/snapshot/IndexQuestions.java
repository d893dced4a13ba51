package org.pgcluster.snapshot;

/** What is asked of indexes and constraints of one database. */
final class IndexQuestions {
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

    static final String INVALID = INDEXES + """
            SELECT indexrelid::regclass::text AS subject,
                   json_build_object('table', indrelid::regclass::text, 'bytes', pg_relation_size(indexrelid),
                                     'building', EXISTS (SELECT FROM pg_stat_progress_create_index AS now
                                                          WHERE now.index_relid = one.indexrelid))::text AS told
              FROM one WHERE NOT indisvalid OR NOT indisready ORDER BY 1 LIMIT {one_more}
            """;

    /** An index is not needed where another begins with its columns; of two that are the same the younger goes. */
    static final String DUPLICATE = INDEXES + """
            SELECT subject, told::text AS told FROM (
                SELECT DISTINCT ON (this.indexrelid) this.indexrelid::regclass::text AS subject,
                       pg_relation_size(this.indexrelid) AS size,
                       json_build_object('table', this.indrelid::regclass::text, 'same', this.keys = other.keys,
                                         'covered_by', other.indexrelid::regclass::text,
                                         'bytes', CASE WHEN NOT {shell} THEN pg_relation_size(this.indexrelid) END,
                                         'scans', CASE WHEN NOT {shell} THEN pg_stat_get_numscans(this.indexrelid) END)
                           AS told
                  FROM one AS this
                  JOIN one AS other
                    ON other.indrelid = this.indrelid AND other.indexrelid <> this.indexrelid AND other.indisvalid
                   AND other.relam = this.relam AND other.condition = this.condition
                   AND other.expressions = this.expressions
                   AND other.keys[1:array_length(this.keys, 1)] = this.keys
                   AND (other.keys = this.keys
                        OR (this.expressions = '' AND this.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')))
                   AND this.indkey::int2[] <@ other.indkey::int2[]
                   AND NOT (other.keys = this.keys AND other.indnatts = this.indnatts AND NOT other.indisunique
                            AND other.indexrelid > this.indexrelid)
                 WHERE this.indisvalid AND NOT this.indisunique AND NOT this.constrains AND NOT this.indisreplident
                 ORDER BY this.indexrelid, other.indisunique DESC, other.indexrelid) AS judged
             ORDER BY size DESC, 1 LIMIT {one_more}
            """;

    static final String UNUSED = INDEXES + """
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
             ORDER BY pg_relation_size(indexrelid) DESC, 1 LIMIT {one_more}
            """;

    /** Deduplication makes real ones smaller than this estimate, so that it errs on the quiet side. */
    static final String BLOATED = INDEXES + """
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
                                 JOIN pg_namespace AS space ON space.oid = tab.relnamespace
                                 JOIN pg_stats AS told ON told.schemaname = space.nspname
                                      AND told.tablename = tab.relname AND told.attname = col.attname
                                      AND NOT told.inherited
                                WHERE col.attrelid = one.indrelid AND col.attnum = ANY (one.indkey::int2[])) AS col ON true
                         WHERE indisvalid AND expressions = '' AND one.reltuples > 0
                           AND one.relpages >= 1024 -- smaller ones cannot waste 8 MB; ANALYZE keeps both figures
                           AND relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
                         GROUP BY indexrelid, indrelid, indnatts, one.reltuples
                        HAVING count(*) = indnatts) AS sized) AS judged
             WHERE wasted >= 8388608
             ORDER BY wasted DESC, 1 LIMIT {one_more}
            """;

    static final String CONSTRAINTS = """
            SELECT coalesce(conrelid::regclass::text, '') || '.' || conname AS subject,
                   json_build_object('table', conrelid::regclass::text, 'constraint', conname,
                                     'definition', pg_get_constraintdef(oid))::text AS told
              FROM pg_constraint WHERE NOT convalidated AND contype IN ('f', 'c') AND conrelid <> 0 ORDER BY 1 LIMIT {one_more}
            """;

    private IndexQuestions() {}
}
