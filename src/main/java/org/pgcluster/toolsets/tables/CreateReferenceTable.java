package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
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

/** Gives every node a copy of a table. */
public final class CreateReferenceTable
        implements Acts<CreateReferenceTable.Input, CreateReferenceTable.Looked, CreateReferenceTable.Output> {
    record Input(@Says("Plain table") String table) {}

    record Looked(String table, long oid, TableKind kind) {}

    record Output(String table, TableKind kind, long rows, String checksum) implements InWords {
        @Override
        public String inWords() {
            return table + " is a reference table: " + rows + " rows on every node, count and checksum as before.";
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "create_reference_table",
                "Create a reference table",
                Input.class,
                Output.class,
                "Makes a small table one that every node has a copy of. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Table table = Table.named(citus, input.table());
        ConversionFacts facts = ConversionFacts.of(citus, table);
        List<CitusNode> nodes =
                citus.nodes().stream().filter(CitusNode::isAsked).toList();
        return new Plan<>(
                "Makes " + table.qualified() + " a reference table on " + nodes.size() + " nodes",
                new Looked(table.qualified(), table.oid(), table.kind()),
                checks(citus, table, facts, nodes),
                Converting.steps(
                        citus,
                        List.of(table),
                        "EXCLUSIVE",
                        "SELECT pg_catalog.create_reference_table(" + Contents.literal(Contents.quoted(table)) + ")"),
                new Consequences(
                        "Writes to the table wait until it ends; reads go on until the last moment.",
                        facts.shell().bytes() + " bytes, about " + facts.shell().rows() + " rows, to each of "
                                + nodes.size() + " nodes; it is read three times.",
                        "operation_status",
                        "operation_cancel rolls it back.",
                        "convert_to_local.",
                        "Nothing: one transaction, rolled back unless count and checksum stay the same.",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(Citus citus, Table table, ConversionFacts facts, List<CitusNode> nodes) {
        boolean plain = table.kind() == TableKind.PLAIN || table.kind() == TableKind.CITUS_LOCAL;
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "it is a plain table", plain, plain ? "yes" : "it is " + Converting.word(table.kind()) + " already"));
        checks.add(Plan.check(
                "it is not partitioned",
                !table.partitioned() && table.partitionOf() == null,
                table.partitioned() ? "Citus makes no reference table of it" : "it is not"));
        facts.links().stream()
                .filter(link -> link.outgoing() && link.distributed() && !link.reference())
                .forEach(link -> checks.add(Plan.check(
                        "no foreign key leads to a distributed table", false, link.name() + " to " + link.other())));
        checks.addAll(Converting.triggers(citus, facts));
        checks.add(Plan.check("it has no plain inheritance", !facts.shell().inherits(), "pg_inherits"));
        checks.add(Converting.better(
                "it is small",
                facts.shell().bytes() < 1024L * 1024 * 1024,
                facts.shell().bytes() + " bytes: every write to it goes to " + nodes.size() + " nodes"));
        citus.nodes().stream()
                .filter(node -> node.primary() && !node.active())
                .forEach(node -> checks.add(Converting.better(
                        node.where() + " is active", false, "it gets its copy when it is activated")));
        checks.add(Converting.leftOut(citus, List.of(table)));
        return checks;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Contents.Sum sum = Converting.carryOut(plan.steps(), hands).get(0);
        Table now = Table.named(Citus.of(context.cluster(), context.call()), input.table());
        return new Output(now.qualified(), now.kind(), sum.rows(), sum.checksum());
    }
}
