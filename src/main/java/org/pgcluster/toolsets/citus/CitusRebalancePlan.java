package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Identity;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
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
import org.pgcluster.tool.Reads;

/** What a rebalance would move, as the rebalancer itself plans it. */
public final class CitusRebalancePlan implements Reads<CitusRebalancePlan.Input, CitusRebalancePlan.Output> {
    record Input(
            @Says("Only the colocation group of this table") Optional<String> table,

            @Says("by_disk_size, by_shard_count or one of your own; the cluster's default")
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
                    .filter(one -> one.verdict() == MoveFacts.Verdict.FAILS)
                    .count();
            return "A rebalance (" + strategy + ") would move " + Parts.many(rest.total(), "shard group") + " with "
                    + Parts.bytes(bytes) + "."
                    + (stuck == 0 ? "" : " " + Parts.many(stuck, "precondition") + " would make it fail.");
        }
    }

    /** One hash range of a colocation group: its shards move together. */
    record Move(
            int colocationId,
            @Nullable String rangeFrom,
            List<String> shards,
            String from,
            String to,
            long bytes,
            boolean online) {}

    record OnNode(
            String node,
            @Nullable Long bytesBefore,
            @Nullable Long bytesAfter,
            @Nullable Long diskFreeBytes) {}

    private record Planned(
            long shardId,
            String tableName,
            int colocationId,
            @Nullable String rangeFrom,
            long bytes,
            String source,
            String target) {}

    private record Strategy(String name, boolean preferred) {}

    private record Stuck(int colocationId, String tables) {}

    private static final String STRATEGIES =
            "SELECT name::text, default_strategy AS preferred FROM pg_dist_rebalance_strategy ORDER BY name";

    private static final String PLAN = """
            SELECT plan.shardid AS shard_id, plan.table_name::text, part.colocationid AS colocation_id,
                   shard.shardminvalue AS range_from, plan.shard_size AS bytes,
                   plan.sourcename || ':' || plan.sourceport AS source,
                   plan.targetname || ':' || plan.targetport AS target
              FROM get_rebalance_table_shards_plan(relation => ?::oid::regclass, rebalance_strategy => ?::name) AS plan
              JOIN pg_dist_shard AS shard ON shard.shardid = plan.shardid
              JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
             ORDER BY part.colocationid, plan.shardid
            """;

    private static final String STUCK = """
            SELECT part.colocationid AS colocation_id,
                   string_agg(shell.oid::regclass::text, ', ' ORDER BY shell.oid::regclass::text) AS tables
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE {missing}
             GROUP BY 1 ORDER BY 1
            """.replace("{missing}", Identity.MISSING);

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
        String strategy = strategy(citus, input.strategy());
        Citus.Forwarded<Planned> planned =
                citus.forwarded(Planned.class, PLAN, table == null ? null : table.oid(), strategy);
        ToolException failed = planned.failed();
        if (failed != null) {
            throw failed.code() == ErrorCode.TIMEOUT || "08006".equals(failed.sqlstate())
                    ? failed.withHint(
                            "The rebalancer plans only when every node answers and this role sees every schema:"
                                    + " citus_worker_health shows which does not.")
                    : failed;
        }
        Citus.Both<NodeState, MoveFacts> nodes = citus.atOnce(NodeState::ask, MoveFacts::ask);
        List<Stuck> stuck = citus.sql().list(Stuck.class, STUCK);
        List<Move> moves = moves(planned.rows(), stuck);
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
                moves.stream().mapToLong(Move::bytes).sum(),
                nodes(citus, moves, nodes.one()),
                problems(citus, moves, stuck, nodes.other()),
                planned.notices(),
                Parts.unavailable(nodes.one(), nodes.other()));
    }

    private static String strategy(Citus citus, Optional<String> wanted) {
        List<Strategy> known = citus.sql().list(Strategy.class, STRATEGIES);
        if (wanted.isEmpty()) {
            return known.stream()
                    .filter(Strategy::preferred)
                    .findFirst()
                    .map(Strategy::name)
                    .orElse("by_disk_size");
        }
        if (known.stream().noneMatch(one -> one.name().equals(wanted.get()))) {
            throw ToolException.invalidInput(
                    "`strategy` is one of "
                            + String.join(
                                    ", ", known.stream().map(Strategy::name).toList()) + ", not \"" + wanted.get()
                            + "\".",
                    null);
        }
        return wanted.get();
    }

    private static List<Move> moves(List<Planned> planned, List<Stuck> stuck) {
        Map<List<@Nullable Object>, List<Planned>> together = new LinkedHashMap<>();
        for (Planned one : planned) {
            List<@Nullable Object> key = new ArrayList<>();
            key.add(one.colocationId());
            key.add(one.rangeFrom());
            key.add(one.source());
            key.add(one.target());
            together.computeIfAbsent(key, group -> new ArrayList<>()).add(one);
        }
        List<Move> moves = new ArrayList<>();
        for (List<Planned> group : together.values()) {
            Planned first = group.get(0);
            moves.add(new Move(
                    first.colocationId(),
                    first.rangeFrom(),
                    group.stream()
                            .map(one -> one.tableName() + " " + one.shardId())
                            .toList(),
                    first.source(),
                    first.target(),
                    group.stream().mapToLong(Planned::bytes).sum(),
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
                nodes.add(new OnNode(
                        node.nodeId() + " " + node.where(),
                        state.map(NodeState::bytes).orElse(null),
                        state.map(one -> one.bytes() + change.getOrDefault(node.where(), 0L))
                                .orElse(null),
                        state.map(NodeState::diskFreeBytes).orElse(null)));
            }
        }
        return nodes;
    }

    private static Map<String, Long> change(List<Move> moves) {
        Map<String, Long> change = new TreeMap<>();
        for (Move move : moves) {
            change.merge(move.from(), -move.bytes(), Long::sum);
            change.merge(move.to(), move.bytes(), Long::sum);
        }
        return change;
    }

    /** Only what does not hold. One table without identity stops the whole rebalance, also of groups that do not move. */
    private static List<MoveFacts.Check> problems(
            Citus citus, List<Move> moves, List<Stuck> stuck, Round<MoveFacts> facts) {
        if (moves.isEmpty()) {
            return List.of();
        }
        List<MoveFacts.Check> checks = new ArrayList<>(MoveFacts.ofCluster(citus));
        for (Stuck one : stuck) {
            checks.add(new MoveFacts.Check(
                    "Every table of group " + one.colocationId() + " has a replica identity",
                    MoveFacts.Verdict.FAILS,
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
        return checks.stream()
                .filter(check -> check.verdict() != MoveFacts.Verdict.HOLDS)
                .toList();
    }
}
