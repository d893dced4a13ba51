package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Empties a node: marks it as taking no shards and lets a background job move what it holds. */
public final class CitusDrainNode implements Acts<CitusDrainNode.Input, CitusDrainNode.Looked, CitusDrainNode.Output> {
    record Input(
            @Says("Id or host:port") String node,

            @Says("by_disk_size, by_shard_count or your own")
            Optional<String> strategy,

            @Says("block_writes: writes wait for each copy") @Default("auto")
            TransferMode shardTransferMode) {}

    record Looked(int nodeId, String strategy, List<Deed.Held> nodes) {}

    record Output(
            @Nullable Long jobId,
            String node,
            long shardsLeft,
            List<CitusRebalanceExecute.OnNode> nodes,
            long cleanupRecords)
            implements InWords {
        @Override
        public String inWords() {
            return shardsLeft == 0
                    ? "Node " + node + " is empty and takes no shards; citus_remove_node can take it out"
                            + (cleanupRecords == 0 ? "." : " once Citus has removed what is in pg_dist_cleanup.")
                    : "Node " + node + " still holds " + Parts.many(shardsLeft, "shard") + " and takes no new ones.";
        }
    }

    private record Started(@Nullable Long jobId) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_drain_node",
                "Drain a node",
                Input.class,
                Output.class,
                "Moves all shards off a node and keeps new ones off. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        String strategy = MovesAhead.strategy(citus, input.strategy().orElse(null));
        List<Deed.Held> placements = Deed.placements(context);
        long shards = held(placements, node.nodeId());
        Optional<NodeState> state = NodeState.ask(citus).of(node.nodeId());
        Optional<Long> bytes = state.map(NodeState::bytes);
        String atLeast = state.filter(one -> one.unknownSizes() > 0).isPresent() ? "at least " : "";
        String moves = Parts.many(shards, "shard") + " with "
                + bytes.map(known -> atLeast + Parts.bytes(known)).orElse("an unknown number of bytes");
        List<Check> checks = checks(citus, node, placements, shards, bytes.orElse(0L), input.shardTransferMode());
        checks.addAll(ActorRights.toMove(citus, context, null));
        if (node.shouldHaveShards()) {
            checks.addAll(ActorRights.toCall(
                    citus, context, "citus_set_node_property", ActorRights.Needs.EXECUTE_AND_METADATA));
        }
        return new Plan<>(
                "Drains node " + Deed.named(node) + " by strategy " + strategy + ": " + moves + " leave it",
                new Looked(node.nodeId(), strategy, placements),
                checks,
                steps(node, strategy, input.shardTransferMode()),
                new Consequences(
                        input.shardTransferMode().locks()
                                + " Other moves, splits and rebalances are refused until it ends.",
                        moves + " leave it.",
                        "operation_status; citus_rebalance_status shows phase, bytes and who holds it up.",
                        "operation_cancel stops the job (citus_job_cancel once this server is gone): finished moves stay.",
                        "citus_set_node_property with should_have_shards: true, then citus_rebalance_execute.",
                        "The node takes no shards and still holds some: drain it again, or undo. If the job cannot be"
                                + " started, the property is set back.",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(
            Citus citus, CitusNode node, List<Deed.Held> placements, long shards, long bytes, TransferMode mode) {
        List<Check> checks = new ArrayList<>();
        List<CitusNode> targets = citus.nodes().stream()
                .filter(one -> one.holdsShards() && one.nodeId() != node.nodeId())
                .toList();
        checks.add(Plan.check("it is an active primary", node.isAsked(), node.isAsked() ? "yes" : node.role()));
        checks.add(Deed.better("it holds shards", shards > 0, Parts.many(shards, "shard")));
        checks.add(Plan.check(
                "another node takes shards",
                !targets.isEmpty(),
                targets.isEmpty() ? "none" : Parts.many(targets.size(), "node")));
        placements.stream()
                .filter(one -> one.nodeId() != node.nodeId() && !one.takesShards() && one.shards() > 0)
                .forEach(one -> checks.add(new Check(
                        "no other node is drained along",
                        Verdict.RISKY,
                        one.where() + " takes no shards either, so its " + Parts.many(one.shards(), "shard")
                                + " leave it, too")));
        checks.addAll(Deed.judged(MoveFacts.ofCluster(citus)));
        checks.addAll(MovesAhead.identities(citus, mode));
        var facts = MoveFacts.ask(citus);
        checks.addAll(Deed.judged(MoveFacts.ofNode(citus, node, facts, mode.logical(), 0)));
        for (CitusNode target : targets) {
            long share = shards == 0 ? 0 : bytes / targets.size();
            checks.addAll(Deed.judged(MoveFacts.ofNode(citus, target, facts, mode.logical(), share)));
        }
        return checks;
    }

    private static long held(List<Deed.Held> placements, int nodeId) {
        return placements.stream()
                .filter(one -> one.nodeId() == nodeId)
                .mapToLong(Deed.Held::shards)
                .sum();
    }

    private static List<Step> steps(CitusNode node, String strategy, TransferMode mode) {
        List<Step> steps = new ArrayList<>();
        steps.add(CitusSetNodeProperty.step(node, false));
        steps.addAll(CitusRebalanceExecute.steps(strategy, true, mode));
        if (node.shouldHaveShards()) {
            steps.add(Step.ifAnEarlierOneFailed(
                    Deed.WHERE, CitusSetNodeProperty.step(node, true).sql()));
        }
        return steps;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<Step.Statement> steps =
                plan.steps().stream().map(step -> (Step.Statement) step).toList();
        hands.run(steps.get(0));
        Long jobId = started(steps, hands);
        if (jobId != null) {
            follow(jobId, steps.get(2), hands, context);
        }
        int nodeId = plan.looked().nodeId();
        List<Deed.Held> now = Deed.placements(context);
        return new Output(
                jobId,
                Deed.named(Deed.citus(context).node(String.valueOf(nodeId))),
                held(now, nodeId),
                CitusRebalanceExecute.nodes(plan.looked().nodes(), context),
                Deed.cleanupRecords(context));
    }

    /** Citus leaves the property as it is when the job fails: whoever reads the failure has to know. */
    private static void follow(long jobId, Step.Statement stop, Hands hands, Context context) {
        try {
            JobFollowing.toItsEnd(jobId, stop, hands, context);
        } catch (ToolException e) {
            throw Deed.leaving(
                    e,
                    "The node takes no new shards: drain it again, or take that back with citus_set_node_property,"
                            + " should_have_shards: true.");
        }
    }

    private static @Nullable Long started(List<Step.Statement> steps, Hands hands) {
        try {
            return hands.list(steps.get(1), Started.class).get(0).jobId();
        } catch (ToolException e) {
            if (steps.size() < 4 || e.code() == ErrorCode.OUTCOME_UNKNOWN) {
                throw e;
            }
            throw setBack(e, steps.get(3), hands);
        }
    }

    private static ToolException setBack(ToolException failed, Step.Statement back, Hands hands) {
        try {
            hands.run(back);
            return Deed.leaving(failed, "Nothing moved, and the node takes shards again.");
        } catch (ToolException e) {
            return Deed.leaving(
                    failed,
                    "The node takes no shards now: setting that back failed, too (" + e.text()
                            + "). citus_set_node_property mends it.");
        }
    }
}
