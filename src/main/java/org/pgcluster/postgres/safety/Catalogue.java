package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the catalogue says about the OIDs of a tree, and about everything that comes into play through them. */
record Catalogue(List<Function> functions, List<Relation> relations, List<String> checks, List<String> planned) {
    static final long FIRST_USER_OID = 16384;
    private static final Pattern QUOTED_OR_NOT = Pattern.compile("\"(?:[^\"]|\"\")*\"|[^\"]+");

    /** A function that would run. {@code shown} is its signature as {@code allowed_functions} takes it. */
    record Function(
            long oid,
            String schema,
            String name,
            String shown,
            char volatility,
            String language,
            boolean securityDefiner,
            boolean configured,
            @Nullable String extension,
            @Nullable String body,
            @Nullable String defaults,
            boolean ownedBySuperuser,
            String argumentTypes,
            List<String> argumentNames,
            List<Long> results,
            boolean monitorMayCall,
            boolean readerMayCall) {
        boolean builtIn() {
            return oid < FIRST_USER_OID;
        }
    }

    record Relation(
            long oid,
            String schema,
            String name,
            char kind,
            boolean rowSecurity,
            @Nullable String extension,
            boolean distributed,
            boolean monitorMayUseSchema) {
        boolean isSystems() {
            return oid < FIRST_USER_OID;
        }

        String shown() {
            return schema + "." + name;
        }
    }

