package org.pgcluster.toolsets.citus;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;

/** What the shards of one table and its partitions say of themselves. */
final class ShardFacts {
    /** One hash range: the table's shard and those of its partitions, which always lie together. */
    record Range(
            long shardId,
            @Nullable String minValue,
            long bytes,
            long rows,
            long deadRows,
            @Nullable Instant oldestVacuum,
            @Nullable Instant oldestAnalyze,
            long neverVacuumed,
            long neverAnalyzed,
            long missing,
            long unknown) {}

    record IndexOnShards(String name, long bytes, long scans, long missing, long invalid) {}

    private static final String ONLY =
            "(space.nspname::text, shell.relname::text) IN (SELECT * FROM unnest(%L::text[], %L::text[]))";

    /**
     * Empty shells of partitioned tables have no rows of their own, so nobody vacuums them. Of a table that is not hashed
     * the bounds of a shard are values of its rows.
     */
    private static final String RANGES = "WITH " + Placements.sized(ONLY) + """
            , told AS (
                SELECT sized.*, relation.relkind,
                       greatest(pg_stat_get_last_vacuum_time(rel), pg_stat_get_last_autovacuum_time(rel)) AS vacuumed,
                       greatest(pg_stat_get_last_analyze_time(rel), pg_stat_get_last_autoanalyze_time(rel)) AS analyzed
                  FROM sized
                  LEFT JOIN pg_class AS relation ON relation.oid = sized.rel)
            SELECT coalesce(min(shardid) FILTER (WHERE shell = root), min(shardid)) AS shard_id,
                   CASE WHEN %L::boolean OR bool_and(partmethod = 'h') THEN shardminvalue END AS min_value,
                   coalesce(sum(bytes), 0)::bigint AS bytes,
                   coalesce(sum(live), 0)::bigint AS rows,
                   coalesce(sum(pg_stat_get_dead_tuples(rel)), 0)::bigint AS dead_rows,
                   min(vacuumed) AS oldest_vacuum, min(analyzed) AS oldest_analyze,
                   count(*) FILTER (WHERE relkind = 'r' AND vacuumed IS NULL) AS never_vacuumed,
                   count(*) FILTER (WHERE relkind = 'r' AND analyzed IS NULL) AS never_analyzed,
                   count(*) FILTER (WHERE rel IS NULL) AS missing,
                   count(*) FILTER (WHERE rel IS NOT NULL AND bytes IS NULL) AS unknown
              FROM told
             GROUP BY shardminvalue
            """;

    /** An index of a partition counts as the index of the parent that it belongs to. */
    private static final String INDEXES = "WITH " + Placements.sized(ONLY) + """
            , expected AS (
                SELECT top.relname AS name, sized.rel, sized.shardid, sized.bytes AS readable,
                       parse_ident(shard_name(def.indexrelid, sized.shardid)) AS parts
                  FROM sized
                  JOIN pg_index AS def ON def.indrelid = sized.shell
                  JOIN pg_class AS top ON top.oid = coalesce(pg_partition_root(def.indexrelid)::oid, def.indexrelid)
                 WHERE sized.rel IS NOT NULL
            ), found AS (
                SELECT expected.name, expected.readable, own.indexrelid, own.indisvalid
                  FROM expected
                  LEFT JOIN LATERAL (
                       SELECT def.indexrelid, def.indisvalid FROM pg_index AS def
                         JOIN pg_class AS rel ON rel.oid = def.indexrelid
                        WHERE def.indrelid = expected.rel
                          AND rel.relname = expected.parts[array_upper(expected.parts, 1)]::name) AS own ON true)
            SELECT name, coalesce(sum(CASE WHEN readable IS NOT NULL THEN pg_relation_size(indexrelid) END), 0)::bigint
                       AS bytes,
                   coalesce(sum(pg_stat_get_numscans(indexrelid)), 0)::bigint AS scans,
                   count(*) FILTER (WHERE indexrelid IS NULL) AS missing,
                   count(*) FILTER (WHERE NOT indisvalid) AS invalid
              FROM found
             GROUP BY name
            """;

    private ShardFacts() {}

    static Round<Range> ask(Citus citus, TableFacts facts) {
        return citus.everywhere(Range.class, RANGES, facts.schemas(), facts.names(), citus.rowDataAllowed());
    }

    static Round<IndexOnShards> indexes(Citus citus, TableFacts facts) {
        return citus.everywhere(IndexOnShards.class, INDEXES, facts.schemas(), facts.names());
    }
}
