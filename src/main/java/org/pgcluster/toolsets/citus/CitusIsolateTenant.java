package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Identity;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
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

/** Gives one value of the distribution column a shard of its own, which can then be moved. */
public final class CitusIsolateTenant
        implements Acts<CitusIsolateTenant.Input, CitusIsolateTenant.Looked, CitusIsolateTenant.Output> {
    record Input(
            @Says("Distributed table") String table,
            @Says("Value of its distribution column") String tenant,

            @Says("block_writes: writes wait for the copy") @Default("auto")
            TransferMode shardTransferMode) {}

    record Looked(String table, long shardId, List<Long> splitAlong) {}

    record Output(String table, String tenant, long shardId, String node, long cleanupRecords) implements InWords {
        @Override
        public String inWords() {
            return "Tenant " + tenant + " of " + table + " has a shard of its own, " + shardId + " on " + node
                    + "; citus_move_shard_execute takes it elsewhere.";
        }
    }

    private record Shard(
            long shardId,
            String table,
            @Nullable String min,
            @Nullable String max,
            int groupId) {}

    private record New(long shardId) {}

    private static final String SHARDS = """
            SELECT shard.shardid AS shard_id, shard.logicalrelid::regclass::text AS "table", shard.shardminvalue AS min,
                   shard.shardmaxvalue AS max, place.groupid AS group_id
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
              JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
             WHERE part.colocationid = ?::int AND shard.shardminvalue = ?
             ORDER BY shard.logicalrelid <> ?::oid, 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_isolate_tenant",
                "Isolate a tenant",
                Input.class,
                Output.class,
                "Gives one tenant a shard of its own, in all colocated tables. A person approves first.");
    }

    private static List<Shard> shards(Citus citus, Table table, String tenant) {
        if (table.kind() != TableKind.DISTRIBUTED || table.keyType() == null) {
            throw new ToolException(
                    ErrorCode.PRECONDITION_FAILED,
                    table.qualified() + " is not distributed by a column, so it has no tenants to isolate.",
                    "citus_table_inspector says what it is.");
        }
        Optional<String> min = ListShards.range(citus, table, tenant);
        return min.map(from -> citus.sql().list(Shard.class, SHARDS, table.colocationId(), from, table.oid()))
                .filter(found -> !found.isEmpty())
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND, "No shard takes that value of " + table.qualified() + ".", "list_shards"));
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        Table table = Table.distributedNamed(citus, input.table());
        List<Shard> shards = shards(citus, table, input.tenant());
        Shard shard = shards.get(0);
        CitusNode node = Deed.primary(citus, shard.groupId());
        List<Long> ids = shards.stream().map(Shard::shardId).toList();
        List<ListShards.Size> sizes =
                citus.everywhere(ListShards.Size.class, ListShards.SIZES, ids).rows();
        long bytes = ListShards.Size.known(sizes);
        TransferMode mode = input.shardTransferMode();
        return new Plan<>(
                "Splits shard " + shard.shardId() + " of " + table.qualified() + " on " + Deed.named(node)
                        + ", so that tenant " + input.tenant() + " has one of its own",
                new Looked(table.qualified(), shard.shardId(), ids),
                checks(citus, table, shard, node, mode, bytes),
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.isolate_tenant_to_new_shard(" + Deed.literal(quoted(table)) + ", "
                                + Deed.literal(input.tenant()) + "::" + unlimited(table.keyType())
                                + ", 'CASCADE', shard_transfer_mode => '" + mode.word() + "') AS shard_id")),
                new Consequences(
                        mode.locks(),
                        Parts.many(ids.size(), "shard") + " with " + ListShards.Size.inWords(sizes)
                                + " are copied within the node, split in up to three: "
                                + String.join(
                                        ", ", shards.stream().map(Shard::table).toList()) + ".",
                        "operation_status",
                        "operation_cancel rolls it back.",
                        "Nothing: shards are never joined again but by rewriting the tables.",
                        "Nothing: the split is complete or did not happen. " + Deed.LEFTOVERS,
                        false,
                        Map.of("for good", "The colocation group has more shards than it was made with.")));
    }

    /** A cast to a limited type would cut the value and isolate another tenant. */
    private static String unlimited(@Nullable String type) {
        return String.valueOf(type).replaceAll("\\([^)]*\\)", "");
    }

    private static String quoted(Table table) {
        return org.pgcluster.postgres.ChangeText.quoted(table.schema()) + "."
                + org.pgcluster.postgres.ChangeText.quoted(table.name());
    }

    private static List<Check> checks(
            Citus citus, Table table, Shard shard, CitusNode node, TransferMode mode, long bytes) {
        boolean alone = shard.min() != null && shard.min().equals(shard.max());
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "it is not isolated yet",
                !alone,
                alone ? "shard " + shard.shardId() + " has one hash value" : shard.min() + " to " + shard.max()));
        checks.addAll(Deed.identities(Identity.missingInGroup(citus, table.colocationId()), mode));
        checks.addAll(Deed.judged(MoveFacts.ofCluster(citus)));
        if (mode.logical()) {
            checks.addAll(Deed.decoders(citus));
        }
        checks.addAll(Deed.judged(MoveFacts.ofNode(citus, node, MoveFacts.ask(citus), mode.logical(), bytes)));
        return checks;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        try {
            hands.list((Step.Statement) plan.steps().get(0), New.class);
        } catch (ToolException e) {
            throw Deed.leaving(e, Deed.LEFTOVERS);
        }
        Citus citus = Deed.citus(context);
        Table table = Table.distributedNamed(citus, input.table());
        Shard now = shards(citus, table, input.tenant()).get(0);
        if (now.min() == null || !now.min().equals(now.max())) {
            throw new ToolException(
                    ErrorCode.UPSTREAM_ERROR,
                    "Citus reported success, and yet shard " + now.shardId() + " still holds other tenants.",
                    "list_shards with table and value shows it.");
        }
        return new Output(
                table.qualified(),
                input.tenant(),
                now.shardId(),
                Deed.named(Deed.primary(citus, now.groupId())),
                Deed.cleanupRecords(context));
    }
}
