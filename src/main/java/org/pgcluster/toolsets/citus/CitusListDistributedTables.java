package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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

/** The tables that Citus manages, partitions counted under their parent. */
public final class CitusListDistributedTables
        implements Reads<CitusListDistributedTables.Input, CitusListDistributedTables.Output> {
    record Input(
            @Says("Only this schema") Optional<String> schema,
            @Says("Only this kind") @Default("all") Wanted tableType,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("Rows to skip") @Default("0") @Range(min = 0, max = 1_000_000)
            int offset,

            @Says("From the last answer") Optional<String> cursor) {}

    enum Wanted {
        ALL,
        DISTRIBUTED,
        REFERENCE,
        SCHEMA,
        SINGLE_SHARD,
        CITUS_LOCAL;

        @Nullable
        String kind() {
            return this == ALL ? null : name().toLowerCase(Locale.ROOT);
        }
    }

    record Output(List<Row> tables, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            return Parts.many(rest.total(), "table") + ". Bytes are all copies with indexes; rows are estimates."
                    + Parts.partial(unavailable);
        }
    }

    /** {@code bytes} is missing where no node that holds the table answered. */
    record Row(
            String schema,
            String name,
            TableKind kind,
            @Nullable String distributionColumn,
            int colocationId,
            long shardCount,
            long replicationFactor,
            long partitions,
            @Nullable Long bytes,
            @Nullable Long rows,
            long unknownSizes,
            String owner,
            @Nullable String accessMethod) {}

    private record Found(
            String schema,
            String name,
            TableKind kind,
            @Nullable String distributionColumn,
            int colocationId,
            long shardCount,
            long replicationFactor,
            long partitions,
            String owner,
            @Nullable String accessMethod,
            long total) {}

    private static final String PAGE = """
            WITH matching AS (
                SELECT shell.oid, space.nspname AS schema, shell.relname AS name, shell.relowner, shell.relam,
                       part.partkey, part.colocationid,
                   {kind} AS kind
                  FROM pg_dist_partition AS part
                  JOIN pg_class AS shell ON shell.oid = part.logicalrelid
                  JOIN pg_namespace AS space ON space.oid = shell.relnamespace
                 WHERE NOT shell.relispartition
            ), wanted AS (
                SELECT *, count(*) OVER () AS total FROM matching
                 WHERE (?::text IS NULL OR schema = ?::text) AND (?::text IS NULL OR kind = ?::text)
            ), page AS (
                SELECT * FROM wanted
                 WHERE ?::text IS NULL OR (schema, name) > (?::name, ?::name)
                 ORDER BY schema, name
                 OFFSET ?::bigint LIMIT ?::bigint
            ), placed AS (
                SELECT shard.logicalrelid, shard.shardid, count(place.placementid) AS copies
                  FROM pg_dist_shard AS shard
                  LEFT JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
                 WHERE shard.logicalrelid IN (SELECT oid FROM page)
                 GROUP BY 1, 2
            )
            SELECT schema, name, kind, column_to_column_name(page.oid, partkey) AS distribution_column,
                   colocationid AS colocation_id,
                   (SELECT count(*) FROM placed WHERE logicalrelid = page.oid) AS shard_count,
                   coalesce((SELECT max(copies) FROM placed WHERE logicalrelid = page.oid), 0) AS replication_factor,
                   (SELECT count(*) FROM pg_partition_tree(page.oid) WHERE level > 0) AS partitions,
                   pg_get_userbyid(relowner) AS owner, method.amname AS access_method, total
              FROM page
              LEFT JOIN pg_am AS method ON method.oid = page.relam
             ORDER BY schema, name
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_list_distributed_tables",
                "List distributed tables",
                Input.class,
                Output.class,
                "Tables that Citus manages: kind, distribution column, colocation, shards, bytes and rows over all"
                        + " nodes.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        String list = "tables " + input.schema() + input.tableType();
        List<@Nullable Object> after = Slice.after(list, input.cursor(), 2);
        String schema = input.schema().orElse(null);
        String kind = input.tableType().kind();
        List<Found> found = citus.sql()
                .list(
                        Found.class,
                        citus.forThisVersion(PAGE),
                        schema,
                        schema,
                        kind,
                        kind,
                        after.get(0),
                        after.get(0),
                        after.get(1),
                        input.offset(),
                        input.limit() + 1L);
        Slice<Found> page =
                Slice.of(list, found, input.limit(), one -> List.of(one.schema(), one.name()), Found::total);
        List<Found> shown = page.rows();
        Round<TableSize> sizes = TableSize.ask(
                citus,
                shown.stream().map(Found::schema).toList(),
                shown.stream().map(Found::name).toList());
        return new Output(rows(shown, sizes), page.rest(), Parts.unavailable(sizes.silent()));
    }

    private static List<Row> rows(List<Found> shown, Round<TableSize> sizes) {
        Map<String, List<TableSize>> byTable = new LinkedHashMap<>();
        for (TableSize size : sizes.rows()) {
            byTable.computeIfAbsent(size.schema() + "." + size.name(), name -> new ArrayList<>())
                    .add(size);
        }
        List<Row> rows = new ArrayList<>();
        for (Found table : shown) {
            List<TableSize> told = byTable.getOrDefault(table.schema() + "." + table.name(), List.of());
            rows.add(row(table, told));
        }
        return rows;
    }

    private static Row row(Found table, List<TableSize> told) {
        Long bytes = null;
        Long rows = null;
        long unknown = 0;
        for (TableSize size : told) {
            Long here = size.bytes();
            bytes = here == null ? bytes : Long.valueOf(here + (bytes == null ? 0 : bytes));
            long before = rows == null ? 0 : rows;
            rows = table.kind() == TableKind.REFERENCE ? Math.max(before, size.rows()) : before + size.rows();
            unknown += size.unknown();
        }
        return new Row(
                table.schema(),
                table.name(),
                table.kind(),
                table.distributionColumn(),
                table.colocationId(),
                table.shardCount(),
                table.replicationFactor(),
                table.partitions(),
                bytes,
                rows,
                unknown,
                table.owner(),
                table.accessMethod());
    }
}
