package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;
import org.pgcluster.citus.Table;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** How unevenly data lies: between nodes, and between hash ranges with the value behind a large one. */
public final class CitusShardSkewReport implements Reads<CitusShardSkewReport.Input, CitusShardSkewReport.Output> {
    private static final double SKEWED = 2;

    record Input(
            @Says("Only this table") Optional<String> table,

            @Says("What is compared") @Default("bytes") Metric metric,

            @Says("With the value behind large ranges") @Default("true")
            boolean includeTopShards,

            @Says("Most groups") @Default("20") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    enum Metric {
        BYTES,
        SHARD_COUNT,
        ROWS,
        WRITES
    }

    record Output(
            List<OnNode> perNode,
            @Nullable Double nodeMaxOverMean,
            List<Group> groups,
            Rest rest,
            long skewedGroups,
            List<Hot> topShards,
            @Nullable Long unknownSizes,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Double nodes = nodeMaxOverMean;
            return (nodes == null ? "" : "The fullest node carries " + nodes + " times the mean. ")
                    + (skewedGroups == 0
                            ? "No colocation group has a hash range above twice its average."
                            : Parts.many(skewedGroups, "colocation group")
                                    + " with a hash range above twice the average: rebalancing cannot split one.")
                    + Parts.withoutSize(unknownSizes)
                    + (unavailable.isEmpty() ? "" : " Partial: skew is not judged while nodes are silent.");
        }
    }

    record OnNode(int nodeId, String where, long shards, long figure, double percent) {}

    /** {@code ratio} is the largest hash range against the average range, all tables of the group together. */
    record Group(
            int colocationId,
            long ranges,
            long figure,
            @Nullable Double ratio,
            boolean skewed,
            @Nullable String largestFrom,
            @Nullable Long largestFigure) {}

    /** {@code valuePercent} is the share of the most frequent value among the shard's rows, as last analyzed. */
    record Hot(
            int colocationId,
            long shardId,
            String table,
            String node,
            long figure,
            double timesAverage,
            @Nullable String value,
            @Nullable Double valuePercent,
            String advice) {}

    record HashRange(int colocationId, String minValue, long shards, long figure, long unknown) {}

