package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Identity;
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
import org.pgcluster.tool.Step;

/** Moves a distributed schema, which lies on one node, to another. */
public final class CitusMoveSchema
        implements Acts<CitusMoveSchema.Input, CitusMoveSchema.Looked, CitusMoveSchema.Output> {
    record Input(
            @Says("Distributed schema") String schema,
            @Says("Target: id or host:port") String node,

            @Says("block_writes: writes wait for the copy") @Default("auto")
            TransferMode shardTransferMode) {}

    record Looked(String schema, int fromNode, int toNode, List<Long> shards) {}

    record Output(String schema, String node, boolean arrived, long tables, long cleanupRecords, List<String> said)
            implements InWords {
        @Override
        public String inWords() {
            return "Schema " + schema + (arrived ? " lies" : " does NOT lie") + " on " + node + ", with "
                    + Parts.many(tables, "table") + "."
                    + (cleanupRecords == 0 ? "" : " Citus drops the old copy within a minute.");
        }
    }

    private record Found(String name, int colocationId) {}

    private record Shard(long shardId, @Nullable Integer groupId) {}

    private static final String SCHEMA = """
            SELECT space.nspname AS name, by_schema.colocationid AS colocation_id
              FROM pg_dist_schema AS by_schema JOIN pg_namespace AS space ON space.oid = by_schema.schemaid
             WHERE space.nspname = ?
            """;

    private static final String SHARDS = """
            SELECT shard.shardid AS shard_id, place.groupid AS group_id
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
              LEFT JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
             WHERE part.colocationid = ?::int ORDER BY 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_move_schema",
                "Move a schema",
                Input.class,
                Output.class,
                "Moves a distributed schema to another node. A person approves first.");
    }

    private static Found found(Citus citus, String schema) {
        Deed.need(citus, "citus_schema_move(regnamespace,integer,citus.shard_transfer_mode)", "12.1");
        return citus.sql()
                .ifAny(Found.class, SCHEMA, schema)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no distributed schema " + schema + ".",
                        "citus_schemas lists them; distribute_schema makes one."));
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        Found schema = found(citus, input.schema());
        CitusNode target = citus.node(input.node());
        List<Shard> shards = citus.sql().list(Shard.class, SHARDS, schema.colocationId());
        if (shards.isEmpty()) {
            throw new ToolException(
                    ErrorCode.PRECONDITION_FAILED,
                    "Schema " + schema.name() + " has no tables, so there is nothing to move.",
                    "Its first table decides where it lies.");
        }
        Integer group = shards.get(0).groupId();
        CitusNode source = Deed.primary(citus, group == null ? -1 : group);
        List<Long> ids = shards.stream().map(Shard::shardId).toList();
        List<ListShards.Size> sizes = citus.everywhere(ListShards.Size.class, ListShards.SIZES, ids)
                .byNode()
                .getOrDefault(source.nodeId(), List.of());
        long bytes = ListShards.Size.known(sizes);
        return new Plan<>(
                "Moves schema " + schema.name() + " from " + Deed.named(source) + " to " + Deed.named(target),
                new Looked(schema.name(), source.nodeId(), target.nodeId(), ids),
                checks(citus, schema, source, target, input.shardTransferMode(), bytes),
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_schema_move(" + Deed.literal(quoted(schema.name())) + ", "
                                + target.nodeId() + ", '"
                                + input.shardTransferMode().word() + "')")),
                new Consequences(
                        input.shardTransferMode().locks(),
                        Parts.many(ids.size(), "table") + " with " + ListShards.Size.inWords(sizes) + ".",
                        "operation_status; citus_rebalance_status shows phase and bytes.",
                        "operation_cancel rolls it back: the schema stays where it is.",
                        "citus_move_schema with node: " + source.nodeId() + ".",
                        "Nothing: the move is complete or did not happen. " + Deed.LEFTOVERS,
                        false,
                        Map.of()));
    }

    private static String quoted(String name) {
        return org.pgcluster.postgres.ChangeText.quoted(name);
    }

    private static List<Check> checks(
            Citus citus, Found schema, CitusNode source, CitusNode target, TransferMode mode, long bytes) {
        boolean same = source.nodeId() == target.nodeId();
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check("it lies elsewhere", !same, same ? "it is there already" : Deed.named(source)));
        checks.add(Plan.check(
                "the target takes shards",
                target.holdsShards(),
                target.holdsShards()
                        ? "yes"
                        : target.isAsked() ? "shouldhaveshards is false" : "it is no active primary"));
        checks.addAll(Deed.identities(Identity.missingInGroup(citus, schema.colocationId()), mode));
        checks.addAll(Deed.judged(MoveFacts.ofCluster(citus)));
        var facts = MoveFacts.ask(citus);
        checks.addAll(Deed.judged(MoveFacts.ofNode(citus, source, facts, mode.logical(), 0)));
        checks.addAll(Deed.judged(MoveFacts.ofNode(citus, target, facts, mode.logical(), bytes)));
        return checks;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<String> said = MoveProgress.run((Step.Statement) plan.steps().get(0), hands, context);
        Citus citus = Deed.citus(context);
        CitusNode target = citus.node(String.valueOf(plan.looked().toNode()));
        List<Shard> shards = citus.sql()
                .list(Shard.class, SHARDS, found(citus, input.schema()).colocationId());
        boolean arrived =
                shards.stream().allMatch(shard -> shard.groupId() != null && shard.groupId() == target.groupId());
        return new Output(
                input.schema(), Deed.named(target), arrived, shards.size(), Deed.cleanupRecords(context), said);
    }
}
