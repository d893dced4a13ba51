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
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;
import org.pgcluster.citus.Slice;
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

/** Where data and work are concentrated. */
public final class CitusShardHeatmap implements Reads<CitusShardHeatmap.Input, CitusShardHeatmap.Output> {
    record Input(
            @Says("Only this table") Optional<String> table,

            @Says("What counts; reads, writes: tuples since the last reset") @Default("bytes")
            Metric metric,

            @Says("What is compared") @Default("node") GroupBy groupBy,

            @Says("Most rows of each list") @Default("10") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    enum Metric {
        BYTES,
        SHARD_COUNT,
        ROWS,
        READS,
        WRITES
    }

    enum GroupBy {
        NODE,
        TABLE,
        COLOCATION,
        SHARD
    }

    record Output(
            List<Group> groups,
            Rest rest,
            List<Hot> hotShards,
            long shards,
            @Nullable Double maxOverMean,
            @Nullable Long unknownSizes,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            return most() + Parts.withoutSize(unknownSizes) + Parts.partial(unavailable);
        }

        private String most() {
            if (shards == 0) {
                return "No shards.";
            }
            if (groups.isEmpty() || hotShards.isEmpty()) {
                return Parts.many(rest.total(), groups.isEmpty() ? "shard" : "group") + ", the hottest first.";
            }
            Group first = groups.get(0);
            Double ratio = maxOverMean;
            return first.name() + " carries most, " + first.percent() + " %"
                    + (ratio == null ? "" : ", " + ratio + " times the mean of " + rest.total()) + "."
                    + (hotShards.size() < shards
                            ? " The hottest of " + Parts.many(shards, "shard")
                                    + " follow; group_by=shard pages through all."
                            : "");
        }
    }

    record Group(String name, long shards, long bytes, long rows, long reads, long writes, double percent) {}

    record Hot(
            long shardId, String table, String node, long bytes, long rows, long reads, long writes, double percent) {}

    record Figures(String name, long shards, long bytes, long rows, long reads, long writes, long unknown) {}

