package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Silent;
import org.pgcluster.citus.Table;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Reads;

/** What a rebalance would move, as the rebalancer itself plans it. */
public final class CitusRebalancePlan implements Reads<CitusRebalancePlan.Input, CitusRebalancePlan.Output> {
    record Input(
            @Says("Only the colocation group of this table") Optional<String> table,

            @Says("by_disk_size, by_shard_count or your own; the cluster's default")
            Optional<String> strategy,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(
            String strategy,
            List<Move> moves,
            Rest rest,
            long bytes,
            List<OnNode> nodes,
            List<MoveFacts.Check> problems,
            List<String> said,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            if (rest.total() == 0) {
                return "The rebalancer (" + strategy + ") would move nothing.";
            }
            long stuck = problems.stream()
                    .filter(one -> one.verdict() == Verdict.FAILS)
                    .count();
            boolean all = moves.stream().allMatch(move -> move.bytes() != null);
            return "A rebalance (" + strategy + ") would move " + Parts.many(rest.total(), "shard group")
                    + (bytes == 0 && !all
                            ? " of unknown size."
                            : " with " + (all ? "" : "at least ") + Parts.bytes(bytes) + ".")
                    + (stuck == 0 ? "" : " " + Parts.many(stuck, "precondition") + " would make it fail.");
        }
    }

    /** One hash range of a colocation group: its shards move together. Without bytes where one of them was not measured. */
    record Move(
            int colocationId,
            @Nullable String rangeFrom,
            List<String> shards,
            String from,
            String to,
            @Nullable Long bytes,
            boolean online) {
        long knownBytes() {
            Long known = bytes;
            return known == null ? 0 : known;
        }
    }

