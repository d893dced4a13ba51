package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
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

/** Makes a schema one that lies as a whole on one node. */
public final class DistributeSchema
        implements Acts<DistributeSchema.Input, DistributeSchema.Looked, DistributeSchema.Output> {
    record Input(@Says("All its tables go to one node") String schema) {}

    record Looked(String schema, List<String> tables, boolean distributed) {}

    record Output(String schema, boolean distributed, List<Contents.Sum> tables) implements InWords {
        @Override
        public String inWords() {
            return "Schema " + schema + (distributed ? " is distributed" : " is NOT distributed") + ": " + tables.size()
                    + " tables, counts and checksums as before. citus_move_schema moves it.";
        }
    }

    private record Found(long oid, boolean distributed) {}

    private record Name(String name) {}

    private static final String SCHEMA = """
            SELECT space.oid::bigint AS oid, EXISTS (SELECT FROM pg_dist_schema WHERE schemaid = space.oid) AS distributed
              FROM pg_namespace AS space WHERE space.nspname = ?
            """;

    private static final String TABLES = """
            SELECT format('%I.%I', space.nspname, shell.relname) AS name
              FROM pg_class AS shell JOIN pg_namespace AS space ON space.oid = shell.relnamespace
             WHERE space.nspname = ? AND shell.relkind IN ('r', 'p') AND NOT shell.relispartition
             ORDER BY 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "distribute_schema",
                "Distribute a schema",
                Input.class,
                Output.class,
                "Makes a schema one that lies as a whole on one node, for one tenant each. Plans first; a person"
                        + " approves.");
    }

    private static Found found(Citus citus, String schema) {
        if (!citus.features().schemaSharding()) {
            throw new ToolException(
                    ErrorCode.UNSUPPORTED, "This Citus cannot distribute schemas.", "Citus 12.0 and later can.");
        }
        return citus.sql()
                .ifAny(Found.class, SCHEMA, schema)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no schema " + schema + ".",
                        "list_table_types shows what there is."));
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Found schema = found(citus, input.schema());
        List<Table> tables = citus.sql().list(Name.class, TABLES, input.schema()).stream()
                .map(one -> Table.named(citus, one.name()))
                .toList();
        return new Plan<>(
                "Distributes schema " + input.schema() + " with " + tables.size() + " tables",
                new Looked(input.schema(), tables.stream().map(Table::qualified).toList(), schema.distributed()),
                checks(citus, input.schema(), schema, tables),
                steps(citus, input.schema(), tables),
                new Consequences(
                        "Writes to its tables wait until it ends.",
                        "All its tables are copied to one node, " + tables.size() + " of them, and read three times.",
                        "operation_status",
                        "operation_cancel rolls it back.",
                        "SELECT citus_schema_undistribute(" + Contents.literal(ChangeText.quoted(input.schema())) + ")",
                        "Nothing: one transaction, rolled back unless counts and checksums stay the same.",
                        false,
                        Map.of()));
    }

    private static List<Step> steps(Citus citus, String schema, List<Table> tables) {
        String distribute =
                "SELECT pg_catalog.citus_schema_distribute(" + Contents.literal(ChangeText.quoted(schema)) + ")";
        return tables.isEmpty()
                ? List.of(Step.statement(Converting.WHERE, distribute))
                : Converting.steps(citus, tables, "EXCLUSIVE", distribute);
    }

    private static List<Check> checks(Citus citus, String name, Found schema, List<Table> tables) {
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "it is not distributed yet", !schema.distributed(), schema.distributed() ? "it is" : "it is not"));
        List<String> others = tables.stream()
                .filter(table -> table.kind() != TableKind.PLAIN && table.kind() != TableKind.CITUS_LOCAL)
                .map(table -> table.qualified() + " (" + Converting.word(table.kind()) + ")")
                .toList();
        checks.add(Plan.check(
                "all its tables are plain",
                others.isEmpty() || schema.distributed(),
                others.isEmpty() ? "yes" : String.join(", ", others) + "; convert_to_local first"));
        checks.add(Plan.check("it is not public", !name.equals("public"), name));
        for (Table table : tables) {
            ConversionFacts facts = ConversionFacts.of(citus, table);
            facts.links().stream()
                    .filter(link ->
                            !link.reference() && !outside(name, link, citus).isEmpty())
                    .forEach(link -> checks.add(Plan.check(
                            "foreign keys stay within the schema or lead to reference tables",
                            false,
                            link.name() + " joins " + table.qualified() + " with " + link.other())));
            checks.addAll(Converting.triggers(citus, facts));
        }
        checks.add(Converting.leftOut(citus, tables));
        return checks;
    }

    private static String outside(String schema, ConversionFacts.Link link, Citus citus) {
        Table other = Table.named(citus, link.other());
        return other.schema().equals(schema) ? "" : other.qualified();
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<Contents.Sum> sums = List.of();
        if (plan.steps().size() == 1) {
            hands.run((Step.Statement) plan.steps().get(0));
        } else {
            sums = Converting.carryOut(plan.steps(), hands);
        }
        Citus citus = Citus.of(context.cluster(), context.call());
        return new Output(input.schema(), found(citus, input.schema()).distributed(), sums);
    }
}
