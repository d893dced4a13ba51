package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What a schema holds. Only the page that is shown is measured, so that the number of tables costs nothing. */
public final class ListObjects implements Reads<ListObjects.Input, ListObjects.Output> {
    record Input(
            @Says("As list_schemas names it") String schema,
            @Says("Only this kind") Optional<ObjectNames.Type> type,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(String schema, List<Row> objects, long ofExtensions, Rest rest, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            return rest.total() + (rest.total() == 1 ? " object" : " objects") + " in " + schema
                    + ". Rows are estimates; bytes include indexes and, on Citus, all copies."
                    + (ofExtensions == 0 ? "" : " " + ofExtensions + " more belong to extensions.")
                    + (unavailable.isEmpty() ? "" : " Partial: sizes lack what lies on nodes that gave no answer.");
        }
    }

    /** {@code rows} and {@code bytes} are missing where nobody knows them: never analyzed, locked, or no storage. */
    record Row(
            String type,
            String name,
            @Nullable Long rows,
            @Nullable Long bytes,
            @Nullable Long partitions,
            @Nullable String citus,
            @Nullable String comment) {}

    private record Found(
            long oid,
            int rank,
            String type,
            String name,
            @Nullable Long rows,
            @Nullable Long bytes,
            @Nullable Long partitions,
            @Nullable String comment,
            boolean relation,
            long total) {}

    private record Count(long members) {}

    /** Sequences of columns and partitions are told with their tables; members of extensions only counted. */
    private static final String PAGE = """
            WITH RECURSIVE objects AS (
                SELECT oid, 1259::oid AS class, relname::text AS name,
                       CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'S' THEN 'sequence'
                                    WHEN 'f' THEN 'foreign_table' ELSE 'table' END AS wanted,
                       CASE relkind WHEN 'p' THEN 'partitioned table' WHEN 'm' THEN 'materialized view'
                                    WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table'
                                    ELSE 'table' END AS type,
                       CASE relkind WHEN 'f' THEN 2 WHEN 'v' THEN 3 WHEN 'm' THEN 4 WHEN 'S' THEN 5 ELSE 1 END AS rank
                  FROM pg_class AS rel
                 WHERE relnamespace = ?::oid AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT relispartition
                   AND NOT (relkind = 'S' AND EXISTS (
                            SELECT FROM pg_depend WHERE classid = 1259 AND objid = rel.oid
                               AND refclassid = 1259 AND deptype IN ('a', 'i')))
                UNION ALL
                SELECT oid, 1255, proname || '(' || pg_get_function_identity_arguments(oid) || ')',
                       CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
                       CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, 6
                  FROM pg_proc WHERE pronamespace = ?::oid
                UNION ALL
                SELECT oid, 1247, typname, 'type',
                       CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range'
                                    WHEN 'c' THEN 'composite type' ELSE 'type' END, 7
                  FROM pg_type AS kind
                 WHERE typnamespace = ?::oid
                   AND (typtype IN ('e', 'd', 'r') OR (typtype = 'b' AND typcategory <> 'A')
                        OR (typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE oid = typrelid AND relkind = 'c')))
                UNION ALL
                SELECT oid, 3079, extname || ' ' || extversion, 'extension', 'extension', 8
                  FROM pg_extension WHERE ?::text = 'extension'
            ), own AS (
                SELECT *, count(*) OVER () AS total FROM objects
                 WHERE (?::text IS NULL OR wanted = ?::text)
                   AND NOT EXISTS (SELECT FROM pg_depend AS member
                                    WHERE member.classid = objects.class AND member.objid = objects.oid
                                      AND member.deptype = 'e')
            ), page AS MATERIALIZED (
                SELECT * FROM own
                 WHERE ?::text IS NULL OR (rank, name, oid) > (?::int, ?::text, ?::oid)
                 ORDER BY rank, name, oid LIMIT ?::int
            ), locked AS MATERIALIZED (
                SELECT coalesce(index.indrelid, held.relation) AS rel FROM pg_locks AS held
                  LEFT JOIN pg_index AS index ON index.indexrelid = held.relation
                 WHERE held.locktype = 'relation' AND held.mode = 'AccessExclusiveLock'
                   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            ), tree AS ( -- pg_partition_tree would wait for what somebody holds
                SELECT oid AS root, oid AS relid FROM page WHERE class = 1259
                UNION ALL
                SELECT tree.root, inhrelid FROM tree JOIN pg_inherits ON inhparent = tree.relid
                  JOIN pg_class AS child ON child.oid = inhrelid AND child.relispartition
            ), leaves AS (
                SELECT tree.root AS oid, leaf.reltuples, leaf.relkind,
                       CASE WHEN leaf.relkind IN ('r', 'm', 'S') AND NOT EXISTS (
                                 SELECT FROM locked WHERE locked.rel IN (leaf.oid, leaf.reltoastrelid))
                            THEN pg_total_relation_size(leaf.oid) END AS bytes
                  FROM tree JOIN pg_class AS leaf ON leaf.oid = tree.relid
                 WHERE leaf.relkind <> 'p'
            ), measured AS (
                SELECT oid, CASE WHEN bool_and(relkind IN ('r', 'm', 'f') AND reltuples >= 0)
                                 THEN sum(reltuples)::bigint END AS rows,
                       sum(bytes)::bigint AS bytes, count(*) AS leaves
                  FROM leaves GROUP BY oid
            )
            SELECT page.oid::bigint AS oid, rank, type, name, rows, bytes,
                   CASE WHEN type = 'partitioned table' THEN coalesce(leaves, 0) END AS partitions,
                   obj_description(page.oid, page.class::regclass::name) AS comment, page.class = 1259 AS relation, total
              FROM page
              LEFT JOIN measured ON measured.oid = page.oid
             ORDER BY rank, name, page.oid
            """;

