package org.pgcluster.toolsets.citus;

import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Placements;

/** The largest shard of a hash range that is too large, and the value that may make it so, as its node last analyzed it. */
record SuspectRange(
        int colocationId,
        String minValue,
        long shardId,
        String name,
        @Nullable String value,
        @Nullable Double share,
        boolean readable) {
    static final String ONLY = """
            part.partkey IS NOT NULL AND part.partmethod = 'h' AND (%L IS NULL OR shell.oid IN (
                SELECT coalesce(tree.relid::oid, top.oid) FROM pg_class AS top
                  JOIN pg_namespace AS its ON its.oid = top.relnamespace
                  LEFT JOIN LATERAL pg_partition_tree(top.oid) AS tree ON true
                 WHERE its.nspname = %L AND top.relname = %L))
            """;

    /** Of each range asked for, its largest shard and the most frequent value of the distribution column there. */
    static final String ASK = "WITH "
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

    String advice() {
        Double known = share;
        if (known == null && !readable) {
            return "which value it is, is hidden from this role: it may not SELECT from the table";
        }
        if (known == null) {
            return "analyze the table, then look again: nobody knows which value it is";
        }
        return known >= 50
                ? "one value makes it large: give it a shard of its own (isolate_tenant_to_new_shard)"
                : "no single value dominates: split the shard by points (citus_split_shard_by_split_points)";
    }
}
