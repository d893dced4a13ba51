package org.pgcluster.toolsets.citus;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;
import org.pgcluster.citus.Slice;
import org.pgcluster.citus.Table;

/** One placement with what it holds and what was done to it; the hottest are asked of each node. */
record HotShard(long shardId, String name, long bytes, long rows, long reads, long writes, long figure) {
    /** Reference tables are the same everywhere and cannot be hot in one place. */
    static final String FIGURES = "WITH " + Placements.sized("""
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

    private static final String HOTTEST = FIGURES + """
            , ranked AS (
                SELECT *, CASE %L WHEN 'rows' THEN rows WHEN 'reads' THEN reads WHEN 'writes' THEN writes ELSE bytes END
                              AS figure
                  FROM figures)
            SELECT shardid AS shard_id, root::regclass::text AS name, bytes, rows, reads, writes, figure
              FROM ranked
             WHERE %L::bigint IS NULL OR (-figure, shardid) >= (-%L::bigint, %L::bigint)
             ORDER BY figure DESC, shardid
             LIMIT %L::bigint
            """;

    /** Behind the last one shown, which its node tells once more: copies of a shard differ only in their node. */
    static Round<HotShard> ask(
            Citus citus,
            @Nullable Table table,
            CitusShardHeatmap.Metric metric,
            int limit,
            List<@Nullable Object> after) {
        String schema = table == null ? null : table.schema();
        return citus.everywhere(
                HotShard.class,
                HOTTEST,
                schema,
                schema,
                table == null ? null : table.name(),
                metric.name().toLowerCase(Locale.ROOT),
                after.get(0),
                after.get(0),
                after.get(1),
                limit + 2);
    }

    static List<@Nullable Object> after(String list, Optional<String> cursor) {
        return Slice.after(list, cursor, 3);
    }

    static Slice<Told<HotShard>> page(
            String list, Round<HotShard> round, int limit, List<@Nullable Object> after, long total) {
        List<Told<HotShard>> found = round.told().stream()
                .sorted(Comparator.comparingLong(
                                (Told<HotShard> told) -> -told.row().figure())
                        .thenComparing(told -> told.row().shardId())
                        .thenComparing(Told::nodeId))
                .filter(told -> !same(told, after))
                .limit(limit + 1L)
                .toList();
        return Slice.of(
                list,
                found,
                limit,
                told -> List.of(told.row().figure(), told.row().shardId(), told.nodeId()),
                told -> total);
    }

    /** Among copies with one figure those up to the last node were shown. */
    private static boolean same(Told<HotShard> told, List<@Nullable Object> after) {
        return after.get(0) instanceof Number figure
                && after.get(1) instanceof Number shard
                && after.get(2) instanceof Number node
                && told.row().figure() == figure.longValue()
                && told.row().shardId() == shard.longValue()
                && told.nodeId() <= node.intValue();
    }
}