    record OnNode(
            String node,
            @Nullable Long bytesBefore,
            @Nullable Long bytesAfter,
            @Nullable Long diskFreeBytes) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_rebalance_plan",
                "Rebalance plan",
                Input.class,
                Output.class,
                "What a rebalance would move: shard groups, bytes, nodes before and after, and what would make it fail.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table =
                input.table().map(name -> Table.distributedNamed(citus, name)).orElse(null);
        String strategy = MovesAhead.strategy(citus, input.strategy().orElse(null));
        var answers = citus.atOnce(
                asking -> MovesAhead.planned(asking, table == null ? null : table.oid(), strategy, false),
                asking -> asking.atOnce(NodeState::ask, MoveFacts::ask));
        Round<NodeState> states = answers.other().one();
        Round<MoveFacts> facts = answers.other().other();
        var planned = answers.one();
        if (planned.failed() != null) {
            throw inWords(planned.failed(), Parts.silent(states, facts), strategy);
        }
        List<MovesAhead.Stuck> stuck = MovesAhead.stuck(citus);
        List<Move> moves = moves(MovesAhead.of(citus, planned.rows()).moves(), stuck);
        Page<Move> page = Page.of(
                "moves " + input.table() + strategy,
                moves,
                move -> List.of(
                        (long) move.colocationId(), String.valueOf(move.rangeFrom()), String.join(",", move.shards())),
                input.limit(),
                0,
                input.cursor());
        return new Output(
                strategy,
                page.rows(),
                page.rest(),
                moves.stream().mapToLong(Move::knownBytes).sum(),
                nodes(citus, moves, states),
                problems(citus, moves, stuck, facts),
                planned.notices(),
                Parts.unavailable(states, facts));
    }

    private static final String BY_COUNT = "by_shard_count";

    private static ToolException inWords(ToolException failed, List<Silent> silent, String strategy) {
        if (failed.code() != ErrorCode.TIMEOUT && !"08006".equals(failed.sqlstate())) {
            return failed;
        }
        if (silent.isEmpty()) {
            return failed.withHint(MovesAhead.NEEDS_ALL
                    + "citus_worker_health shows which does not, citus_lock_inspector whether somebody holds a shard.");
        }
        String where = silent.stream().map(Silent::where).collect(Collectors.joining(", "));
        boolean login = silent.stream().allMatch(Silent::ourLogin);
        return failed.withHint(MovesAhead.NEEDS_ALL
                + where
                + (login
                        ? " did not let this role in. " + Silent.LOGIN
                        : " gave no answer; citus_lost_node_report says what that costs.")
                + (strategy.equals(BY_COUNT) ? "" : " With strategy=" + BY_COUNT + " it plans without asking them."));
    }

    private static List<Move> moves(List<MovesAhead.Move> planned, List<MovesAhead.Stuck> stuck) {
        Map<List<@Nullable Object>, List<MovesAhead.Move>> together = new LinkedHashMap<>();
        for (MovesAhead.Move one : planned) {
            List<@Nullable Object> key = new ArrayList<>();
            key.add(one.colocationId());
            key.add(one.rangeFrom());
            key.add(one.source());
            key.add(one.target());
            together.computeIfAbsent(key, group -> new ArrayList<>()).add(one);
        }
        List<Move> moves = new ArrayList<>();
        for (List<MovesAhead.Move> group : together.values()) {
            MovesAhead.Move first = group.get(0);
            moves.add(new Move(
                    first.colocationId(),
                    first.rangeFrom(),
                    group.stream().map(one -> one.table() + " " + one.shardId()).toList(),
                    first.source(),
                    first.target(),
                    group.stream().allMatch(one -> one.bytes() != null)
                            ? (Long) group.stream()
                                    .mapToLong(MovesAhead.Move::knownBytes)
                                    .sum()
                            : null,
                    stuck.stream().noneMatch(one -> one.colocationId() == first.colocationId())));
        }
        return moves;
    }

    private static List<OnNode> nodes(Citus citus, List<Move> moves, Round<NodeState> states) {
        Map<String, Long> change = change(moves);
        List<OnNode> nodes = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            if (node.primary() && (node.shouldHaveShards() || change.containsKey(node.where()))) {
                Optional<NodeState> state = states.of(node.nodeId());
                Optional<NodeState> sized = state.filter(one -> one.unknownSizes() == 0);
                nodes.add(new OnNode(
                        node.nodeId() + " " + node.where(),
                        sized.map(NodeState::bytes).orElse(null),
                        sized.map(one -> one.bytes() + change.getOrDefault(node.where(), 0L))
                                .orElse(null),
                        state.map(NodeState::diskFreeBytes).orElse(null)));
            }
        }
        return nodes;
    }

    private static Map<String, Long> change(List<Move> moves) {
        Map<String, Long> change = new TreeMap<>();
        for (Move move : moves) {
            change.merge(move.from(), -move.knownBytes(), Long::sum);
            change.merge(move.to(), move.knownBytes(), Long::sum);
        }
        return change;
    }

    /** Only what does not hold. One table without identity stops the whole rebalance, also of groups that do not move. */
    private static List<MoveFacts.Check> problems(
            Citus citus, List<Move> moves, List<MovesAhead.Stuck> stuck, Round<MoveFacts> facts) {
        if (moves.isEmpty()) {
            return List.of();
        }
        List<MoveFacts.Check> checks = new ArrayList<>(MoveFacts.ofCluster(citus));
        for (MovesAhead.Stuck one : stuck) {
            checks.add(new MoveFacts.Check(
                    "Every table of group " + one.colocationId() + " has a replica identity",
                    Verdict.FAILS,
                    "none on " + one.tables(),
                    "citus_validate_rebalance_prereqs says what would do; or shard_transfer_mode block_writes"));
        }
        Map<String, Long> change = change(moves);
        for (CitusNode node : citus.nodes()) {
            if (change.containsKey(node.where())) {
                checks.addAll(
                        MoveFacts.ofNode(citus, node, facts, true, Math.max(0, change.getOrDefault(node.where(), 0L))));
            }
        }
        return checks.stream().filter(check -> check.verdict() != Verdict.HOLDS).toList();
    }
}
