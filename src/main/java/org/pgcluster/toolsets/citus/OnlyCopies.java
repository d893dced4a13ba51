package org.pgcluster.toolsets.citus;

import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;

/** Citus lets no node go that holds the only copy of a shard. */
final class OnlyCopies {
    private static final String ONLY = """
            SELECT count(*) AS count
              FROM pg_dist_placement AS place
             WHERE place.groupid = ?::int
               AND NOT EXISTS (SELECT FROM pg_dist_placement AS other
                                WHERE other.shardid = place.shardid AND other.groupid <> place.groupid)
            """;

    private record Count(long count) {}

    private OnlyCopies() {}

    static long on(Citus citus, CitusNode node) {
        return citus.sql().one(Count.class, ONLY, node.groupId()).count();
    }

    static Check none(Citus citus, CitusNode node) {
        long only = on(citus, node);
        return Plan.check(
                "it holds the only copy of no shard",
                only == 0,
                only == 0
                        ? "none"
                        : Parts.many(only, "shard") + " lie only there; citus_drain_node moves them away first");
    }
}
