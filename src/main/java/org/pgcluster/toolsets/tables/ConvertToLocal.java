package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
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

/** Brings a table back onto the coordinator, as a plain one. */
public final class ConvertToLocal implements Acts<ConvertToLocal.Input, ConvertToLocal.Looked, ConvertToLocal.Output> {
    record Input(@Says("Distributed or reference table") String table) {}

    record Looked(String table, long oid, TableKind kind) {}

    record Output(String table, TableKind kind, long rows, String checksum) implements InWords {
        @Override
        public String inWords() {
            return table + " is a plain table on the coordinator: " + rows + " rows, count and checksum as before.";
        }
    }

    private record Size(long bytes) {}

    private record Name(String name) {}

    private static final String COLOCATED = """
            SELECT part.logicalrelid::regclass::text AS name
              FROM pg_dist_partition AS part JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE part.colocationid = ?::int AND part.colocationid <> 0 AND part.repmodel <> 't'
               AND part.logicalrelid <> ?::oid AND NOT shell.relispartition
             ORDER BY 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "convert_to_local",
                "Convert to local",
                Input.class,
                Output.class,
                "Brings a distributed or reference table back onto the coordinator. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table = Table.distributedNamed(citus, input.table());
        ConversionFacts facts = ConversionFacts.of(citus, table);
        Citus.Forwarded<Size> size =
                citus.forwarded(Size.class, "SELECT citus_total_relation_size(?::oid::regclass) AS bytes", table.oid());
        long bytes = size.rows().isEmpty() ? -1 : size.rows().get(0).bytes();
        String undo = table.kind() == TableKind.REFERENCE
                ? "create_reference_table."
                : "convert_to_distributed with distribution_column: " + table.distributionColumn() + ".";
        return new Plan<>(
                "Brings " + table.qualified() + " back onto the coordinator",
                new Looked(table.qualified(), table.oid(), table.kind()),
                checks(citus, table, facts, bytes),
                Converting.steps(
                        citus,
                        List.of(table),
                        "ACCESS EXCLUSIVE",
                        "SELECT pg_catalog.undistribute_table(" + Contents.literal(Contents.quoted(table)) + ")"),
                new Consequences(
                        "ACCESS EXCLUSIVE: reads and writes of the table wait until it ends.",
                        (bytes < 0 ? "An unknown number of" : String.valueOf(bytes))
                                + " bytes are written onto the coordinator, and the table is read three times.",
                        "operation_status",
                        "operation_cancel rolls it back.",
                        undo,
                        "Nothing: one transaction, rolled back unless count and checksum stay the same.",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(Citus citus, Table table, ConversionFacts facts, long bytes) {
        List<Check> checks = new ArrayList<>();
        boolean ofSchema = table.kind() == TableKind.SCHEMA;
        checks.add(Plan.check(
                "it can be converted alone",
                !ofSchema,
                ofSchema
                        ? "it belongs to a distributed schema; SELECT citus_schema_undistribute("
                                + Contents.literal(table.schema()) + ") brings all of it back"
                        : "yes"));
        String parent = table.partitionOf();
        checks.add(
                Plan.check("it is no partition", parent == null, parent == null ? "it is not" : "convert " + parent));
        List<String> links = facts.links().stream()
                .map(link -> link.name() + (link.outgoing() ? " to " : " from ") + link.other())
                .distinct()
                .toList();
        checks.add(Plan.check(
                "no foreign key joins it with others",
                links.isEmpty(),
                links.isEmpty() ? "none" : String.join(", ", links) + "; drop them first"));
        List<String> colocated = citus.sql().list(Name.class, COLOCATED, table.colocationId(), table.oid()).stream()
                .map(Name::name)
                .toList();
        checks.add(Converting.better(
                "no other table lies with it",
                colocated.isEmpty() || table.kind() == TableKind.REFERENCE,
                colocated.isEmpty() || table.kind() == TableKind.REFERENCE
                        ? "none"
                        : "joins with " + String.join(", ", colocated) + " will go through the coordinator"));
        checks.add(room(citus, bytes));
        checks.add(Converting.leftOut(citus, List.of(table)));
        return checks;
    }

    private static Check room(Citus citus, long bytes) {
        var coordinator = citus.nodes().stream()
                .filter(node -> node.groupId() == 0 && node.isAsked())
                .map(CitusNode::nodeId)
                .findFirst();
        var free = coordinator.flatMap(id -> NodeState.ask(citus).of(id)).map(NodeState::diskFreeBytes);
        String what = "the coordinator has room for it";
        if (free.isEmpty() || bytes < 0) {
            return new Check(what, Verdict.UNKNOWN, bytes < 0 ? "its size is unknown" : "its free disk is unknown");
        }
        return Converting.better(what, free.get() > 2 * bytes, free.get() + " bytes free, " + bytes + " coming");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Contents.Sum sum = Converting.carryOut(plan.steps(), hands).get(0);
        Table now = Table.named(Citus.of(context.cluster(), context.call()), input.table());
        return new Output(now.qualified(), now.kind(), sum.rows(), sum.checksum());
    }
}
