package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.plan.PlanLine;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.checks.plan.PlanShares;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.postgres.Imagining;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.Shape;
import org.pgcluster.tool.Context;

/** A plan as it is beside the plan with indexes that nobody has built. */
final class HypotheticalPlan {
    private HypotheticalPlan() {}

    record Index(
            String table,
            List<String> columns,
            @Default("btree") String using,
            Optional<List<String>> include,
            Optional<String> where) {
        Imagining.Index asked() {
            return new Imagining.Index(table, columns, using, include.orElse(List.of()), where);
        }

        String inWords() {
            return using + " on " + table + " (" + String.join(", ", columns) + ")"
                    + include.map(more -> " INCLUDE (" + String.join(", ", more) + ")")
                            .orElse("")
                    + where.map(condition -> " WHERE " + condition).orElse("");
        }
    }

    /** {@code tree} calls an index by its {@code name}. */
    record Row(String name, String index, boolean used, long bytes) {}

    record Output(double totalCost, List<Row> indexes, List<String> tree) {
        String inWords(double before) {
            long used = indexes.stream().filter(Row::used).count();
            return "Not run. Cost " + before + " now, " + totalCost + " with "
                    + (indexes.size() == 1 ? "the index" : "the " + indexes.size() + " indexes")
                    + ": the planner takes "
                    + (used == 0 ? "none" : used == indexes.size() ? (used == 1 ? "it" : "all") : used + " of them")
                    + ".";
        }
    }

    private record Plans(Map<?, ?> before, Map<?, ?> after, List<Imagining.Imagined> imagined) {}

    static ExplainQuery.Output compare(ExplainQuery.Input input, Context context) {
        List<Index> indexes = input.hypotheticalIndexes().orElse(List.of()).stream()
                .map(Shape.of(Index.class)::bind)
                .toList();
        if (input.analyze()) {
            throw ToolException.invalidInput(
                    "What does not exist cannot be run: analyze measures, hypothetical_indexes only plans.",
                    "Leave one of the two out.");
        }
        Plans plans;
        try {
            plans = context.cluster().imagining(context.call(), input.database(), on -> plans(input, indexes, on));
        } catch (ToolException e) {
            throw ExplainQuery.withoutRightToChange(input.sql(), e);
        }
        PlanNode root = ExplainQuery.root(plans.before());
        refuseDistributed(root);
        boolean canIndex = !context.server().switchedOff().containsKey("create_index");
        ExplainQuery.Output now = ExplainQuery.output(
                plans.before(),
                root,
                PlanTables.of(root, input.database(), context),
                canIndex,
                context.cluster()::shown);
        return new ExplainQuery.Output(
                now.totalCost(),
                now.planningMs(),
                now.executionMs(),
                List.of(),
                now.tree(),
                now.settings(),
                now.note(),
                Optional.of(output(plans, indexes, context)));
    }

    private static Plans plans(ExplainQuery.Input input, List<Index> indexes, Imagining on) {
        if (!on.possible()) {
            throw missing();
        }
        String before = plan(input, on);
        List<Imagining.Imagined> imagined = new ArrayList<>();
        indexes.forEach(index -> imagined.add(on.imagine(index.asked())));
        return new Plans(ExplainQuery.explained(before), ExplainQuery.explained(plan(input, on)), imagined);
    }

    private static String plan(ExplainQuery.Input input, Imagining on) {
        int wanted = ChangeText.parameters(input.sql());
        int given = input.params().map(List::size).orElse(0);
        if (given != 0 && given != wanted) {
            throw ToolException.invalidInput(
                    "The statement has " + wanted + " parameters and " + given + " values.",
                    "Give a value for each in `params`, or none for the plan that serves any.");
        }
        return wanted > 0 && given == 0
                ? on.explainGeneric(ExplainQuery.OPTIONS, input.sql()).plan()
                : on.explain(
                        ExplainQuery.OPTIONS,
                        ChangeText.withValues(input.sql(), input.params().orElse(List.of())));
    }

    static ToolException missing() {
        return new ToolException(
                ErrorCode.NOT_CONFIGURED,
                "hypopg is not in this database, so no index can be imagined.",
                "A person installs it (Debian: postgresql-<major>-hypopg) and runs CREATE EXTENSION hypopg here; no restart."
                        + " Without it explain_query names missing indexes by rule, and analyze measures one that was built.");
    }

    private static Output output(Plans plans, List<Index> indexes, Context context) {
        PlanNode root = ExplainQuery.root(plans.after());
        PlanShares shares = PlanShares.of(root);
        List<String> tree = root.all()
                .map(node -> PlanLine.line(node, shares, context.cluster()::shown))
                .toList();
        List<Row> rows = new ArrayList<>();
        for (int at = 0; at < indexes.size(); at++) {
            Imagining.Imagined imagined = plans.imagined().get(at);
            String name = "hypothetical_" + (at + 1);
            boolean used = root.all().anyMatch(node -> node.is("Index Name", imagined.name()));
            tree = tree.stream()
                    .map(line -> line.replace(imagined.name(), name))
                    .toList();
            rows.add(new Row(name, context.cluster().shown(indexes.get(at).inWords()), used, imagined.bytes()));
        }
        return new Output(root.number("Total Cost"), rows, tree);
    }

    /** Each node plans its own shards, and would plan with what is imagined there alone. */
    private static void refuseDistributed(PlanNode root) {
        boolean citus = root.all()
                .anyMatch(node ->
                        String.valueOf(node.text("Custom Plan Provider")).startsWith("Citus"));
        if (citus) {
            throw new ToolException(
                    ErrorCode.UNSUPPORTED,
                    "Hypothetical indexes are on this node and the shards that the statement reads are not.",
                    "recommend_indexes names what its conditions suggest; to compare, explain the same on a shard, such as"
                            + " orders_102008, connected to its worker.");
        }
    }
}