    private static final String MEMBERS = """
            SELECT count(*) AS members FROM pg_depend
             WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
               AND (classid = 'pg_class'::regclass AND objid IN (SELECT oid FROM pg_class WHERE relnamespace = ?::oid)
                    OR classid = 'pg_proc'::regclass AND objid IN (SELECT oid FROM pg_proc WHERE pronamespace = ?::oid))
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "list_objects",
                "List objects",
                Input.class,
                Output.class,
                "Tables, views, sequences, functions and types of a schema with rows, bytes, comments and how Citus"
                        + " distributes them.");
    }

    @Override
    public Output read(Input input, Context context) {
        Sql sql = context.sql();
        long schema = ObjectNames.schema(sql, input.schema());
        String type = input.type().map(ObjectNames.Type::word).orElse(null);
        String list = "objects " + schema + " " + type;
        List<@Nullable Object> after =
                input.cursor().map(text -> Cursor.read(list, text)).orElse(List.of(""));
        boolean first = after.size() == 1;
        Object name = first ? null : after.get(1);
        List<Found> found = sql.list(
                Found.class,
                PAGE,
                schema,
                schema,
                schema,
                type,
                type,
                type,
                name,
                first ? null : after.get(0),
                name,
                first ? null : after.get(2),
                input.limit() + 1);
        List<Found> shown = found.subList(0, Math.min(input.limit(), found.size()));
        Found last = shown.isEmpty() ? null : shown.get(shown.size() - 1);
        String cursor = last == null || shown.size() == found.size()
                ? null
                : Cursor.write(list, List.of(last.rank(), last.name(), last.oid()));
        Shards shards = Shards.of(
                context, shown.stream().filter(Found::relation).map(Found::oid).toList());
        return new Output(
                input.schema(),
                rows(shown, shards),
                sql.one(Count.class, MEMBERS, schema, schema).members(),
                new Rest(shown.size(), last == null ? 0 : last.total(), cursor),
                shards.unavailable());
    }

    private static List<Row> rows(List<Found> shown, Shards shards) {
        List<Row> rows = new ArrayList<>();
        Map<Long, Shards.Spread> spread = shards.byTable();
        for (Found one : shown) {
            Shards.Spread citus = spread.get(one.oid());
            rows.add(new Row(
                    one.type(),
                    one.name(),
                    citus == null ? one.rows() : citus.rows(),
                    citus == null ? one.bytes() : citus.bytes(),
                    one.partitions(),
                    citus == null ? null : citus.inWords(),
                    one.comment()));
        }
        return rows;
    }
}