    private static final String LOOK_UP = """
            WITH RECURSIVE
            type(oid, target) AS (
                SELECT unnest(?::oid[]), false
                 UNION
                SELECT unnest(?::oid[]), true
                 UNION
                -- Who opens a partitioned table sorts its bounds, whatever columns the statement names.
                SELECT atttypid, false
                  FROM relation JOIN pg_catalog.pg_partitioned_table ON partrelid = relation.oid
                  JOIN pg_catalog.pg_attribute ON attrelid = partrelid AND attnum = ANY (partattrs)
                 UNION
                SELECT key[1]::oid, false
                  FROM relation JOIN pg_catalog.pg_partitioned_table ON partrelid = relation.oid
                 CROSS JOIN LATERAL regexp_matches(partexprs::text, ':(?:\\w*resulttype|vartype) (\\d+)', 'g') AS key
                 UNION
                SELECT part.oid, type.target
                  FROM type
                  JOIN pg_catalog.pg_type AS whole ON whole.oid = type.oid
                 CROSS JOIN LATERAL (
                    SELECT whole.typelem UNION ALL SELECT whole.typbasetype
                     UNION ALL
                    SELECT atttypid FROM pg_catalog.pg_attribute
                     WHERE whole.typrelid <> 0 AND attrelid = whole.typrelid AND attnum > 0 AND NOT attisdropped
                     UNION ALL
                    SELECT unnest(ARRAY[rngtypid, rngsubtype]) FROM pg_catalog.pg_range WHERE whole.oid IN (rngtypid, rngmultitypid)
                 ) AS part(oid)
                 WHERE part.oid <> 0),
            relation(oid) AS (
                SELECT unnest(?::oid[])
                 UNION
                SELECT inhrelid FROM relation JOIN pg_catalog.pg_inherits ON inhparent = relation.oid),
            ordering(family) AS (
                SELECT opcfamily FROM pg_catalog.pg_opclass JOIN type ON opcintype = type.oid WHERE pg_opclass.oid >= 16384
                 UNION
                -- A range may be told to order its bounds by a class for another type.
                SELECT opcfamily FROM pg_catalog.pg_range JOIN type ON rngtypid = type.oid
                  JOIN pg_catalog.pg_opclass ON pg_opclass.oid = rngsubopc WHERE rngsubopc >= 16384
                 UNION
                -- What has no ordering of its own borrows that of the type which it may count as.
                SELECT opcfamily FROM type JOIN pg_catalog.pg_cast ON castsource = type.oid AND castmethod = 'b' AND castcontext = 'i'
                  JOIN pg_catalog.pg_opclass ON opcintype = casttarget AND opcdefault AND pg_opclass.oid >= 16384
                 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_opclass AS own
                                    WHERE own.opcintype = type.oid AND own.opcdefault AND own.opcmethod = pg_opclass.opcmethod)
                 UNION
                SELECT opcfamily FROM pg_catalog.pg_partitioned_table AS parted JOIN relation ON partrelid = relation.oid
                  JOIN pg_catalog.pg_opclass ON pg_opclass.oid = ANY (parted.partclass) WHERE pg_opclass.oid >= 16384),
            operator(oid) AS (
                SELECT unnest(?::oid[])
                 UNION SELECT amopopr FROM pg_catalog.pg_amop JOIN ordering ON amopfamily = family
                 UNION
                -- Planning takes these in its place: behind NOT, or to estimate with the sides exchanged.
                SELECT other FROM operator JOIN pg_catalog.pg_operator USING (oid)
                 CROSS JOIN LATERAL (
                    SELECT unnest(ARRAY[oprcom, oprnegate])
                     UNION ALL
                    -- To prove one condition by another it takes any operator of the family that both belong to.
                    SELECT of_family.amopopr FROM pg_catalog.pg_amop AS known
                      JOIN pg_catalog.pg_amop AS of_family USING (amopfamily)
                     WHERE known.amopopr = operator.oid
                 ) AS taken(other) WHERE other >= 16384),
            direct(oid) AS (
                SELECT unnest(?::oid[])
                 UNION SELECT oprcode FROM pg_catalog.pg_operator JOIN operator USING (oid)
                 -- The index methods' own helpers, which an extension may borrow, can only be called by the server.
                 UNION SELECT amproc FROM pg_catalog.pg_amproc JOIN ordering ON amprocfamily = family
                         JOIN pg_catalog.pg_proc AS p ON p.oid = amproc
                        WHERE p.oid >= 16384 OR NOT 2281 = ANY (proargtypes::oid[])
                 UNION SELECT amproc FROM pg_catalog.pg_amop JOIN operator ON amopopr = operator.oid
                         JOIN pg_catalog.pg_amproc ON amprocfamily = amopfamily WHERE amproc >= 16384
                 UNION SELECT io FROM pg_catalog.pg_type JOIN type USING (oid)
                        CROSS JOIN LATERAL unnest(ARRAY[typinput::oid, typoutput, typsend, typreceive, typsubscript]) AS io
                        WHERE io >= 16384
                 UNION SELECT io FROM pg_catalog.pg_range JOIN type ON rngtypid = type.oid
                        CROSS JOIN LATERAL unnest(ARRAY[rngcanonical::oid, rngsubdiff]) AS io WHERE io >= 16384
                 -- What makes JSON of any value looks for such a cast while it runs.
                 UNION SELECT castfunc FROM pg_catalog.pg_cast JOIN type ON castsource = type.oid
                        WHERE castfunc >= 16384 AND casttarget IN (114, 3802)),
            called(oid) AS (
                SELECT oid FROM direct
                 -- So do the bodies of quote_literal(anyelement), anynonarray || text and their like: any value to text.
                 UNION SELECT castfunc FROM pg_catalog.pg_cast JOIN type ON castsource = type.oid
                        WHERE castfunc >= 16384 AND casttarget = 25
                          AND EXISTS (SELECT FROM direct JOIN pg_catalog.pg_proc AS p USING (oid)
                                       WHERE p.oid < 16384 AND prolang = 14 AND proargtypes::oid[] && ARRAY[2283, 2776]::oid[])),
            running(oid) AS (
                SELECT oid FROM called
                 UNION SELECT part FROM pg_catalog.pg_aggregate JOIN called ON aggfnoid = called.oid
                        CROSS JOIN LATERAL unnest(ARRAY[aggtransfn::oid, aggfinalfn, aggcombinefn, aggserialfn,
                            aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]) AS part
                         JOIN pg_catalog.pg_proc AS p ON p.oid = part
                        WHERE part >= 16384 OR aggfnoid >= 16384 AND NOT 2281 = ANY (proargtypes::oid[]))
            SELECT 'function' AS kind, running.oid::bigint AS oid, nspname AS schema, proname AS name,
                   oidvectortypes(proargtypes) AS detail, provolatile::text AS letter, lanname AS language,
                   prosecdef AS flag, proconfig IS NOT NULL AS other_flag,
                   (SELECT extname FROM pg_catalog.pg_depend JOIN pg_catalog.pg_extension AS e ON e.oid = refobjid
                     WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid AND deptype = 'e') AS extension,
                   CASE WHEN lanname = 'sql' AND p.oid >= 16384
                        THEN coalesce(pg_get_function_sqlbody(p.oid), prosrc) END AS body,
                   proargdefaults::text AS defaults,
                   (SELECT rolsuper FROM pg_catalog.pg_roles WHERE pg_roles.oid = proowner) AS powerful,
                   coalesce(array_to_string(proargnames[:pronargs], ','), '') AS names,
                   array_to_string(ARRAY(
                        SELECT prorettype
                         UNION
                        SELECT type FROM unnest(proallargtypes, proargmodes) AS argument(type, mode)
                         WHERE mode IN ('o', 'b', 't')), ',') AS results,
                   has_function_privilege('pg_monitor', p.oid, 'EXECUTE')
                   AND has_schema_privilege('pg_monitor', pronamespace, 'USAGE') AS monitor,
                   has_function_privilege('pg_read_all_data', p.oid, 'EXECUTE') AS reader
              FROM running
              JOIN pg_catalog.pg_proc AS p USING (oid)
              JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace
              JOIN pg_catalog.pg_language AS l ON l.oid = prolang
             UNION ALL
            SELECT 'relation', c.oid::bigint, nspname, relname, NULL, relkind::text, NULL, relrowsecurity, %s,
                   (SELECT extname FROM pg_catalog.pg_depend JOIN pg_catalog.pg_extension AS e ON e.oid = refobjid
                     WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid AND deptype = 'e'),
                   NULL, NULL, NULL, NULL, NULL, has_schema_privilege('pg_monitor', relnamespace, 'USAGE'), NULL
              FROM relation
              JOIN pg_catalog.pg_class AS c USING (oid)
              JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
             UNION ALL
            SELECT 'check', 0, NULL, NULL, expression, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
              FROM (
                SELECT conbin::text FROM type JOIN pg_catalog.pg_constraint ON contypid = type.oid
                 WHERE conbin IS NOT NULL AND target
                 UNION ALL
                -- Planning puts a virtual column's expression in its place.
                SELECT adbin::text
                  FROM relation
                  JOIN pg_catalog.pg_attribute ON attrelid = relation.oid AND attgenerated = 'v'
                  JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
             ) AS evaluated(expression)
             UNION ALL
            SELECT 'planned', 0, NULL, NULL, expression, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
              FROM relation
             CROSS JOIN LATERAL (
                SELECT unnest(ARRAY[indexprs::text, indpred::text]) FROM pg_catalog.pg_index WHERE indrelid = relation.oid
                 UNION ALL
                SELECT conbin::text FROM pg_catalog.pg_constraint WHERE conrelid = relation.oid AND contype = 'c'
                 UNION ALL
                SELECT stxexprs::text FROM pg_catalog.pg_statistic_ext WHERE stxrelid = relation.oid
                 UNION ALL
                SELECT partexprs::text FROM pg_catalog.pg_partitioned_table WHERE partrelid = relation.oid
                 UNION ALL
                -- Where a change is explained.
                SELECT adbin::text
                  FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
                 WHERE attrelid = relation.oid AND attgenerated = 's'
             ) AS stored(expression)
             WHERE expression ~ ':(funcid|opfuncid|opno|consttype) [0-9]{5,}'
            """;

