package org.pgcluster.toolsets.citus;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.pgcluster.citus.Citus;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.toolsets.citus.ExplainParts.Task;

/** Where the tasks lie that no node planned, by the metadata alone. */
final class ExplainPlacements {
    private static final String PLACEMENTS = """
            SELECT place.shardid AS shard_id, node.nodename || ':' || node.nodeport AS "where"
              FROM pg_dist_placement AS place
              JOIN pg_dist_node AS node ON node.groupid = place.groupid AND node.noderole = 'primary'
                   AND node.nodecluster = current_setting('citus.cluster_name')
             WHERE place.shardid = ANY (?::bigint[])
             ORDER BY 1, 2
            """;

    private record Placed(long shardId, String where) {}

    private final Map<Long, Set<String>> byShard = new TreeMap<>();

    private ExplainPlacements() {}

    static ExplainPlacements of(Citus citus, ExplainParts parts) {
        ExplainPlacements placements = new ExplainPlacements();
        List<Long> shards =
                parts.unplanned().stream().flatMap(Task::shardIds).distinct().toList();
        if (!shards.isEmpty()) {
            citus.sql()
                    .list(Placed.class, PLACEMENTS, shards)
                    .forEach(one -> placements
                            .byShard
                            .computeIfAbsent(one.shardId(), shard -> new TreeSet<>())
                            .add(one.where()));
        }
        return placements;
    }

    /** All of a task's shards lie on the node that runs it; Citus tried each where there are several. */
    String where(Task task) {
        String known = task.node();
        if (known != null) {
            return known;
        }
        Set<String> common = new LinkedHashSet<>();
        task.shardIds().filter(byShard::containsKey).forEach(shard -> {
            Set<String> these = byShard.getOrDefault(shard, Set.of());
            if (common.isEmpty()) {
                common.addAll(these);
            } else {
                common.retainAll(these);
            }
        });
        return common.isEmpty() ? "unknown" : String.join(" or ", common);
    }

    /** Each node once that planned no task of those shown. */
    List<Unavailable> unavailable(ExplainParts parts) {
        Map<String, Long> silent = new TreeMap<>();
        parts.unplanned().forEach(task -> silent.merge(where(task), 1L, Long::sum));
        return silent.entrySet().stream()
                .map(one -> new Unavailable(
                        "citus",
                        one.getKey(),
                        "gave no plan of " + Parts.many(one.getValue(), "task")
                                + "; shards and nodes are those of the metadata. citus_worker_health says more."))
                .toList();
    }
}
