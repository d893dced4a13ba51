package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
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
import org.pgcluster.tool.Step;

/** Starts Citus' own rebalance of the whole cluster and follows it to its end. */
public final class CitusRebalanceExecute
        implements Acts<CitusRebalanceExecute.Input, CitusRebalanceExecute.Looked, CitusRebalanceExecute.Output> {
    record Input(
            @Says("by_disk_size, by_shard_count or your own")
            Optional<String> strategy,

            @Says("block_writes: writes wait for each copy") @Default("auto")
            TransferMode shardTransferMode,

            @Says("Only empty nodes that take no shards") @Default("false")
            boolean drainOnly,

            @Says("Refused: Citus rebalances whole clusters")
            Optional<String> table) {}

    /** Where the shards lie. Which of them move follows from sizes, which change by themselves, so it is no part. */
    record Looked(String strategy, List<Deed.Held> nodes) {}

    record Output(@Nullable Long jobId, long tasks, List<OnNode> nodes, long cleanupRecords) implements InWords {
        @Override
        public String inWords() {
            if (jobId == null) {
                return "Nothing had to move: Citus started no job.";
            }
            return "Rebalance job " + jobId + " finished: " + Parts.many(tasks, "task") + " done."
                    + (cleanupRecords == 0
                            ? ""
                            : " " + Parts.many(cleanupRecords, "old shard or other leftover")
                                    + " will be removed by Citus within a minute.");
        }
    }

    record OnNode(String node, long shardsBefore, long shardsAfter) {}

    private record Started(@Nullable Long jobId) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_rebalance_execute",
                "Rebalance shards",
                Input.class,
                Output.class,
                "Moves shards until nodes are loaded evenly. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        input.table().ifPresent(CitusRebalanceExecute::noTable);
        Citus citus = Deed.citus(context);
        String strategy = MovesAhead.strategy(citus, input.strategy().orElse(null));
        MovesAhead ahead = MovesAhead.ask(citus, strategy, input.drainOnly());
        TransferMode mode = input.shardTransferMode();
        List<Check> checks = new ArrayList<>();
        checks.add(Deed.better("something has to move", !ahead.moves().isEmpty(), ahead.inWords()));
        checks.addAll(ahead.checks(citus, mode));
        checks.addAll(ActorRights.toMove(citus, context, null));
        return new Plan<>(
                "Rebalances the shards of the cluster by strategy " + strategy
                        + (input.drainOnly() ? ", only off nodes that take no shards" : "") + ": " + ahead.inWords(),
                new Looked(strategy, Deed.placements(context)),
                checks,
                steps(strategy, input.drainOnly(), mode),
                consequences(ahead, mode));
    }

    static List<Step> steps(String strategy, boolean drainOnly, TransferMode mode) {
        return List.of(
                Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_rebalance_start(rebalance_strategy => " + Deed.literal(strategy)
                                + ", drain_only => " + drainOnly + ", shard_transfer_mode => '" + mode.word()
                                + "') AS job_id"),
                Step.ifAnEarlierOneFailed(Deed.WHERE, "SELECT pg_catalog.citus_rebalance_stop()"));
    }

    static Consequences consequences(MovesAhead ahead, TransferMode mode) {
        return new Consequences(
                mode.locks() + " Other moves, splits and rebalances are refused until it ends.",
                ahead.inWords() + " Each is copied over the network; the old copy is dropped afterwards.",
                "operation_status; citus_rebalance_status shows phase, bytes and who holds it up.",
                "operation_cancel stops the job (citus_job_cancel once this server is gone): finished moves stay, a"
                        + " running one is rolled back.",
                "Nothing by itself: citus_move_shard_execute moves single shards back.",
                "Some shards moved, all data in place: every move is complete or did not happen. A task that fails is"
                        + " tried again for half an hour while the job says running.",
                false,
                ahead.byNode());
    }

    private static void noTable(String table) {
        throw ToolException.invalidInput(
                "`table` has no meaning here: Citus rebalances whole clusters, " + table + " alone cannot be.",
                "Leave it out; citus_rebalance_plan(table) shows what would move of it, citus_move_shard_execute moves"
                        + " one shard.");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        var start = (Step.Statement) plan.steps().get(0);
        var stop = (Step.Statement) plan.steps().get(1);
        Long jobId = hands.list(start, Started.class).get(0).jobId();
        if (jobId == null) {
            return new Output(null, 0, nodes(plan.looked().nodes(), context), 0);
        }
        JobFollowing.Stands ended = JobFollowing.toItsEnd(jobId, stop, hands, context);
        return new Output(jobId, ended.tasks(), nodes(plan.looked().nodes(), context), Deed.cleanupRecords(context));
    }

    static List<OnNode> nodes(List<Deed.Held> before, Context context) {
        List<OnNode> nodes = new ArrayList<>();
        for (Deed.Held now : Deed.placements(context)) {
            long was = before.stream()
                    .filter(one -> one.nodeId() == now.nodeId())
                    .mapToLong(Deed.Held::shards)
                    .sum();
            nodes.add(new OnNode(now.nodeId() + " " + now.where(), was, now.shards()));
        }
        return nodes;
    }
}
