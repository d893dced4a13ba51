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
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;
import org.pgcluster.citus.Table;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** How unevenly data lies: between nodes, and between hash ranges with the value behind a large one. */
public final class CitusShardSkewReport implements Reads<CitusShardSkewReport.Input, CitusShardSkewReport.Output> {
    private static final double SKEWED = 2;
    private static final int MOST_RANGES = 10;

    record Input(
            @Says("Only this table and its partitions") Optional<String> table,

            @Says("What is compared; writes are tuples since the statistics were reset") @Default("bytes")
            Metric metric,

            @Says("The largest hash ranges with the value behind each") @Default("true")
            boolean includeTopShards) {}

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
            List<Hot> topShards,
            @Nullable Long unknownSizes,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            long skewed = groups.stream().filter(Group::skewed).count();
            Double nodes = nodeMaxOverMean;
            return (nodes == null ? "" : "The fullest node carries " + nodes + " times the mean. ")
                    + (skewed == 0
                            ? "No colocation group has a hash range above twice its average."
                            : Parts.many(skewed, "colocation group")
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

    record Range(int colocationId, String minValue, long shards, long figure, long unknown) {}

    record Suspect(
            int colocationId,
            String minValue,
            long shardId,
            String name,
            @Nullable String value,
            @Nullable Double share,
            boolean readable) {}

    private static final String ONLY = """
            part.partkey IS NOT NULL AND part.partmethod = 'h' AND (%L IS NULL OR shell.oid IN (
                SELECT coalesce(tree.relid::oid, top.oid) FROM pg_class AS top
                  JOIN pg_namespace AS its ON its.oid = top.relnamespace
                  LEFT JOIN LATERAL pg_partition_tree(top.oid) AS tree ON true
                 WHERE its.nspname = %L AND top.relname = %L))
            """;

    private static final String RANGES = "WITH " + Placements.sized(ONLY) + """
            SELECT colocationid AS colocation_id, shardminvalue AS min_value, count(*) AS shards,
                   coalesce(sum(CASE %L WHEN 'bytes' THEN bytes WHEN 'rows' THEN live
                                        WHEN 'writes' THEN pg_stat_get_tuples_inserted(rel) + pg_stat_get_tuples_updated(rel)
                                                           + pg_stat_get_tuples_deleted(rel)
                                        ELSE 1 END), 0)::bigint AS figure,
                   count(*) FILTER (WHERE %L = 'bytes' AND rel IS NOT NULL AND bytes IS NULL) AS unknown
              FROM sized
             GROUP BY 1, 2
            """;

    /** Of each range asked for, its largest shard and the most frequent value of the distribution column there. */
    private static final String SUSPECTS = "WITH "
            + Placements.sized(
                    ONLY
                            + " AND (part.colocationid::text, shard.shardminvalue) IN (SELECT * FROM unnest(%L::text[], %L::text[]))")
            + """
            , largest AS (
                SELECT DISTINCT ON (colocationid, shardminvalue) * FROM sized
                 ORDER BY colocationid, shardminvalue, bytes DESC NULLS LAST, shardid)
            SELECT colocationid AS colocation_id, shardminvalue AS min_value, shardid AS shard_id,
                   shell::regclass::text AS name,
                   CASE WHEN %L::boolean THEN (stats.most_common_vals::text::text[])[1] END AS value,
                   round((stats.most_common_freqs[1] * 100)::numeric, 1) AS share,
                   coalesce(has_table_privilege(rel, 'SELECT'), false) AS readable
              FROM largest
              LEFT JOIN pg_class AS relation ON relation.oid = largest.rel
              LEFT JOIN pg_namespace AS space ON space.oid = relation.relnamespace
              LEFT JOIN pg_stats AS stats ON stats.schemaname = space.nspname AND stats.tablename = relation.relname
                   AND stats.attname = column_to_column_name(largest.shell, largest.partkey)
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_shard_skew_report",
                "Shard skew",
                Input.class,
                Output.class,
                "How unevenly data lies over nodes and hash ranges, and which value of the distribution column makes a range"
                        + " large.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table =
                input.table().map(name -> Table.distributedNamed(citus, name)).orElse(null);
        String schema = table == null ? null : table.schema();
        String name = table == null ? null : table.name();
        String metric = input.metric().name().toLowerCase(Locale.ROOT);
        Round<Range> round = citus.everywhere(Range.class, RANGES, schema, schema, name, metric, metric);
        long unknown = round.rows().stream().mapToLong(Range::unknown).sum();
        Map<Integer, List<Told<Range>>> byGroup = new TreeMap<>();
        round.told()
                .forEach(told -> byGroup.computeIfAbsent(told.row().colocationId(), id -> new ArrayList<>())
                        .add(told));
        List<Group> groups = new ArrayList<>();
        byGroup.forEach((id, ranges) -> groups.add(group(id, ranges, round.complete())));
        groups.sort(Comparator.comparingDouble((Group group) -> group.ratio() == null ? 0 : -group.ratio())
                .thenComparing(Group::colocationId));
        List<OnNode> nodes = nodes(citus, round);
        Round<Suspect> suspects = new Round<>(Map.of(), List.of());
        List<Told<Range>> top = top(byGroup, groups);
        if (input.includeTopShards() && !top.isEmpty() && round.complete()) {
            suspects = citus.everywhere(
                    Suspect.class,
                    SUSPECTS,
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
                groups,
                hot(citus, groups, suspects),
                unknown == 0 ? null : Long.valueOf(unknown),
                Parts.unavailable(round, suspects));
    }

    private static List<OnNode> nodes(Citus citus, Round<Range> round) {
        double total = round.rows().stream().mapToLong(Range::figure).sum();
        List<OnNode> nodes = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            List<Range> here = round.byNode().getOrDefault(node.nodeId(), List.of());
            if (node.holdsShards() || !here.isEmpty()) {
                long figure = here.stream().mapToLong(Range::figure).sum();
                nodes.add(new OnNode(
                        node.nodeId(),
                        node.where(),
                        here.stream().mapToLong(Range::shards).sum(),
                        figure,
                        total == 0 ? 0 : Math.round(figure * 1000.0 / total) / 10.0));
            }
        }
        return nodes;
    }

    private static Group group(int id, List<Told<Range>> ranges, boolean complete) {
        long figure = ranges.stream().mapToLong(told -> told.row().figure()).sum();
        Told<Range> largest = ranges.stream()
                .max(Comparator.comparingLong((Told<Range> told) -> told.row().figure())
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
    private static List<Told<Range>> top(Map<Integer, List<Told<Range>>> byGroup, List<Group> groups) {
        List<Told<Range>> top = new ArrayList<>();
        for (Group group : groups) {
            if (group.skewed() && top.size() < MOST_RANGES) {
                byGroup.getOrDefault(group.colocationId(), List.of()).stream()
                        .filter(told -> told.row().minValue().equals(group.largestFrom()))
                        .forEach(top::add);
            }
        }
        return top;
    }

    private static List<Hot> hot(Citus citus, List<Group> groups, Round<Suspect> suspects) {
        List<Hot> hot = new ArrayList<>();
        for (Told<Suspect> told : suspects.told()) {
            Suspect suspect = told.row();
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
                    advice(suspect)));
        }
        return hot;
    }

    private static String advice(Suspect suspect) {
        Double share = suspect.share();
        if (share == null && !suspect.readable()) {
            return "which value it is, is hidden from this role: it may not SELECT from the table";
        }
        if (share == null) {
            return "analyze the table, then look again: nobody knows which value it is";
        }
        return share >= 50
                ? "one value makes it large: give it a shard of its own (isolate_tenant_to_new_shard)"
                : "no single value dominates: split the shard by points (citus_split_shard_by_split_points)";
    }
}
