package org.pgcluster.toolsets.postgres;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.JsonText;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Column;
import org.pgcluster.toolsets.postgres.GetObjectDetails.Constraint;

/** What there is to say of an object that is no table, and what hangs together with what. */
record ObjectFacts(
        String catalogue,
        Map<String, @Nullable Object> facts,
        List<Column> columns,
        List<Constraint> constraints,
        @Nullable String definition) {
    private static final int MOST = 40;

    private record Text(String text) {}

    private record Found(String facts, @Nullable String definition) {}

    private static final String TYPE = """
            SELECT json_strip_nulls(json_build_object(
                       'owner', pg_get_userbyid(typowner), 'comment', obj_description(kind.oid, 'pg_type'),
                       'kind', CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range'
                                            WHEN 'c' THEN 'composite' ELSE 'base' END,
                       'values', (SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = kind.oid),
                       'based_on', CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod) END,
                       'not_null', CASE WHEN typtype = 'd' AND typnotnull THEN true END,
                       'default', typdefault,
                       'subtype', (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = kind.oid)))::text
                       AS facts, NULL::text AS definition
              FROM pg_type AS kind WHERE oid = ?::oid
            """;

    private static final String CHECKS = """
            SELECT conname::text AS name, pg_get_constraintdef(oid, true) AS definition
              FROM pg_constraint WHERE contypid = ?::oid AND contype = 'c' ORDER BY conname
            """;

    private static final String ATTRIBUTES = """
            SELECT col.attname::text AS name, format_type(col.atttypid, col.atttypmod) AS type, col.attnotnull AS not_null,
                   NULL::text AS defaults_to, NULL::text AS nulls, NULL::bigint AS distinct, '{}'::text[] AS frequent,
                   col_description(col.attrelid, col.attnum) AS comment
              FROM pg_type AS kind JOIN pg_attribute AS col ON col.attrelid = kind.typrelid
             WHERE kind.oid = ?::oid AND col.attnum > 0 AND NOT col.attisdropped ORDER BY col.attnum
            """;

    private static final String SEQUENCE = """
            SELECT json_strip_nulls(json_build_object(
                       'owner', pg_get_userbyid(rel.relowner), 'comment', obj_description(rel.oid, 'pg_class'),
                       'data_type', format_type(seq.seqtypid, NULL), 'start', seq.seqstart, 'increment', seq.seqincrement,
                       'min', seq.seqmin, 'max', seq.seqmax, 'cache', seq.seqcache, 'cycles', seq.seqcycle,
                       'last_value', CASE WHEN has_sequence_privilege(rel.oid, 'SELECT,USAGE')
                                          THEN pg_sequence_last_value(rel.oid::regclass) END,
                       'column', (SELECT refobjid::regclass || '.' || attname FROM pg_depend
                                    JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
                                   WHERE classid = 'pg_class'::regclass AND objid = rel.oid
                                     AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') LIMIT 1)))::text
                       AS facts, NULL::text AS definition
              FROM pg_class AS rel JOIN pg_sequence AS seq ON seq.seqrelid = rel.oid WHERE rel.oid = ?::oid
            """;

    private static final String EXTENSION = """
            SELECT json_strip_nulls(json_build_object(
                       'owner', pg_get_userbyid(extowner), 'version', extversion,
                       'newest_here', (SELECT default_version FROM pg_available_extensions WHERE name = extname),
                       'schema', extnamespace::regnamespace, 'relocatable', extrelocatable,
                       'comment', obj_description(ext.oid, 'pg_extension'),
                       'members', (SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND refobjid = ext.oid
                                      AND refclassid = 'pg_extension'::regclass)))::text
                       AS facts, NULL::text AS definition
              FROM pg_extension AS ext WHERE oid = ?::oid
            """;

    private static final String INDEX = """
            SELECT json_strip_nulls(json_build_object(
                       'table', indrelid::regclass, 'valid', indisvalid, 'unique', indisunique,
                       'comment', obj_description(indexrelid, 'pg_class'),
                       'bytes', pg_relation_size(indexrelid), 'scans', pg_stat_get_numscans(indexrelid)))::text AS facts,
                   pg_get_indexdef(indexrelid) AS definition
              FROM pg_index WHERE indexrelid = ?::oid
            """;

    private static final String FUNCTION = """
            SELECT json_strip_nulls(json_build_object(
                       'owner', pg_get_userbyid(proowner), 'comment', obj_description(fn.oid, 'pg_proc'),
                       'arguments', pg_get_function_arguments(fn.oid), 'returns', pg_get_function_result(fn.oid),
                       'language', (SELECT lanname FROM pg_language WHERE oid = prolang),
                       'volatility', CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
                       'parallel', CASE proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
                       'security_definer', CASE WHEN prosecdef THEN true END,
                       'callable', CASE WHEN NOT has_function_privilege(fn.oid, 'EXECUTE') THEN false END))::text AS facts,
                   CASE WHEN prokind <> 'a' THEN pg_get_functiondef(fn.oid) END AS definition
              FROM pg_proc AS fn WHERE oid = ?::oid
            """;

    /** A view depends by its rule, a column's default by its own entry; what is part of the table itself is left out. */
    private static final String DEPENDENTS = """
            WITH direct AS (
                SELECT DISTINCT
                       CASE WHEN rule.oid IS NOT NULL THEN 'pg_class'::regclass
                            WHEN def.oid IS NOT NULL THEN 'pg_class'::regclass ELSE dep.classid END AS class,
                       coalesce(rule.ev_class, def.adrelid, dep.objid) AS oid
                  FROM pg_depend AS dep
                  LEFT JOIN pg_rewrite AS rule ON dep.classid = 'pg_rewrite'::regclass AND rule.oid = dep.objid
                  LEFT JOIN pg_attrdef AS def ON dep.classid = 'pg_attrdef'::regclass AND def.oid = dep.objid
                 WHERE dep.refclassid = ?::text::regclass AND dep.refobjid = ?::oid AND dep.deptype IN ('n', 'a')
                   AND dep.classid NOT IN ('pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass)
                   AND NOT EXISTS (SELECT FROM pg_class WHERE dep.classid = 'pg_class'::regclass AND oid = dep.objid
                                      AND (relkind IN ('i', 'I', 't') OR relispartition))
            )
            SELECT told.type || ' ' || told.identity AS text
              FROM direct, LATERAL pg_identify_object(class, direct.oid, 0) AS told
             WHERE direct.oid <> ?::oid AND told.identity IS NOT NULL
             ORDER BY 1 LIMIT ?::int
            """;

    private static final String DEPENDS_ON = """
            WITH part AS (
                SELECT 'pg_class'::regclass::oid AS class, ?::oid AS oid
                UNION SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_class = ?::oid
                UNION SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = ?::oid
                UNION SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE tgrelid = ?::oid AND NOT tgisinternal
                UNION SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = ?::oid
                UNION SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = ?::oid
            ), needed AS (
                SELECT DISTINCT dep.refclassid AS class, dep.refobjid AS oid
                  FROM part JOIN pg_depend AS dep ON dep.classid = part.class AND dep.objid = part.oid
                 WHERE dep.deptype = 'n' AND dep.refobjid <> ?::oid AND dep.refobjid >= 16384
                   AND dep.refclassid NOT IN ('pg_namespace'::regclass, 'pg_extension'::regclass)
                   AND NOT EXISTS (SELECT FROM pg_class WHERE dep.refclassid = 'pg_class'::regclass
                                      AND oid = dep.refobjid AND relkind IN ('i', 'I'))
            )
            SELECT told.type || ' ' || told.identity AS text
              FROM needed, LATERAL pg_identify_object(class, needed.oid, 0) AS told
             WHERE told.identity IS NOT NULL
             ORDER BY 1 LIMIT ?::int
            """;

    static ObjectFacts type(Sql sql, long oid) {
        return of(
                sql.one(Found.class, TYPE, oid),
                "pg_type",
                sql.list(Column.class, ATTRIBUTES, oid),
                sql.list(Constraint.class, CHECKS, oid));
    }

    static ObjectFacts sequence(Sql sql, long oid) {
        return of(sql.one(Found.class, SEQUENCE, oid), "pg_class", List.of(), List.of());
    }

    static ObjectFacts extension(Sql sql, long oid) {
        return of(sql.one(Found.class, EXTENSION, oid), "pg_extension", List.of(), List.of());
    }

    static ObjectFacts index(Sql sql, long oid) {
        return of(sql.one(Found.class, INDEX, oid), "pg_class", List.of(), List.of());
    }

    static ObjectFacts function(Sql sql, long oid) {
        return of(sql.one(Found.class, FUNCTION, oid), "pg_proc", List.of(), List.of());
    }

    private static ObjectFacts of(Found found, String catalogue, List<Column> columns, List<Constraint> constraints) {
        Map<String, @Nullable Object> facts = new LinkedHashMap<>();
        if (JsonText.read(found.facts()) instanceof Map<?, ?> told) {
            told.forEach((name, value) -> facts.put(String.valueOf(name), value));
        }
        return new ObjectFacts(catalogue, facts, columns, constraints, found.definition());
    }

    static List<String> dependents(Sql sql, String catalogue, long oid) {
        return texts(sql.list(Text.class, DEPENDENTS, catalogue, oid, oid, MOST));
    }

    static List<String> dependsOn(Sql sql, long oid) {
        return texts(sql.list(Text.class, DEPENDS_ON, oid, oid, oid, oid, oid, oid, oid, MOST));
    }

    private static List<String> texts(List<Text> rows) {
        return rows.stream().map(Text::text).toList();
    }
}
