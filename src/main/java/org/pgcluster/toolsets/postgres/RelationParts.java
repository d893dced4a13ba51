package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Sql;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Column;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Constraint;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Index;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Partition;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Reference;

/** What the catalogue of one server says of a table, view or foreign table. */
record RelationParts(Sql sql, long oid, boolean rowDataAllowed) {
    private static final int MOST_PARTITIONS = 12;

    private record Facts(
            String owner,
            @Nullable String comment,
            @Nullable Long rows,
            @Nullable Long bytes,
            @Nullable Instant analyzed,
            @Nullable String partitionedBy,
            long partitions,
            @Nullable String partitionOf,
            @Nullable String inherits,
            @Nullable String inheritedBy,
            @Nullable String rowSecurity,
            @Nullable String options,
            boolean readable) {}

    private record Text(String text) {}

    private record Definition(@Nullable String text) {}

    private static final String LOCKED = """
            NOT EXISTS (SELECT FROM pg_locks AS held
                          LEFT JOIN pg_index AS index ON index.indexrelid = held.relation
                         WHERE held.locktype = 'relation' AND held.mode = 'AccessExclusiveLock'
                           AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                           AND coalesce(index.indrelid, held.relation) IN (leaf.oid, leaf.reltoastrelid))
            """;

    private static final String FACTS = """
            WITH leaf AS (
                SELECT leaf.* FROM pg_class AS leaf
                 WHERE leaf.oid IN (SELECT ?::oid UNION SELECT relid FROM pg_partition_tree(?::oid::regclass))
                   AND leaf.relkind <> 'p'
            )
            SELECT pg_get_userbyid(rel.relowner) AS owner, obj_description(rel.oid, 'pg_class') AS comment,
                   (SELECT CASE WHEN bool_and(relkind IN ('r', 'm', 'f') AND reltuples >= 0)
                                THEN sum(reltuples)::bigint END FROM leaf) AS rows,
                   (SELECT sum(CASE WHEN relkind IN ('r', 'm') AND {free}
                                    THEN pg_total_relation_size(oid) END)::bigint FROM leaf) AS bytes,
                   (SELECT min(greatest(pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid)))
                      FROM leaf) AS analyzed,
                   CASE WHEN rel.relkind = 'p' THEN pg_get_partkeydef(rel.oid) END AS partitioned_by,
                   CASE WHEN rel.relkind = 'p' THEN (SELECT count(*) FROM leaf) ELSE 0 END AS partitions,
                   CASE WHEN rel.relispartition THEN (
                        SELECT inhparent::regclass || ' ' || pg_get_expr(rel.relpartbound, rel.oid)
                          FROM pg_inherits WHERE inhrelid = rel.oid) END AS partition_of,
                   CASE WHEN NOT rel.relispartition THEN (
                        SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno)
                          FROM pg_inherits WHERE inhrelid = rel.oid) END AS inherits,
                   CASE WHEN rel.relkind <> 'p' THEN (
                        SELECT string_agg(inhrelid::regclass::text, ', ' ORDER BY 1) || ' (read with it unless ONLY is said)'
                          FROM (SELECT inhrelid FROM pg_inherits WHERE inhparent = rel.oid ORDER BY 1 LIMIT 20) AS child)
                        END AS inherited_by,
                   CASE WHEN rel.relforcerowsecurity AND rel.relrowsecurity THEN 'on, for its owner too'
                        WHEN rel.relrowsecurity THEN 'on' END AS row_security,
                   nullif(concat_ws(', ', CASE WHEN rel.relpersistence = 'u' THEN 'unlogged' END,
                          CASE WHEN NOT rel.relispopulated THEN 'not populated' END,
                          (SELECT 'server ' || srvname FROM pg_foreign_table JOIN pg_foreign_server AS srv
                              ON srv.oid = ftserver WHERE ftrelid = rel.oid),
                          array_to_string(rel.reloptions, ', ')), '') AS options,
                   has_table_privilege(rel.oid, 'SELECT') OR has_any_column_privilege(rel.oid, 'SELECT') AS readable
              FROM pg_class AS rel WHERE rel.oid = ?::oid
            """.replace("{free}", LOCKED.strip());

