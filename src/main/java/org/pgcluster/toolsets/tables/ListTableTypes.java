package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Slice;
import org.pgcluster.citus.TableKind;
import org.pgcluster.citus.TableSize;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Every table of the database by the way it lies in the cluster. */
public final class ListTableTypes implements Reads<ListTableTypes.Input, ListTableTypes.Output> {
    record Input(
            @Says("Only this schema") Optional<String> schema,
            @Says("Only this kind") Optional<TableKind> type,

            @Says("Most rows") @Default("100") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Count> counts, List<Row> tables, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            String kinds = counts.stream()
                    .map(count -> count.tables() + " "
                            + count.type().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .collect(Collectors.joining(", "));
            return (kinds.isEmpty() ? "No tables" : "Tables: " + kinds)
                    + (unmeasured() == 0
                            ? ""
                            : ". " + unmeasured()
                                    + " without a size: somebody holds it or a shard exclusively, or a shard is gone")
                    + (unavailable.isEmpty()
                            ? "."
                            : ". Partial: " + unavailable.size() + (unavailable.size() == 1 ? " node" : " nodes")
                                    + " gave no sizes.");
        }

        /** A node that does not answer is told apart. */
        private long unmeasured() {
            return unavailable.isEmpty()
                    ? tables.stream().filter(table -> table.bytes() == null).count()
                    : 0;
        }
    }

    record Count(TableKind type, long tables) {}

    record Row(
            String schema,
            String name,
            TableKind type,
            @Nullable String distributionColumn,
            long partitions,
            @Nullable Long bytes) {}

    private record Found(
            String schema,
            String name,
            TableKind type,
            @Nullable String distributionColumn,
            long partitions,
            @Nullable Long localBytes,
            long total) {}

    /** Tables of extensions and of the system belong to nobody who would distribute them. */
    private static final String TABLES = """
            WITH every AS (
                SELECT shell.oid, space.nspname AS schema, shell.relname AS name, part.partkey,
                   {kind} AS type
                  FROM pg_class AS shell
                  JOIN pg_namespace AS space ON space.oid = shell.relnamespace
                  LEFT JOIN pg_dist_partition AS part ON part.logicalrelid = shell.oid
                 WHERE shell.relkind IN ('r', 'p', 'f') AND NOT shell.relispartition AND shell.relpersistence <> 't'
                   AND space.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                   AND (part.logicalrelid IS NOT NULL
                        OR (NOT relation_is_a_known_shard(shell.oid)
                            AND NOT EXISTS (SELECT FROM pg_depend AS owned
                                             WHERE owned.classid = 'pg_class'::regclass AND owned.objid = shell.oid
                                               AND owned.deptype = 'e')))
            ), wanted AS (
                SELECT * FROM every WHERE ?::text IS NULL OR schema = ?::text
            )
            """;

    private static final String COUNTS = TABLES + "SELECT type, count(*) AS tables FROM wanted GROUP BY 1 ORDER BY 1";

    private static final String PAGE = TABLES + """
            , matching AS (
                SELECT *, count(*) OVER () AS total FROM wanted WHERE ?::text IS NULL OR type = ?::text
            ), page AS (
                SELECT * FROM matching WHERE ?::text IS NULL OR (schema, name) > (?::name, ?::name)
                 ORDER BY schema, name LIMIT ?::bigint
            )
            SELECT schema, name, type, column_to_column_name(oid, partkey) AS distribution_column,
                   (SELECT count(*) FROM pg_partition_tree(page.oid) WHERE level > 0) AS partitions,
                   CASE WHEN type = 'plain' AND NOT EXISTS (
                             SELECT FROM pg_locks AS held
                              WHERE held.mode = 'AccessExclusiveLock' AND held.relation IN (
                                    SELECT page.oid UNION SELECT relid FROM pg_partition_tree(page.oid)
                                     UNION SELECT indexrelid FROM pg_index WHERE indrelid = page.oid))
                        THEN coalesce(
                        (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(page.oid)),
                        pg_total_relation_size(page.oid))::bigint END AS local_bytes, total
              FROM page
             ORDER BY schema, name
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "list_table_types",
                "List table types",
                Input.class,
                Output.class,
                "Which tables are distributed, reference, single-shard, by schema, local to Citus or plain, with true sizes.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        String list = "types " + input.schema() + input.type();
        List<@Nullable Object> after = Slice.after(list, input.cursor(), 2);
        String schema = input.schema().orElse(null);
        String type =
                input.type().map(kind -> kind.name().toLowerCase(Locale.ROOT)).orElse(null);
        List<Count> counts = citus.sql().list(Count.class, citus.forThisVersion(COUNTS), schema, schema);
        List<Found> found = citus.sql()
                .list(
                        Found.class,
                        citus.forThisVersion(PAGE),
                        schema,
                        schema,
                        type,
                        type,
                        after.get(0),
                        after.get(0),
                        after.get(1),
                        input.limit() + 1L);
        Slice<Found> page =
                Slice.of(list, found, input.limit(), one -> List.of(one.schema(), one.name()), Found::total);
        List<Found> shown = page.rows();
        List<Found> managed =
                shown.stream().filter(table -> table.type() != TableKind.PLAIN).toList();
        Round<TableSize> sizes = TableSize.ask(
                citus,
                managed.stream().map(Found::schema).toList(),
                managed.stream().map(Found::name).toList());
        return new Output(
                counts,
                rows(shown, TableSize.bytesByTable(sizes)),
                page.rest(),
                sizes.silent().stream()
                        .map(one -> new Unavailable("citus", one.where(), one.why()))
                        .toList());
    }

    private static List<Row> rows(List<Found> shown, Map<String, Long> bytes) {
        List<Row> rows = new ArrayList<>();
        for (Found table : shown) {
            rows.add(new Row(
                    table.schema(),
                    table.name(),
                    table.type(),
                    table.distributionColumn(),
                    table.partitions(),
                    table.type() == TableKind.PLAIN
                            ? table.localBytes()
                            : bytes.get(table.schema() + "." + table.name())));
        }
        return rows;
    }
}
