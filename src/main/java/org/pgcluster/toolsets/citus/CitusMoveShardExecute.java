package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.pgcluster.citus.Citus;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** Moves one shard, and all that lie with it, to another node. */
public final class CitusMoveShardExecute
        implements Acts<CitusMoveShardExecute.Input, CitusMoveShardExecute.Looked, CitusMoveShardExecute.Output> {
    record Input(
            @Says("list_shards shows them") long shardId,
            @Says("Where it lies") Optional<String> sourceHost,

            @Says("With source_host") @Range(min = 1, max = 65_535)
            OptionalInt sourcePort,

            @Says("Host, host:port or node id") String targetHost,

            @Says("Where nodes share a host") @Range(min = 1, max = 65_535)
            OptionalInt targetPort,

            @Says("block_writes: writes wait for the copy") @Default("auto")
            TransferMode shardTransferMode) {}

    record Looked(String from, String to, List<Long> shards) {}

    record Output(List<Long> shards, String from, String to, boolean arrived, long cleanupRecords, List<String> said)
            implements InWords {
        @Override
        public String inWords() {
            return arrived
                    ? Parts.many(shards.size(), "shard") + " moved from " + from + " to " + to + "."
                            + (cleanupRecords == 0 ? "" : " Citus drops the old copy within a minute.")
                    : "The metadata does NOT show every shard on " + to + "; list_shards shows where they lie.";
        }
    }

    private record Elsewhere(long count) {}

    private record Group(int colocationId) {}

    private static final String GROUP = """
            SELECT part.colocationid AS colocation_id FROM pg_dist_shard AS shard
              JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid WHERE shard.shardid = ?::bigint
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_move_shard_execute",
                "Move a shard",
                Input.class,
                Output.class,
                "Moves a shard and all colocated ones to another node. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        CitusMoveShardPlan.Output plan = CitusMoveShardPlan.read(
                new CitusMoveShardPlan.Input(
                        input.shardId(),
                        input.sourceHost(),
                        input.sourcePort(),
                        input.targetHost(),
                        input.targetPort()),
                context,
                Optional.of(input.shardTransferMode()));
        List<Long> shards =
                plan.shards().stream().map(CitusMoveShardPlan.Shard::shardId).toList();
        List<Check> checks = new ArrayList<>(Deed.judged(plan.checks()));
        Citus citus = Deed.citus(context);
        citus.sql()
                .ifAny(Group.class, GROUP, input.shardId())
                .ifPresent(group -> checks.addAll(ActorRights.toMove(citus, context, group.colocationId())));
        boolean known = plan.shards().stream().allMatch(shard -> shard.bytes() != null);
        return new Plan<>(
                "Moves " + Parts.many(shards.size(), "colocated shard") + " from " + plan.from() + " to " + plan.to(),
                new Looked(plan.from(), plan.to(), shards),
                checks,
                List.of(Step.statement(Deed.WHERE, plan.statement())),
                new Consequences(
                        input.shardTransferMode().locks(),
                        (known
                                        ? Parts.bytes(plan.bytes())
                                        : "At least " + Parts.bytes(plan.bytes()) + ", not all sizes known,")
                                + " in " + Parts.many(shards.size(), "shard") + ": "
                                + String.join(
                                        ", ",
                                        plan.shards().stream()
                                                .map(shard -> shard.table() + " " + shard.shardId())
                                                .toList())
                                + ".",
                        "operation_status; citus_rebalance_status shows phase, bytes and who holds it up.",
                        "operation_cancel rolls it back: the shards stay where they are.",
                        plan.undo(),
                        "Nothing: the move is complete or did not happen. " + Deed.LEFTOVERS,
                        false,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Looked looked = plan.looked();
        var said = MoveProgress.run((Step.Statement) plan.steps().get(0), hands, context);
        Citus citus = Deed.citus(context);
        int target =
                citus.node(looked.to().substring(0, looked.to().indexOf(' '))).groupId();
        Elsewhere left = citus.sql()
                .one(
                        Elsewhere.class,
                        "SELECT count(*) AS count FROM pg_dist_placement"
                                + " WHERE shardid = ANY (?::bigint[]) AND groupid <> ?::int",
                        looked.shards(),
                        target);
        return new Output(
                looked.shards(), looked.from(), looked.to(), left.count() == 0, Deed.cleanupRecords(context), said);
    }
}