    /** Of a table with children the statistics are those over all of them, where there are any. */
    private static final String COLUMNS = """
            SELECT col.attname::text AS name,
                   format_type(col.atttypid, col.atttypmod)
                     || coalesce((SELECT ' (' || string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) || ')'
                                    FROM pg_enum WHERE enumtypid = coalesce(nullif(typ.typelem, 0), typ.oid)), '')
                     || CASE WHEN typ.typtype = 'd' THEN ' (domain of ' || format_type(typ.typbasetype, typ.typtypmod)
                             || CASE WHEN typ.typnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || typ.typdefault, '')
                             || coalesce((SELECT string_agg(' ' || pg_get_constraintdef(oid, true), '' ORDER BY conname)
                                            FROM pg_constraint WHERE contypid = typ.oid AND contype = 'c'), '')
                             || ')' ELSE '' END
                     || coalesce((SELECT ' (' || string_agg(quote_ident(part.attname) || ' '
                                             || format_type(part.atttypid, part.atttypmod), ', ' ORDER BY part.attnum) || ')'
                                    FROM pg_type AS whole
                                    JOIN pg_attribute AS part ON part.attrelid = whole.typrelid AND part.attnum BETWEEN 1 AND 12
                                   WHERE whole.oid = coalesce(nullif(typ.typelem, 0), typ.oid) AND whole.typtype = 'c'
                                     AND NOT part.attisdropped), '')
                     || CASE WHEN col.attcollation <> typ.typcollation AND col.attcollation <> 0
                             THEN ' COLLATE ' || col.attcollation::regcollation ELSE '' END AS type,
                   col.attnotnull AS not_null,
                   CASE col.attidentity WHEN 'a' THEN 'generated always as identity'
                                        WHEN 'd' THEN 'generated by default as identity'
                        ELSE CASE col.attgenerated WHEN 's' THEN 'generated: ' WHEN 'v' THEN 'generated: ' ELSE '' END
                             || pg_get_expr(def.adbin, def.adrelid) END AS defaults_to,
                   round(100 * told.null_frac::numeric, 1) || '%' AS nulls,
                   CASE WHEN told.n_distinct >= 0 THEN told.n_distinct
                        WHEN ?::bigint IS NOT NULL THEN -told.n_distinct * ?::bigint END::bigint AS distinct,
                   CASE WHEN ?::boolean THEN coalesce((
                        SELECT array_agg(round(100 * share::numeric, 1) || '% ' || left(value, 40)
                                         || CASE WHEN length(value) > 40 THEN '…' ELSE '' END ORDER BY share DESC, value)
                          FROM (SELECT value, share
                                  FROM unnest(CASE WHEN array_ndims(told.most_common_vals::text::text[]) = 1
                                                   THEN told.most_common_vals::text::text[] END,
                                              told.most_common_freqs) AS pairs(value, share)
                                 WHERE value IS NOT NULL AND share >= 0.005
                                 ORDER BY share DESC, value LIMIT 5) AS top), '{}') ELSE '{}' END AS frequent,
                   col_description(col.attrelid, col.attnum) AS comment
              FROM pg_attribute AS col
              JOIN pg_class AS rel ON rel.oid = col.attrelid
              JOIN pg_namespace AS space ON space.oid = rel.relnamespace
              JOIN pg_type AS typ ON typ.oid = col.atttypid
              LEFT JOIN pg_attrdef AS def ON def.adrelid = col.attrelid AND def.adnum = col.attnum
              LEFT JOIN LATERAL (
                   SELECT * FROM pg_stats
                    WHERE schemaname = space.nspname AND tablename = rel.relname AND attname = col.attname
                    ORDER BY inherited DESC LIMIT 1) AS told ON true
             WHERE col.attrelid = ?::oid AND col.attnum > 0 AND NOT col.attisdropped
             ORDER BY col.attnum
            """;

    /** From 18 on each NOT NULL is a constraint, too; the columns tell it. */
    private static final String CONSTRAINTS = """
            SELECT conname::text AS name, pg_get_constraintdef(oid, true) AS definition
              FROM pg_constraint WHERE conrelid = ?::oid AND contype IN ('p', 'u', 'f', 'c', 'x')
             ORDER BY array_position('{p,u,f,c,x}', contype), conname
            """;

    private static final String REFERENCED_BY = """
            SELECT conrelid::regclass::text AS table, conname::text AS constraint,
                   pg_get_constraintdef(oid, true) AS definition
              FROM pg_constraint WHERE confrelid = ?::oid AND contype = 'f' AND conparentid = 0
             ORDER BY 1, 2 LIMIT 50
            """;

    private static final String INDEXES = """
            SELECT rel.relname::text AS name,
                   CASE WHEN def.indisprimary THEN 'primary key ' WHEN def.indisunique THEN 'unique ' ELSE '' END
                     || regexp_replace(pg_get_indexdef(def.indexrelid), '^.*? USING ', '') AS definition,
                   CASE WHEN NOT def.indisvalid THEN 'INVALID' WHEN NOT def.indisready THEN 'not ready' ELSE 'valid' END
                       AS state,
                   (SELECT sum(CASE WHEN leaf.oid IS NULL OR {free} THEN pg_relation_size(tree.relid) END)::bigint
                      FROM (SELECT rel.oid AS relid UNION SELECT relid::oid FROM pg_partition_tree(rel.oid)) AS tree
                      JOIN pg_class AS part ON part.oid = tree.relid AND part.relkind = 'i'
                      LEFT JOIN pg_index AS own ON own.indexrelid = tree.relid
                      LEFT JOIN pg_class AS leaf ON leaf.oid = own.indrelid) AS bytes,
                   (SELECT coalesce(sum(pg_stat_get_numscans(relid)), 0)::bigint
                      FROM (SELECT rel.oid AS relid UNION SELECT relid::oid FROM pg_partition_tree(rel.oid)) AS tree)
                       AS scans,
                   (SELECT max(to_jsonb(used) ->> 'last_idx_scan') FROM pg_stat_all_indexes AS used
                     WHERE used.indexrelid IN (SELECT rel.oid UNION SELECT relid::oid FROM pg_partition_tree(rel.oid)))
                       AS last_scan
              FROM pg_index AS def
              JOIN pg_class AS rel ON rel.oid = def.indexrelid
             WHERE def.indrelid = ?::oid
             ORDER BY def.indisprimary DESC, rel.relname
            """.replace("{free}", LOCKED.strip());

