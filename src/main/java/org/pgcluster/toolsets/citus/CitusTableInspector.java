package org.pgcluster.toolsets.citus;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Table;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** All about one table, measured on its shards; partitions are counted in. */
public final class CitusTableInspector implements Reads<CitusTableInspector.Input, CitusTableInspector.Output> {
    record Input(
            @Says("Schema-qualified, or on the search path") String table,

            @Says("Its shards, largest first") @Default("false")
            boolean includeShards,

            @Says("Its indexes as the shards have them") @Default("false")
            boolean includeIndexes) {}

    record Output(
            String table,
            org.pgcluster.citus.TableKind kind,
            @Nullable String distributionColumn,
            int colocationId,
            long shardCount,
            long replicationFactor,
            Definition definition,
            @Nullable Measured measured,
            List<OnNode> perNode,
            List<Index> indexes,
            List<Shard> shards,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Measured sizes = measured;
            String data =
                    sizes == null ? "" : ", " + Parts.bytes(sizes.bytes()) + " and some " + sizes.rows() + " rows";
            String unread = sizes == null ? "" : Parts.unread(sizes.unknownSizes());
            return table + " is a "
                    + kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-')
                    + " table with " + Parts.many(shardCount, "shard") + data + "."
                    + (definition.movableOnline()
                            ? ""
                            : " Its shards cannot move online: " + definition.whyNotMovable() + ".")
                    + (shards.size() == MOST_SHARDS
                            ? " Its " + MOST_SHARDS + " largest shards are shown; list_shards pages through all."
                            : "")
                    + unread
                    + Parts.partial(unavailable);
        }
    }

    /** {@code movableOnline} asks for an identity of every table and partition of the colocation group. */
    record Definition(
            String owner,
            @Nullable String accessMethod,
            @Nullable String partitionOf,
            long partitions,
            String replicaIdentity,
            @Nullable String primaryKey,
            boolean movableOnline,
            @Nullable String whyNotMovable,
            List<String> references,
            List<String> referencedBy,
            long triggers,
            List<String> colocatedWith,
            long colocatedTables) {}

    /**
     * Times are the oldest of any shard; one shard never vacuumed or analyzed counts. Which shard is large is said only
     * where every size is known.
     */
    record Measured(
            long bytes,
            long rows,
            long deadRows,
            @Nullable Long smallestShardBytes,
            @Nullable Long medianShardBytes,
            @Nullable Long largestShardBytes,
            @Nullable Long largestShardId,
            @Nullable Instant oldestVacuum,
            @Nullable Instant oldestAnalyze,
            long neverVacuumed,
            long neverAnalyzed,
            long missing,
            long unknownSizes) {}

    record OnNode(int nodeId, String where, long shards, long bytes, long rows, long deadRows) {}

    record Index(
            String name,
            String definition,
            boolean unique,
            boolean valid,
            boolean withDistributionColumn,
            long bytes,
            long scans,
            long missingOnShards,
            long invalidOnShards) {}

    record Shard(
            long shardId,
            String node,
            @Nullable String minValue,
            @Nullable Long bytes,
            long rows,
            long deadRows) {}

    private static final int MOST_SHARDS = 200;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_table_inspector",
                "Inspect a Citus table",
                Input.class,
                Output.class,
                "One Citus table measured on its shards: keys, bytes, dead rows, vacuum, missing indexes, whether it moves online.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table = Table.distributedNamed(citus, input.table());
        TableFacts facts = TableFacts.of(citus, table);
        Round<ShardFacts.Range> ranges;
        List<Index> indexes = List.of();
        List<Unavailable> unavailable;
        if (input.includeIndexes()) {
            var both =
                    citus.atOnce(asking -> ShardFacts.ask(asking, facts), asking -> ShardFacts.indexes(asking, facts));
            ranges = both.one();
            indexes = facts.indexes(both.other().rows());
            unavailable = Parts.unavailable(ranges, both.other());
        } else {
            ranges = ShardFacts.ask(citus, facts);
            unavailable = Parts.unavailable(ranges.silent());
        }
        return new Output(
                table.qualified(),
                table.kind(),
                table.distributionColumn(),
                table.colocationId(),
                facts.shardCount(),
                facts.replicationFactor(),
                facts.definition(),
                measured(table, ranges),
                perNode(citus, ranges),
                indexes,
                input.includeShards() ? shards(citus, ranges) : List.of(),
                unavailable);
    }

    private static @Nullable Measured measured(Table table, Round<ShardFacts.Range> round) {
        List<ShardFacts.Range> ranges = new ArrayList<>(round.rows());
        if (ranges.isEmpty()) {
            return null;
        }
        ranges.sort(Comparator.comparingLong(ShardFacts.Range::bytes).thenComparingLong(ShardFacts.Range::shardId));
        ShardFacts.Range largest = ranges.get(ranges.size() - 1);
        long unknown = sum(ranges, ShardFacts.Range::unknown);
        boolean copies = table.kind() == org.pgcluster.citus.TableKind.REFERENCE;
        return new Measured(
                sum(ranges, ShardFacts.Range::bytes),
                copies ? largest.rows() : sum(ranges, ShardFacts.Range::rows),
                copies ? largest.deadRows() : sum(ranges, ShardFacts.Range::deadRows),
                unknown == 0 ? ranges.get(0).bytes() : null,
                unknown == 0 ? ranges.get(ranges.size() / 2).bytes() : null,
                unknown == 0 ? largest.bytes() : null,
                unknown == 0 ? largest.shardId() : null,
                oldest(ranges, ShardFacts.Range::oldestVacuum),
                oldest(ranges, ShardFacts.Range::oldestAnalyze),
                sum(ranges, ShardFacts.Range::neverVacuumed),
                sum(ranges, ShardFacts.Range::neverAnalyzed),
                sum(ranges, ShardFacts.Range::missing),
                unknown);
    }

    private static long sum(List<ShardFacts.Range> ranges, java.util.function.ToLongFunction<ShardFacts.Range> figure) {
        return ranges.stream().mapToLong(figure).sum();
    }

    private interface Time {
        @Nullable
        Instant of(ShardFacts.Range range);
    }

    private static @Nullable Instant oldest(List<ShardFacts.Range> ranges, Time time) {
        return ranges.stream()
                .flatMap(range -> Optional.ofNullable(time.of(range)).stream())
                .min(Comparator.naturalOrder())
                .orElse(null);
    }

    private static List<OnNode> perNode(Citus citus, Round<ShardFacts.Range> round) {
        List<OnNode> nodes = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            List<ShardFacts.Range> here = round.byNode().get(node.nodeId());
            if (here != null) {
                nodes.add(new OnNode(
                        node.nodeId(),
                        node.where(),
                        here.size(),
                        sum(here, ShardFacts.Range::bytes),
                        sum(here, ShardFacts.Range::rows),
                        sum(here, ShardFacts.Range::deadRows)));
            }
        }
        return nodes;
    }

    private static List<Shard> shards(Citus citus, Round<ShardFacts.Range> round) {
        return round.told().stream()
                .sorted(Comparator.comparingLong((Round.Told<ShardFacts.Range> told) ->
                                -told.row().bytes())
                        .thenComparing(told -> told.row().shardId())
                        .thenComparing(Round.Told::nodeId))
                .limit(MOST_SHARDS)
                .map(told -> new Shard(
                        told.row().shardId(),
                        told.nodeId() + " " + citus.where(told.nodeId()),
                        told.row().minValue(),
                        told.row().unknown() == 0 ? told.row().bytes() : null,
                        told.row().rows(),
                        told.row().deadRows()))
                .toList();
    }
}