    private static final String GROUPS = HotShard.FIGURES + """
            SELECT CASE %L WHEN 'table' THEN root::regclass::text WHEN 'colocation' THEN 'group ' || colocationid
                           ELSE '' END AS name,
                   count(*) AS shards, sum(bytes)::bigint AS bytes, sum(rows)::bigint AS rows, sum(reads)::bigint AS reads,
                   sum(writes)::bigint AS writes, count(*) FILTER (WHERE unknown) AS unknown
              FROM figures
             GROUP BY 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_shard_heatmap",
                "Shard heatmap",
                Input.class,
                Output.class,
                "Where bytes, rows, reads or writes concentrate: by node, table, colocation group or shard.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table =
                input.table().map(name -> Table.distributedNamed(citus, name)).orElse(null);
        String list = "heat " + input.groupBy() + input.metric() + input.table();
        boolean byShard = input.groupBy() == GroupBy.SHARD;
        List<@Nullable Object> after = HotShard.after(list, byShard ? input.cursor() : Optional.empty());
        Citus.Both<Round<Figures>, Round<HotShard>> both = citus.atOnce(
                asking -> figures(asking, table, input.groupBy()),
                asking -> HotShard.ask(asking, table, input.metric(), input.limit(), after));
        List<Group> groups = groups(citus, both.one(), input);
        long shards = both.one().rows().stream().mapToLong(Figures::shards).sum();
        Slice<Told<HotShard>> hottest = HotShard.page(list, both.other(), input.limit(), after, shards);
        Page<Group> page = Page.of(
                list,
                groups,
                group -> List.of(-figure(group, input.metric()), group.name()),
                input.limit(),
                0,
                byShard ? Optional.empty() : input.cursor());
        boolean goesOn = !byShard && input.cursor().isPresent();
        long unknown = both.one().rows().stream().mapToLong(Figures::unknown).sum();
        boolean measured = both.one().complete() && (unknown == 0 || input.metric() != Metric.BYTES);
        return new Output(
                byShard ? List.of() : page.rows(),
                byShard ? hottest.rest() : page.rest(),
                goesOn ? List.of() : hottest(citus, hottest.rows(), input.metric(), groups),
                shards,
                measured && !byShard && !goesOn ? maxOverMean(groups, input.metric()) : null,
                unknown == 0 ? null : Long.valueOf(unknown),
                Parts.unavailable(both.one(), both.other()));
    }

    private static Round<Figures> figures(Citus citus, @Nullable Table table, GroupBy by) {
        String schema = table == null ? null : table.schema();
        String name = table == null ? null : table.name();
        return citus.everywhere(
                Figures.class, GROUPS, schema, schema, name, by.name().toLowerCase(Locale.ROOT));
    }

    private static @Nullable Double maxOverMean(List<Group> groups, Metric metric) {
        long total = total(groups, metric);
        return groups.size() < 2 || total == 0
                ? null
                : Math.round(figure(groups.get(0), metric) * 100.0 * groups.size() / total) / 100.0;
    }

    private static long total(List<Group> groups, Metric metric) {
        return groups.stream().mapToLong(group -> figure(group, metric)).sum();
    }

    private static List<Group> groups(Citus citus, Round<Figures> round, Input input) {
        Map<String, Group> byName = new TreeMap<>();
        for (var node : citus.nodes()) {
            if (input.groupBy() == GroupBy.NODE
                    && node.holdsShards()
                    && round.byNode().containsKey(node.nodeId())) {
                String name = node.nodeId() + " " + node.where();
                byName.put(name, new Group(name, 0, 0, 0, 0, 0, 0));
            }
        }
        for (Told<Figures> told : round.told()) {
            Figures one = told.row();
            String name = input.groupBy() == GroupBy.NODE || input.groupBy() == GroupBy.SHARD
                    ? told.nodeId() + " " + citus.where(told.nodeId())
                    : one.name();
            byName.merge(
                    name,
                    new Group(name, one.shards(), one.bytes(), one.rows(), one.reads(), one.writes(), 0),
                    CitusShardHeatmap::sum);
        }
        long total = total(List.copyOf(byName.values()), input.metric());
        return byName.values().stream()
                .map(group -> new Group(
                        group.name(),
                        group.shards(),
                        group.bytes(),
                        group.rows(),
                        group.reads(),
                        group.writes(),
                        percent(figure(group, input.metric()), total)))
                .sorted(Comparator.comparingLong((Group group) -> -figure(group, input.metric()))
                        .thenComparing(Group::name))
                .toList();
    }

    private static Group sum(Group one, Group other) {
        return new Group(
                one.name(),
                one.shards() + other.shards(),
                one.bytes() + other.bytes(),
                one.rows() + other.rows(),
                one.reads() + other.reads(),
                one.writes() + other.writes(),
                0);
    }

    private static List<Hot> hottest(Citus citus, List<Told<HotShard>> shards, Metric metric, List<Group> groups) {
        long total = total(groups, metric == Metric.SHARD_COUNT ? Metric.BYTES : metric);
        List<Hot> hottest = new ArrayList<>();
        for (Told<HotShard> told : shards) {
            HotShard shard = told.row();
            hottest.add(new Hot(
                    shard.shardId(),
                    shard.name(),
                    told.nodeId() + " " + citus.where(told.nodeId()),
                    shard.bytes(),
                    shard.rows(),
                    shard.reads(),
                    shard.writes(),
                    percent(shard.figure(), total)));
        }
        return hottest;
    }

    private static long figure(Group group, Metric metric) {
        return switch (metric) {
            case BYTES -> group.bytes();
            case SHARD_COUNT -> group.shards();
            case ROWS -> group.rows();
            case READS -> group.reads();
            case WRITES -> group.writes();
        };
    }

    private static double percent(long part, long total) {
        return total == 0 ? 0 : Math.round((double) part * 1000 / (double) total) / 10.0;
    }
}