    private static final String PARTITIONS = """
            SELECT inhrelid::regclass::text AS name, pg_get_expr(relpartbound, oid) AS bound
              FROM pg_inherits JOIN pg_class ON oid = inhrelid
             WHERE inhparent = ?::oid AND relispartition
             ORDER BY 1 DESC LIMIT ?::int
            """;

    private static final String TRIGGERS = """
            SELECT regexp_replace(pg_get_triggerdef(oid, true), '^CREATE (CONSTRAINT )?TRIGGER ', '')
                   || CASE tgenabled WHEN 'D' THEN ' (disabled)' ELSE '' END AS text
              FROM pg_trigger WHERE tgrelid = ?::oid AND NOT tgisinternal
             ORDER BY tgname
            """;

    private static final String POLICIES = """
            SELECT policyname || CASE permissive WHEN 'RESTRICTIVE' THEN ' restrictive' ELSE '' END
                   || ' for ' || cmd || ' to ' || array_to_string(roles, ', ')
                   || coalesce(' using (' || qual || ')', '') || coalesce(' with check (' || with_check || ')', '')
                   AS text
              FROM pg_policies AS policy
              JOIN pg_class AS rel ON rel.relname = policy.tablename
              JOIN pg_namespace AS space ON space.oid = rel.relnamespace AND space.nspname = policy.schemaname
             WHERE rel.oid = ?::oid
             ORDER BY policyname
            """;

    /** As SQL wants it, where that is not as it is called. */
    private static final String QUOTED = """
            SELECT CASE WHEN rel.relname <> quote_ident(rel.relname) OR space.nspname <> quote_ident(space.nspname)
                          OR columns.quoted IS NOT NULL
                        THEN quote_ident(space.nspname) || '.' || quote_ident(rel.relname) || coalesce(': ' || columns.quoted, '')
                   END AS text
              FROM pg_class AS rel
              JOIN pg_namespace AS space ON space.oid = rel.relnamespace
             CROSS JOIN LATERAL (
                   SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS quoted
                     FROM (SELECT * FROM pg_attribute
                            WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped AND attname <> quote_ident(attname)
                            ORDER BY attnum LIMIT 30) AS col) AS columns
             WHERE rel.oid = ?::oid
            """;

    private static final String VIEW = """
            SELECT CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid, true) END AS text
              FROM pg_class WHERE oid = ?::oid
            """;

    Map<String, @Nullable Object> facts() {
        Facts found = sql.one(Facts.class, FACTS, oid, oid, oid);
        Map<String, @Nullable Object> facts = new LinkedHashMap<>();
        facts.put("in_sql", sql.one(Definition.class, QUOTED, oid).text());
        facts.put("owner", found.owner());
        facts.put("comment", found.comment());
        facts.put("rows", found.rows());
        facts.put("bytes", found.bytes());
        facts.put("analyzed", found.analyzed() == null ? null : found.analyzed().toString());
        facts.put("partitioned_by", found.partitionedBy());
        facts.put("partitions", found.partitions() == 0 ? null : found.partitions());
        facts.put("partition_of", found.partitionOf());
        facts.put("inherits", found.inherits());
        facts.put("inherited_by", found.inheritedBy());
        facts.put("row_security", found.rowSecurity());
        facts.put("options", found.options());
        facts.put(
                "readable", found.readable() ? null : "no: this login lacks SELECT, so its statistics are hidden too");
        return facts;
    }

    List<Column> columns(@Nullable Object rows) {
        return sql.list(Column.class, COLUMNS, rows, rows, rowDataAllowed, oid);
    }

    /** What to ask for the columns after so many. */
    String laterColumns(int shown) {
        return "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = " + oid
                + " AND attnum > 0 AND NOT attisdropped ORDER BY attnum OFFSET " + shown;
    }

    List<Constraint> constraints() {
        return sql.list(Constraint.class, CONSTRAINTS, oid);
    }

    List<Reference> referencedBy() {
        return sql.list(Reference.class, REFERENCED_BY, oid);
    }

    List<Index> indexes() {
        return sql.list(Index.class, INDEXES, oid);
    }

    /** The last ones by name, which is where time goes on. */
    List<Partition> partitions() {
        return sql.list(Partition.class, PARTITIONS, oid, MOST_PARTITIONS);
    }

    List<String> triggers() {
        return texts(TRIGGERS);
    }

    List<String> policies() {
        return texts(POLICIES);
    }

    @Nullable
    String definition() {
        return sql.one(Definition.class, VIEW, oid).text();
    }

    private List<String> texts(String question) {
        return sql.list(Text.class, question, oid).stream().map(Text::text).toList();
    }
}
