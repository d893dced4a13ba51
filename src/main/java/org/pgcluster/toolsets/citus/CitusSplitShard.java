package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Identity;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
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

/** Splits the hash range of a shard, and of all that lie with it, at given points. */
public final class CitusSplitShard
        implements Acts<CitusSplitShard.Input, CitusSplitShard.Looked, CitusSplitShard.Output> {
    record Input(
            @Says("list_shards shows them") long shardId,

            @Says("Hash values, each the last of its part") @Range(min = 1)
            List<Integer> splitPoints,

            @Says("For each part: id or host:port") @Range(min = 2)
            List<String> nodes,

            @Says("block_writes: writes wait for the copy") @Default("auto")
            TransferMode shardTransferMode) {}

    record Looked(int colocationId, String from, String to, List<Long> shards, List<Integer> nodes) {}

    record Output(List<Part> parts, long cleanupRecords) implements InWords {
        @Override
        public String inWords() {
            return "Split: the range lies in " + Parts.many(parts.size(), "shard") + " now.";
        }
    }

    record Part(long shardId, String table, String from, String to, String node) {}

    private record Shard(
            long shardId,
            String table,
            int colocationId,
            @Nullable String min,
            @Nullable String max,
            int groupId) {}

    private static final String TOGETHER = """
            SELECT shard.shardid AS shard_id, shard.logicalrelid::regclass::text AS "table",
                   part.colocationid AS colocation_id, shard.shardminvalue AS min, shard.shardmaxvalue AS max,
                   place.groupid AS group_id
              FROM pg_dist_shard AS asked
              JOIN pg_dist_partition AS its ON its.logicalrelid = asked.logicalrelid
              JOIN pg_dist_partition AS part ON part.logicalrelid = its.logicalrelid
                   OR (part.colocationid = its.colocationid AND its.colocationid <> 0)
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
                   AND shard.shardminvalue IS NOT DISTINCT FROM asked.shardminvalue
              JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
             WHERE asked.shardid = ?::bigint
             ORDER BY shard.shardid <> asked.shardid, 1
            """;

    private static final String WITHIN = """
            SELECT shard.shardid AS shard_id, shard.logicalrelid::regclass::text AS "table",
                   part.colocationid AS colocation_id, shard.shardminvalue AS min, shard.shardmaxvalue AS max,
                   place.groupid AS group_id
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
              JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
             WHERE part.colocationid = ?::int AND shard.shardminvalue::int >= ?::int AND shard.shardmaxvalue::int <= ?::int
             ORDER BY 2, shard.shardminvalue::int
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_split_shard",
                "Split a shard",
                Input.class,
                Output.class,
                "Splits a shard and all colocated ones at hash values. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        List<Shard> together = citus.sql().list(Shard.class, TOGETHER, input.shardId());
        if (together.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND, "There is no shard " + input.shardId() + ".", "list_shards shows them.");
        }
        Shard shard = together.get(0);
        String min = shard.min();
        String max = shard.max();
        if (min == null || max == null) {
            throw new ToolException(
                    ErrorCode.PRECONDITION_FAILED,
                    "Shard " + shard.shardId() + " of " + shard.table() + " has no hash range to split.",
                    "Only tables distributed by a column have.");
        }
        List<CitusNode> nodes = input.nodes().stream().map(citus::node).toList();
        CitusNode source = Deed.primary(citus, shard.groupId());
        List<Long> ids = together.stream().map(Shard::shardId).distinct().toList();
        List<ListShards.Size> sizes =
                citus.everywhere(ListShards.Size.class, ListShards.SIZES, ids).rows();
        long bytes = ListShards.Size.known(sizes);
        TransferMode mode = input.shardTransferMode();
        return new Plan<>(
                "Splits shard " + shard.shardId() + " of " + shard.table() + " (" + min + " to " + max + ") on "
                        + Deed.named(source) + " at " + input.splitPoints(),
                new Looked(
                        shard.colocationId(),
                        min,
                        max,
                        ids,
                        nodes.stream().map(CitusNode::nodeId).toList()),
                checks(citus, input, shard, nodes, source, bytes),
                List.of(Step.statement(Deed.WHERE, statement(input, nodes))),
                new Consequences(
                        mode.locks(),
                        Parts.many(ids.size(), "shard") + " with " + ListShards.Size.inWords(sizes) + " are copied: "
                                + String.join(
                                        ", ",
                                        together.stream().map(Shard::table).toList()) + ".",
                        "operation_status",
                        "operation_cancel rolls it back.",
                        "Nothing: shards are never joined again but by rewriting the tables.",
                        "Nothing: the split is complete or did not happen. " + Deed.LEFTOVERS,
                        false,
                        Map.of("for good", "The colocation group has more shards than it was made with.")));
    }

    private static String statement(Input input, List<CitusNode> nodes) {
        return "SELECT pg_catalog.citus_split_shard_by_split_points(" + input.shardId() + ", ARRAY["
                + input.splitPoints().stream().map(point -> "'" + point + "'").collect(Collectors.joining(", "))
                + "], ARRAY["
                + nodes.stream().map(node -> String.valueOf(node.nodeId())).collect(Collectors.joining(", "))
                + "], '" + input.shardTransferMode().word() + "')";
    }

    private static List<Check> checks(
            Citus citus, Input input, Shard shard, List<CitusNode> nodes, CitusNode source, long bytes) {
        TransferMode mode = input.shardTransferMode();
        List<Check> checks = new ArrayList<>();
        checks.add(points(input, shard));
        checks.add(Plan.check(
                "there is a node for each part",
                nodes.size() == input.splitPoints().size() + 1,
                nodes.size() + " for " + (input.splitPoints().size() + 1) + " parts"));
        for (CitusNode node : nodes.stream().distinct().toList()) {
            checks.add(Plan.check(
                    Deed.named(node) + " is an active primary", node.isAsked(), node.isAsked() ? "yes" : node.role()));
            checks.add(Deed.better(
                    Deed.named(node) + " takes shards",
                    node.shouldHaveShards(),
                    "shouldhaveshards is " + node.shouldHaveShards()));
        }
        checks.addAll(Deed.identities(Identity.missingInGroup(citus, shard.colocationId()), mode));
        checks.addAll(Deed.judged(MoveFacts.ofCluster(citus)));
        if (mode.logical()) {
            checks.addAll(Deed.decoders(citus));
        }
        var facts = MoveFacts.ask(citus);
        checks.addAll(Deed.judged(MoveFacts.ofNode(citus, source, facts, mode.logical(), 0)));
        nodes.stream()
                .distinct()
                .forEach(node ->
                        checks.addAll(Deed.judged(MoveFacts.ofNode(citus, node, facts, mode.logical(), bytes))));
        return checks.stream().distinct().toList();
    }

    /** A point is the last value of its part, so the end of the range cannot be one. */
    private static Check points(Input input, Shard shard) {
        long before = Long.parseLong(String.valueOf(shard.min())) - 1;
        boolean holds = true;
        for (int point : input.splitPoints()) {
            holds = holds && point > before && point < Long.parseLong(String.valueOf(shard.max()));
            before = point;
        }
        return Plan.check(
                "the points ascend within the shard's range",
                holds,
                input.splitPoints() + " in " + shard.min() + " to " + shard.max());
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        MoveProgress.run((Step.Statement) plan.steps().get(0), hands, context);
        Citus citus = Deed.citus(context);
        Looked looked = plan.looked();
        List<Part> parts = new ArrayList<>();
        for (Shard now : citus.sql().list(Shard.class, WITHIN, looked.colocationId(), looked.from(), looked.to())) {
            parts.add(new Part(
                    now.shardId(),
                    now.table(),
                    String.valueOf(now.min()),
                    String.valueOf(now.max()),
                    Deed.named(Deed.primary(citus, now.groupId()))));
        }
        return new Output(parts, Deed.cleanupRecords(context));
    }
}