    private static final String CASTS = """
            WITH RECURSIVE source(type) AS (
                SELECT unnest(?::oid[])
                 UNION
                SELECT unnest(ARRAY[typelem, typbasetype]) FROM source JOIN pg_catalog.pg_type ON oid = type)
            SELECT castfunc::bigint FROM pg_catalog.pg_cast JOIN source ON castsource = type
             WHERE castfunc >= 16384 AND castcontext <> 'e'
            """;

    /** A function's result becomes its declared type by such a cast, which the tree of its body does not show. */
    static List<Function> castsOf(Connection connection, Collection<Long> sources) throws SQLException {
        List<Long> casts = new ArrayList<>();
        Aside.ask(connection, CASTS, row -> casts.add(row.getLong(1)), Aside.oids(sources));
        List<Long> none = List.of();
        return casts.isEmpty()
                ? List.of()
                : lookUp(connection, casts, none, none, none, none, false).functions();
    }

    static Catalogue lookUp(
            Connection connection,
            Collection<Long> functions,
            Collection<Long> operators,
            Collection<Long> types,
            Collection<Long> targets,
            Collection<Long> relations,
            boolean citus)
            throws SQLException {
        String distributed =
                citus ? "EXISTS (SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = c.oid)" : "false";
        Catalogue found = new Catalogue(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Aside.ask(
                connection,
                LOOK_UP.formatted(distributed),
                found::add,
                Aside.oids(types),
                Aside.oids(targets),
                Aside.oids(relations),
                Aside.oids(operators),
                Aside.oids(functions));
        return found;
    }

    private void add(ResultSet row) throws SQLException {
        switch (row.getString("kind")) {
            case "function" -> functions.add(function(row));
            case "relation" -> relations.add(relation(row));
            case "check" -> checks.add(row.getString("detail"));
            default -> planned.add(row.getString("detail"));
        }
    }

    private static Function function(ResultSet row) throws SQLException {
        String names = row.getString("names");
        String arguments = row.getString("detail");
        return new Function(
                row.getLong("oid"),
                row.getString("schema"),
                row.getString("name"),
                written(row.getString("schema")) + "." + written(row.getString("name")) + "(" + arguments + ")",
                row.getString("letter").charAt(0),
                row.getString("language"),
                row.getBoolean("flag"),
                row.getBoolean("other_flag"),
                row.getString("extension"),
                row.getString("body"),
                row.getString("defaults"),
                row.getBoolean("powerful"),
                arguments,
                names.isEmpty() ? List.of() : List.of(names.split(",", -1)),
                Stream.of(row.getString("results").split(",", -1))
                        .map(Long::valueOf)
                        .toList(),
                row.getBoolean("monitor"),
                row.getBoolean("reader"));
    }

    private static Relation relation(ResultSet row) throws SQLException {
        return new Relation(
                row.getLong("oid"),
                row.getString("schema"),
                row.getString("name"),
                row.getString("letter").charAt(0),
                row.getBoolean("flag"),
                row.getString("extension"),
                row.getBoolean("other_flag"),
                row.getBoolean("monitor"));
    }

    private static String written(String name) {
        return name.matches("[a-z_][a-z0-9_$]*") ? name : '"' + name.replace("\"", "\"\"") + '"';
    }

    /** Without white space, in lower case and without the schema public; what is quoted stays as it is. */
    static String normalised(String signature) {
        return QUOTED_OR_NOT
                .matcher(signature)
                .replaceAll(part -> Matcher.quoteReplacement(
                        part.group().startsWith("\"")
                                ? part.group()
                                : part.group().replaceAll("\\s+", "").toLowerCase(Locale.ROOT)))
                .replaceAll("(?<![\\w\".$])public\\.", "");
    }
}
