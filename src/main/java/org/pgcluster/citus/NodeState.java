package org.pgcluster.citus;

import org.jspecify.annotations.Nullable;

/**
 * What a node says of itself. {@code unknownSizes} are placements that somebody holds exclusively; connections are counted
 * only by a role that sees all sessions.
 */
public record NodeState(
        int groupId,
        String postgresVersion,
        @Nullable String citusVersion,
        @Nullable String extensionVersion,
        boolean inRecovery,
        @Nullable Long connections,
        long maxConnections,
        long diskFreeBytes,
        long diskTotalBytes,
        long preparedTransactions,
        long invalidIndexes,
        long placements,
        long missing,
        long unknownSizes,
        long bytes) {
    private static final String ASK = "WITH " + Placements.sized() + """
            SELECT (SELECT groupid FROM pg_dist_local_group) AS group_id,
                   current_setting('server_version') AS postgres_version,
                   current_setting('citus.version', true) AS citus_version,
                   (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS extension_version,
                   pg_is_in_recovery() AS in_recovery,
                   CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
                        THEN (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') END
                       AS connections,
                   current_setting('max_connections')::bigint AS max_connections,
                   (SELECT available_disk_size FROM citus_local_disk_space_stats()) AS disk_free_bytes,
                   (SELECT total_disk_size FROM citus_local_disk_space_stats()) AS disk_total_bytes,
                   (SELECT count(*) FROM pg_prepared_xacts
                     WHERE database = current_database() AND prepared < now() - interval '2 minutes')
                       AS prepared_transactions,
                   (SELECT count(*) FROM pg_index WHERE NOT indisvalid) AS invalid_indexes,
                   count(shardid) AS placements,
                   count(shardid) FILTER (WHERE rel IS NULL) AS missing,
                   count(shardid) FILTER (WHERE rel IS NOT NULL AND bytes IS NULL) AS unknown_sizes,
                   coalesce(sum(bytes), 0)::bigint AS bytes
              FROM sized
            """;

    /** Those in use out of all, where this role may count them. */
    public @Nullable String connectionsInWords() {
        return connections == null ? null : connections + " of " + maxConnections;
    }

    public static Round<NodeState> ask(Citus citus) {
        return citus.everywhere(NodeState.class, ASK);
    }
}
