package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Table;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** How many shards and bytes each node carries. */
public final class CitusShardDistribution
        implements Reads<CitusShardDistribution.Input, CitusShardDistribution.Output> {
    record Input(@Says("Only this table") Optional<String> table) {}

    record Output(@Nullable String table, List<Row> nodes, long shards, long bytes, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            return Parts.many(shards, "shard placement") + " with " + Parts.bytes(bytes) + " on "
                    + Parts.many(nodes.size(), "node") + ", reference tables apart."
                    + Parts.unread(nodes, Row::unknownSizes) + Parts.partial(unavailable);
        }
    }

    /** What is copied everywhere says nothing about balance, so it stands apart. */
    record Row(
            int nodeId,
            String where,
            boolean shouldHaveShards,
            long shards,
            @Nullable Long bytes,
            @Nullable Double percentOfBytes,
            long copiesOfReferenceTables,
            @Nullable Long bytesOfReferenceTables,
            @Nullable Long unknownSizes) {}

    private record Count(int groupId, long shards, long copies) {}

    record Size(long bytes, long copied, long unknown) {}

    private static final String COUNTS = """
            SELECT place.groupid AS group_id, count(*) FILTER (WHERE part.repmodel <> 't') AS shards,
                   count(*) FILTER (WHERE part.repmodel = 't') AS copies
              FROM pg_dist_placement AS place
              JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
              JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
             WHERE ?::oid IS NULL OR shard.logicalrelid IN (
                       SELECT ?::oid UNION SELECT relid FROM pg_partition_tree(?::oid::regclass))
             GROUP BY 1 ORDER BY 1
            """;

    private static final String SIZES = "WITH " + Placements.sized("""
            (%L IS NULL OR shell.oid IN (
                SELECT coalesce(tree.relid::oid, top.oid) FROM pg_class AS top
                  JOIN pg_namespace AS its ON its.oid = top.relnamespace
                  LEFT JOIN LATERAL pg_partition_tree(top.oid) AS tree ON true
                 WHERE its.nspname = %L AND top.relname = %L))
            """) + """
            SELECT coalesce(sum(bytes) FILTER (WHERE part.repmodel <> 't'), 0)::bigint AS bytes,
                   coalesce(sum(bytes) FILTER (WHERE part.repmodel = 't'), 0)::bigint AS copied,
                   count(*) FILTER (WHERE bytes IS NULL) AS unknown
              FROM sized
              JOIN pg_dist_partition AS part ON part.logicalrelid = sized.shell
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_shard_distribution",
                "Shard distribution",
                Input.class,
                Output.class,
                "Shards and bytes on each node, of the whole cluster or one table.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table =
                input.table().map(name -> Table.distributedNamed(citus, name)).orElse(null);
        Object oid = table == null ? null : table.oid();
        String schema = table == null ? null : table.schema();
        String name = table == null ? null : table.name();
        List<Count> counts = citus.sql().list(Count.class, COUNTS, oid, oid, oid);
        Round<Size> sizes = citus.everywhere(Size.class, SIZES, schema, schema, name);
        long bytes = sizes.rows().stream().mapToLong(Size::bytes).sum();
        boolean all = sizes.complete() && sizes.rows().stream().allMatch(size -> size.unknown() == 0);
        List<Row> rows = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            if (node.primary()) {
                rows.add(row(node, counts, sizes.of(node.nodeId()), all ? bytes : 0));
            }
        }
        return new Output(
                table == null ? null : table.qualified(),
                rows,
                rows.stream().mapToLong(Row::shards).sum(),
                bytes,
                Parts.unavailable(sizes.silent()));
    }

    private static Row row(CitusNode node, List<Count> counts, Optional<Size> size, long all) {
        Count count = counts.stream()
                .filter(one -> one.groupId() == node.groupId())
                .findFirst()
                .orElse(new Count(node.groupId(), 0, 0));
        return new Row(
                node.nodeId(),
                node.where(),
                node.shouldHaveShards(),
                count.shards(),
                size.map(Size::bytes).orElse(null),
                size.filter(one -> all > 0)
                        .map(one -> Math.round(one.bytes() * 1000.0 / all) / 10.0)
                        .orElse(null),
                count.copies(),
                size.map(Size::copied).orElse(null),
                size.map(Size::unknown).orElse(null));
    }
}
