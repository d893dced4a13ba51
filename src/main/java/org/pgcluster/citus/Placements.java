package org.pgcluster.citus;

/**
 * SQL that each node runs over its own placements: which relation each one is, and its size. Names are resolved through
 * pg_class, so that a role without USAGE on a schema still sees sizes; what somebody holds or wants exclusively is left
 * without a size instead of waiting for it. Written as a format string, for {@link Citus#everywhere}.
 */
public final class Placements {
    /** After {@code WITH}: {@code mine} has shard, table, root of its partitions and the relation, or NULL where that is missing. */
    public static final String MINE = """
            locked AS MATERIALIZED (
                SELECT coalesce(owner.indrelid, held.relation) AS rel
                  FROM pg_locks AS held
                  LEFT JOIN pg_index AS owner ON owner.indexrelid = held.relation
                 WHERE held.locktype = 'relation' AND held.mode = 'AccessExclusiveLock'
                   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())),
            mine AS MATERIALIZED (
                SELECT shard.shardid, shard.shardminvalue, shard.shardmaxvalue, part.colocationid, part.partkey,
                       part.partmethod, part.logicalrelid AS shell, space.nspname, shell.relname,
                       coalesce(pg_partition_root(shell.oid)::oid, shell.oid) AS root,
                       rel.oid AS rel, rel.reltoastrelid AS toast, rel.relkind AS rel_kind, rel.reltuples AS rel_tuples,
                       rel.relpages AS rel_pages
                  FROM pg_dist_placement AS place
                  JOIN pg_dist_local_group AS here ON here.groupid = place.groupid
                  JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
                  JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
                  JOIN pg_class AS shell ON shell.oid = part.logicalrelid
                  JOIN pg_namespace AS space ON space.oid = shell.relnamespace
                 CROSS JOIN LATERAL (SELECT parse_ident(shard_name(shell.oid, shard.shardid)) AS parts) AS named
                  LEFT JOIN pg_class AS rel ON rel.relnamespace = shell.relnamespace
                       AND rel.relname = named.parts[array_upper(named.parts, 1)]::name
                 WHERE true {only})""";

    /**
     * Beside {@link #MINE}: {@code sized} has the bytes of each as well, indexes and TOAST included, and its {@code live}
     * rows. A crash, a promotion and a reset empty the server's counters, which then count on from 0 and nothing corrects them
     * until the next ANALYZE: fewer rows were inserted than the table once had, or it has pages for more versions of rows than
     * were ever written. Then the rows are what came to those of the last count, or went: the counter of live rows does not fall
     * below 0, but that of deleted ones goes on. A tenth is left for {@code reltuples}, which is rounded, and half of it
     * and one page for those that are not full. The other way round the counter of live rows hears of rows that ANALYZE has
     * seen already, when both end within a second: then all that ever came is no more than ANALYZE saw, and no page was added.
     */
    public static final String SIZED = MINE + """
            , free AS (
                SELECT mine.*,
                       rel IS NOT NULL AND NOT EXISTS (
                           SELECT FROM locked WHERE locked.rel IN (mine.rel, mine.toast)) AS is_free,
                       rel_kind = 'r' AND rel_tuples > 0
                           AND coalesce(pg_stat_get_last_analyze_time(rel), pg_stat_get_last_autoanalyze_time(rel),
                                        pg_stat_get_last_vacuum_time(rel), pg_stat_get_last_autovacuum_time(rel))
                               IS NULL AS is_uncorrected
                  FROM mine),
            sized AS MATERIALIZED (
                SELECT free.*,
                       CASE WHEN is_free THEN pg_total_relation_size(rel) END AS bytes,
                       CASE WHEN is_uncorrected
                                 AND CASE WHEN pg_stat_get_tuples_inserted(rel) < 0.9 * rel_tuples THEN true
                                          WHEN is_free AND rel_pages > 0
                                          THEN (pg_relation_size(rel) / current_setting('block_size')::float8 - 1)
                                                   / rel_pages * rel_tuples
                                               > pg_stat_get_tuples_inserted(rel) + pg_stat_get_tuples_updated(rel)
                                                   + rel_tuples / 2
                                          ELSE false END
                            THEN greatest(0, rel_tuples::bigint + least(
                                     pg_stat_get_live_tuples(rel),
                                     pg_stat_get_tuples_inserted(rel) - pg_stat_get_tuples_deleted(rel)))
                            WHEN is_free AND rel_tuples > 0 AND pg_stat_get_live_tuples(rel) > 1.1 * rel_tuples
                                 AND pg_stat_get_tuples_inserted(rel) - pg_stat_get_tuples_deleted(rel) <= 1.1 * rel_tuples
                                 AND CASE WHEN is_free
                                          THEN pg_relation_size(rel)
                                               <= rel_pages * current_setting('block_size')::bigint END
                            THEN rel_tuples::bigint
                            ELSE pg_stat_get_live_tuples(rel) END AS live
                  FROM free)
            """;

    private Placements() {}

    /** {@code only} is a condition over {@code shard}, {@code part}, {@code shell} and {@code space}. */
    public static String sized(String only) {
        return SIZED.replace("{only}", only.isEmpty() ? "" : "AND " + only);
    }

    public static String sized() {
        return sized("");
    }
}
