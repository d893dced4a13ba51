package org.pgcluster.toolsets.citus;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Placements;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.toolsets.citus.CitusSnapshotSourceAdvisor.Clone;

/** The clones that are registered, and how Citus would split the primary of each. */
final class Clones {
    private record Cloned(int nodeId, int primaryId) {}

    private record Split(long shardId, boolean goes) {}

    record Size(long shardId, @Nullable Long bytes) {}

    private static final String CLONES = """
            SELECT nodeid AS node_id, (to_jsonb(node) ->> 'nodeprimarynodeid')::int AS primary_id
              FROM pg_dist_node AS node
             WHERE (to_jsonb(node) ->> 'nodeisclone')::boolean
             ORDER BY nodeid
            """;

    /** Its sizes are all 0, so that those come from the shards. */
    private static final String SPLIT = """
            SELECT shardid AS shard_id, placement_node ILIKE 'clone%' AS goes
              FROM get_snapshot_based_node_split_plan(?::text, ?::int, ?::text, ?::int)
             ORDER BY shardid
            """;

    private static final String SIZES =
            "WITH " + Placements.sized("place.groupid = %L::int") + "SELECT shardid AS shard_id, bytes FROM sized";

    private Clones() {}

    static List<Clone> read(Citus citus) {
        return citus.sql().list(Cloned.class, CLONES).stream()
                .map(one -> clone(citus, one))
                .toList();
    }

    private static Clone clone(Citus citus, Cloned cloned) {
        CitusNode clone = citus.nodesById().get(cloned.nodeId());
        CitusNode primary = citus.nodesById().get(cloned.primaryId());
        if (clone == null || primary == null) {
            return new Clone(cloned.nodeId(), "?", "?", 0, 0, null, null, "its primary is not in pg_dist_node");
        }
        Optional<CitusNode> sharing = citus.nodes().stream()
                .filter(node -> node.primary() && node.groupId() == clone.groupId())
                .findFirst();
        if (sharing.isPresent()) {
            return unknown(
                    clone,
                    primary,
                    "its group " + clone.groupId() + " has the primary "
                            + sharing.get().where()
                            + ", so its promotion would fail after it has left recovery: remove it, and add it again"
                            + " once setval('pg_catalog.pg_dist_groupid_seq', …) has passed all groups");
        }
        var split = citus.forwarded(Split.class, SPLIT, primary.host(), primary.port(), clone.host(), clone.port());
        ToolException failed = split.failed();
        if (failed != null) {
            String hint = failed.code() == ErrorCode.PERMISSION_DENIED
                    ? " GRANT EXECUTE ON FUNCTION get_snapshot_based_node_split_plan lets this role ask."
                    : "";
            return unknown(clone, primary, failed.text() + "." + hint);
        }
        Map<Long, Long> sizes = new LinkedHashMap<>();
        citus.everywhere(Size.class, SIZES, primary.groupId()).rows().forEach(one -> {
            Long bytes = one.bytes();
            if (bytes != null) {
                sizes.put(one.shardId(), bytes);
            }
        });
        return new Clone(
                clone.nodeId(),
                clone.where(),
                primary.where(),
                split.rows().stream().filter(one -> !one.goes()).count(),
                split.rows().stream().filter(Split::goes).count(),
                bytes(split.rows(), false, sizes),
                bytes(split.rows(), true, sizes),
                null);
    }

    private static Clone unknown(CitusNode clone, CitusNode primary, String why) {
        return new Clone(clone.nodeId(), clone.where(), primary.where(), 0, 0, null, null, why);
    }

    private static @Nullable Long bytes(List<Split> split, boolean goes, Map<Long, Long> sizes) {
        long sum = 0;
        for (Split one : split) {
            Long known = one.goes() == goes ? sizes.get(one.shardId()) : Long.valueOf(0);
            if (known == null) {
                return null;
            }
            sum += known;
        }
        return sum;
    }
}
