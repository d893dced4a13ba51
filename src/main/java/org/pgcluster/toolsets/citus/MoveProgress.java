package org.pgcluster.toolsets.citus;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Step;

/** Sends a statement that moves or splits shards, and tells what it moves while it does. */
final class MoveProgress {
    private record Moving(long shardId, @Nullable String status, long sourceBytes, long targetBytes) {}

    private static final String MOVING = """
            SELECT shardid AS shard_id, status, coalesce(source_shard_size, 0) AS source_bytes,
                   coalesce(target_shard_size, 0) AS target_bytes
              FROM get_rebalance_progress() WHERE progress = 1 ORDER BY shardid
            """;

    private MoveProgress() {}

    static List<String> run(Step.Statement step, Hands hands, Context context) {
        try {
            return hands.run(step, () -> tell(hands, context)).notices();
        } catch (ToolException e) {
            throw Deed.leaving(e, Deed.diskFull(e.text()) + Deed.LEFTOVERS);
        }
    }

    /** Who waits is told at once: the sizes are not read while somebody holds the shard. */
    private static void tell(Hands hands, Context context) {
        Citus citus = Deed.citus(context);
        String waits = MoveWaits.of(citus, hands.backend());
        if (!waits.isEmpty()) {
            hands.progress(0, 0, waits + ".");
        }
        List<Moving> moving = citus.forwarded(Moving.class, MOVING).rows();
        if (!moving.isEmpty()) {
            long there = moving.stream().mapToLong(Moving::targetBytes).sum();
            long all = moving.stream().mapToLong(Moving::sourceBytes).sum();
            hands.progress(
                    (double) there,
                    (double) all,
                    Parts.many(moving.size(), "shard") + " moving, "
                            + moving.get(0).status() + ": " + Parts.bytes(there) + " of " + Parts.bytes(all)
                            + (waits.isEmpty() ? "" : ". " + waits + "."));
        }
    }
}
