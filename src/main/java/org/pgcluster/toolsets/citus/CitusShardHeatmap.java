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

/** Where data and work are concentrated. */
public final class CitusShardHeatmap implements Reads<CitusShardHeatmap.Input, CitusShardHeatmap.Output> {
    record Input(
            @Says("Only this table and its partitions") Optional<String> table,

            @Says("What counts; reads and writes are tuples since the statistics were reset") @Default("bytes")
            Metric metric,

            @Says("What is compared") @Default("node") GroupBy groupBy,

            @Says("Most rows of each list") @Default("10") @Range(min = 1, max = 200)
            int limit) {}

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
        COLOCATION
    }

    record Output(
            List<Group> groups,
            Rest rest,
            List<Hot> hotShards,
            @Nullable Double maxOverMean,
            @Nullable Long unknownSizes,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            if (groups.isEmpty()) {
                return "No shards." + Parts.partial(unavailable);
            }
            Group first = groups.get(0);
            Double ratio = maxOverMean;
            return first.name() + " carries most, " + first.percent() + " %"
                    + (ratio == null ? "" : ", " + ratio + " times the mean of " + rest.total()) + "."
                    + Parts.withoutSize(unknownSizes)
                    + Parts.partial(unavailable);
        }
    }

    record Group(String name, long shards, long bytes, long rows, long reads, long writes, double percent) {}

    record Hot(
            long shardId, String table, String node, long bytes, long rows, long reads, long writes, double percent) {}

    record Figures(String name, long shards, long bytes, long rows, long reads, long writes, long unknown) {}

    record Shard(long shardId, String name, long bytes, long rows, long reads, long writes) {}

    /** Reference tables are the same everywhere and cannot be hot in one place. */
    private static final String FIGURES = "WITH " + Placements.sized("""
            part.repmodel <> 't' AND (%L IS NULL OR shell.oid IN (
                SELECT coalesce(tree.relid::oid, top.oid) FROM pg_class AS top
                  JOIN pg_namespace AS its ON its.oid = top.relnamespace
                  LEFT JOIN LATERAL pg_partition_tree(top.oid) AS tree ON true
                 WHERE its.nspname = %L AND top.relname = %L))
            """) + """
            , figures AS (
                SELECT shardid, colocationid, root, coalesce(bytes, 0) AS bytes,
                       coalesce(live, 0) AS rows,
                       coalesce(pg_stat_get_tuples_returned(rel) + pg_stat_get_tuples_fetched(rel), 0) AS reads,
                       coalesce(pg_stat_get_tuples_inserted(rel) + pg_stat_get_tuples_updated(rel)
                                + pg_stat_get_tuples_deleted(rel), 0) AS writes,
                       rel IS NOT NULL AND bytes IS NULL AS unknown
                  FROM sized)
            """;

    private static final String GROUPS = FIGURES + """
            SELECT CASE %L WHEN 'table' THEN root::regclass::text WHEN 'colocation' THEN 'group ' || colocationid
                           ELSE '' END AS name,
                   count(*) AS shards, sum(bytes)::bigint AS bytes, sum(rows)::bigint AS rows, sum(reads)::bigint AS reads,
                   sum(writes)::bigint AS writes, count(*) FILTER (WHERE unknown) AS unknown
              FROM figures
             GROUP BY 1
            """;

    private static final String HOTTEST = FIGURES + """
            SELECT shardid AS shard_id, root::regclass::text AS name, bytes, rows, reads, writes
              FROM figures
             ORDER BY CASE %L WHEN 'rows' THEN rows WHEN 'reads' THEN reads WHEN 'writes' THEN writes ELSE bytes END DESC,
                      shardid
             LIMIT %L::bigint
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_shard_heatmap",
                "Shard heatmap",
                Input.class,
                Output.class,
                "Where bytes, rows, reads or writes are concentrated: by node, table or colocation group, and the hottest"
                        + " shards.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table =
                input.table().map(name -> Table.distributedNamed(citus, name)).orElse(null);
        String schema = table == null ? null : table.schema();
        String name = table == null ? null : table.name();
        String by = input.groupBy().name().toLowerCase(Locale.ROOT);
        String metric = input.metric().name().toLowerCase(Locale.ROOT);
        Citus.Both<Round<Figures>, Round<Shard>> both = citus.atOnce(
                asking -> asking.everywhere(Figures.class, GROUPS, schema, schema, name, by),
                asking -> asking.everywhere(Shard.class, HOTTEST, schema, schema, name, metric, input.limit()));
        List<Group> groups = groups(citus, both.one(), input);
        List<Group> shown = groups.subList(0, Math.min(input.limit(), groups.size()));
        double total = groups.stream()
                .mapToDouble(group -> figure(group, input.metric()))
                .sum();
        long unknown = both.one().rows().stream().mapToLong(Figures::unknown).sum();
        boolean measured = both.one().complete() && (unknown == 0 || input.metric() != Metric.BYTES);
        Double ratio = groups.size() < 2 || total == 0 || !measured
                ? null
                : Math.round(figure(groups.get(0), input.metric()) * 100.0 * groups.size() / total) / 100.0;
        return new Output(
                List.copyOf(shown),
                new Rest(shown.size(), groups.size(), null),
                hottest(citus, both.other(), input, groups),
                ratio,
                unknown == 0 ? null : Long.valueOf(unknown),
                Parts.unavailable(both.one(), both.other()));
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
            String name =
                    input.groupBy() == GroupBy.NODE ? told.nodeId() + " " + citus.where(told.nodeId()) : one.name();
            byName.merge(
                    name,
                    new Group(name, one.shards(), one.bytes(), one.rows(), one.reads(), one.writes(), 0),
                    CitusShardHeatmap::sum);
        }
        double total = byName.values().stream()
                .mapToDouble(group -> figure(group, input.metric()))
                .sum();
        return byName.values().stream()
                .map(group -> new Group(
                        group.name(),
                        group.shards(),
                        group.bytes(),
                        group.rows(),
                        group.reads(),
                        group.writes(),
                        percent(figure(group, input.metric()), total)))
                .sorted(Comparator.comparingDouble((Group group) -> -figure(group, input.metric()))
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

    private static List<Hot> hottest(Citus citus, Round<Shard> round, Input input, List<Group> groups) {
        Metric metric = input.metric() == Metric.SHARD_COUNT ? Metric.BYTES : input.metric();
        double total =
                groups.stream().mapToDouble(group -> figure(group, metric)).sum();
        List<Hot> all = new ArrayList<>();
        for (Told<Shard> told : round.told()) {
            Shard shard = told.row();
            double figure =
                    figure(new Group("", 1, shard.bytes(), shard.rows(), shard.reads(), shard.writes(), 0), metric);
            all.add(new Hot(
                    shard.shardId(),
                    shard.name(),
                    told.nodeId() + " " + citus.where(told.nodeId()),
                    shard.bytes(),
                    shard.rows(),
                    shard.reads(),
                    shard.writes(),
                    percent(figure, total)));
        }
        return all.stream()
                .sorted(Comparator.comparingDouble((Hot hot) -> -hot.percent())
                        .thenComparing(Hot::shardId)
                        .thenComparing(Hot::node))
                .limit(input.limit())
                .toList();
    }

    private static double figure(Group group, Metric metric) {
        return switch (metric) {
            case BYTES -> group.bytes();
            case SHARD_COUNT -> group.shards();
            case ROWS -> group.rows();
            case READS -> group.reads();
            case WRITES -> group.writes();
        };
    }

    private static double percent(double part, double total) {
        return total == 0 ? 0 : Math.round(part * 1000.0 / total) / 10.0;
    }
}