    private static final String RANGES = "WITH " + Placements.sized(SuspectRange.ONLY) + """
            SELECT colocationid AS colocation_id, shardminvalue AS min_value, count(*) AS shards,
                   coalesce(sum(CASE %L WHEN 'bytes' THEN bytes WHEN 'rows' THEN live
                                        WHEN 'writes' THEN pg_stat_get_tuples_inserted(rel) + pg_stat_get_tuples_updated(rel)
                                                           + pg_stat_get_tuples_deleted(rel)
                                        ELSE 1 END), 0)::bigint AS figure,
                   count(*) FILTER (WHERE %L = 'bytes' AND rel IS NOT NULL AND bytes IS NULL) AS unknown
              FROM sized
             GROUP BY 1, 2
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_shard_skew_report",
                "Shard skew",
                Input.class,
                Output.class,
                "How unevenly data lies over nodes and hash ranges, and which value makes a range large.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table =
                input.table().map(name -> Table.distributedNamed(citus, name)).orElse(null);
        String schema = table == null ? null : table.schema();
        String name = table == null ? null : table.name();
        String metric = input.metric().name().toLowerCase(Locale.ROOT);
        Round<HashRange> round = citus.everywhere(HashRange.class, RANGES, schema, schema, name, metric, metric);
        long unknown = round.rows().stream().mapToLong(HashRange::unknown).sum();
        Map<Integer, List<Told<HashRange>>> byGroup = new TreeMap<>();
        round.told()
                .forEach(told -> byGroup.computeIfAbsent(told.row().colocationId(), id -> new ArrayList<>())
                        .add(told));
        List<Group> groups = new ArrayList<>();
        byGroup.forEach((id, ranges) -> groups.add(group(id, ranges, round.complete())));
        Page<Group> page = Page.of(
                "skew " + input.table() + metric,
                groups,
                group -> List.of(-hundredths(group), group.colocationId()),
                input.limit(),
                0,
                input.cursor());
        List<OnNode> nodes = nodes(citus, round);
        Round<SuspectRange> suspects = new Round<>(Map.of(), List.of());
        List<Told<HashRange>> top = top(byGroup, page.rows());
        if (input.includeTopShards() && !top.isEmpty() && round.complete()) {
            suspects = citus.everywhere(
                    SuspectRange.class,
                    SuspectRange.ASK,
                    schema,
                    schema,
                    name,
                    top.stream()
                            .map(one -> String.valueOf(one.row().colocationId()))
                            .toList(),
                    top.stream().map(one -> one.row().minValue()).toList(),
                    context.cluster().rowDataAllowed());
        }
        double mean = nodes.stream().mapToLong(OnNode::figure).average().orElse(0);
        return new Output(
                nodes,
                mean == 0 || !round.complete() || unknown > 0 || nodes.size() < 2
                        ? null
                        : Math.round(nodes.stream()
                                                .mapToLong(OnNode::figure)
                                                .max()
                                                .orElse(0)
                                        * 100.0
                                        / mean)
                                / 100.0,
                page.rows(),
                page.rest(),
                groups.stream().filter(Group::skewed).count(),
                hot(citus, groups, suspects),
                unknown == 0 ? null : Long.valueOf(unknown),
                Parts.unavailable(round, suspects));
    }

    private static long hundredths(Group group) {
        Double ratio = group.ratio();
        return ratio == null ? 0 : Math.round(ratio * 100);
    }

    private static List<OnNode> nodes(Citus citus, Round<HashRange> round) {
        double total = round.rows().stream().mapToLong(HashRange::figure).sum();
        List<OnNode> nodes = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            List<HashRange> here = round.byNode().getOrDefault(node.nodeId(), List.of());
            if (node.holdsShards() || !here.isEmpty()) {
                long figure = here.stream().mapToLong(HashRange::figure).sum();
                nodes.add(new OnNode(
                        node.nodeId(),
                        node.where(),
                        here.stream().mapToLong(HashRange::shards).sum(),
                        figure,
                        total == 0 ? 0 : Math.round(figure * 1000.0 / total) / 10.0));
            }
        }
        return nodes;
    }

    private static Group group(int id, List<Told<HashRange>> ranges, boolean complete) {
        long figure = ranges.stream().mapToLong(told -> told.row().figure()).sum();
        Told<HashRange> largest = ranges.stream()
                .max(Comparator.comparingLong(
                                (Told<HashRange> told) -> told.row().figure())
                        .thenComparing(told -> told.row().minValue()))
                .orElseThrow();
        boolean measured =
                complete && ranges.stream().allMatch(told -> told.row().unknown() == 0);
        Double ratio = !measured || ranges.size() < 2 || figure == 0
                ? null
                : Math.round(largest.row().figure() * 100.0 * ranges.size() / figure) / 100.0;
        return new Group(
                id,
                ranges.size(),
                figure,
                ratio,
                ratio != null && ratio >= SKEWED,
                ratio == null ? null : largest.row().minValue(),
                ratio == null ? null : largest.row().figure());
    }

    /** The largest range of each skewed group. */
    private static List<Told<HashRange>> top(Map<Integer, List<Told<HashRange>>> byGroup, List<Group> groups) {
        List<Told<HashRange>> top = new ArrayList<>();
        for (Group group : groups) {
            if (group.skewed()) {
                byGroup.getOrDefault(group.colocationId(), List.of()).stream()
                        .filter(told -> told.row().minValue().equals(group.largestFrom()))
                        .forEach(top::add);
            }
        }
        return top;
    }

    private static List<Hot> hot(Citus citus, List<Group> groups, Round<SuspectRange> suspects) {
        List<Hot> hot = new ArrayList<>();
        for (Told<SuspectRange> told : suspects.told()) {
            SuspectRange suspect = told.row();
            Group group = groups.stream()
                    .filter(one -> one.colocationId() == suspect.colocationId())
                    .findFirst()
                    .orElseThrow();
            Double ratio = group.ratio();
            Long figure = group.largestFigure();
            hot.add(new Hot(
                    suspect.colocationId(),
                    suspect.shardId(),
                    suspect.name(),
                    told.nodeId() + " " + citus.where(told.nodeId()),
                    figure == null ? 0 : figure,
                    ratio == null ? 0 : ratio,
                    suspect.value(),
                    suspect.share(),
                    suspect.advice()));
        }
        hot.sort(Comparator.comparingDouble((Hot one) -> -one.timesAverage())
                .thenComparing(Hot::shardId)
                .thenComparing(Hot::node));
        return hot;
    }
}
