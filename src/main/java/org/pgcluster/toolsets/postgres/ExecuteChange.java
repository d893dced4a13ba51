package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.ChangeText;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Outcome;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** One statement of the person's own, undone when it touches more rows than was planned. */
public final class ExecuteChange implements Acts<ExecuteChange.Input, ExecuteChange.Looked, ExecuteChange.Output> {
    private static final String UNKNOWN_ROWS = "?";

    record Input(
            @Says("One statement, $1 for params") String sql,
            @Says("Values") Optional<List<@Nullable Object>> params,
            @Says("Another of the same server") Optional<String> database,

            @Says("Rolled back when it touches more rows") @Default("1000") @Range(min = 0)
            long maxRowsAffected,

            @Says("For VACUUM and the like; no rollback") @Default("false")
            boolean outsideTransaction) {}

    record Looked(String database, String firstWord) {}

    record Output(long rows, List<String> notices) implements InWords {
        @Override
        public String inWords() {
            return "Done and committed: " + rows + (rows == 1 ? " row" : " rows") + " touched.";
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "execute_change",
                "Change with SQL",
                Input.class,
                Output.class,
                "Runs one changing SQL statement, rolled back when it touches more rows than planned. Plans first; a"
                        + " person approves.");
    }

    @Override
    public Optional<String> database(Input input) {
        return input.database();
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        ChangeText.Change change = ChangeText.statement(input.sql());
        requireValues(change, input);
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "it is a change",
                !change.onlyReads(),
                change.onlyReads() ? "it only reads: execute_sql runs it without an approval" : change.firstWord()));
        if (change.touchesRows()) {
            checks.add(estimate(input, change, context));
        }
        checks.add(
                input.outsideTransaction()
                        ? new Check("it can be rolled back", Verdict.RISKY, "outside a transaction nothing is")
                        : new Check(
                                "it stays within " + input.maxRowsAffected() + " rows",
                                change.touchesRows() ? Verdict.HOLDS : Verdict.UNKNOWN,
                                change.touchesRows()
                                        ? "checked before it commits"
                                        : change.firstWord() + " does not tell how many rows it touches"));
        String database =
                input.database().orElseGet(() -> context.cluster().database().orElse(""));
        return new Plan<>(
                "Runs one " + change.firstWord() + " in database " + database,
                new Looked(database, change.firstWord()),
                checks,
                List.of(step(input, change)),
                consequences(input, change));
    }

    private static void requireValues(ChangeText.Change change, Input input) {
        int wanted = ChangeText.parameters(change.text());
        int given = input.params().orElse(List.of()).size();
        if (wanted != given) {
            throw ToolException.invalidInput(
                    "The statement has " + wanted + " parameters and `params` has " + given + " values.",
                    "Write $1, $2 … in the statement and give one value for each.");
        }
    }

    private static Consequences consequences(Input input, ChangeText.Change change) {
        return new Consequences(
                "The locks that " + change.firstWord() + " takes, until it commits.",
                "",
                "operation_status; active_queries shows the session.",
                input.outsideTransaction()
                        ? "operation_cancel stops it; what it did until then may stay."
                        : "operation_cancel stops it, and all of it is rolled back.",
                "None by itself: what the rows were before is not kept.",
                "",
                true,
                Map.of());
    }

    private static Step.Statement step(Input input, ChangeText.Change change) {
        List<@Nullable Object> values = new ArrayList<>();
        for (Object value : input.params().orElse(List.of())) {
            values.add(value == null || value instanceof String ? value : JsonText.write(value));
        }
        String where = "coordinator";
        return input.outsideTransaction()
                ? Step.statement(where, change.text(), values.toArray())
                : Step.checked(where, change.text(), values, input.maxRowsAffected());
    }

    /** Planning runs functions, so it is asked for only where safe reading accepts every one of them. */
    private static Check estimate(Input input, ChangeText.Change change, Context context) {
        if (input.params().isPresent()) {
            return new Check("estimate", Verdict.HOLDS, "not asked for, the statement has parameters");
        }
        try {
            FreeSql.Result plan = context.cluster()
                    .read(
                            context.call(),
                            input.database(),
                            "EXPLAIN (FORMAT JSON) " + change.text(),
                            List.of(),
                            new FreeSql.Budget(1, 1_000_000, 1_000_000));
            String rows = rows(plan);
            return rows.equals(UNKNOWN_ROWS)
                    ? new Check("estimate", Verdict.UNKNOWN, "the plan does not tell how many rows it touches")
                    : new Check("estimate", Verdict.HOLDS, "the planner expects about " + rows + " rows");
        } catch (ToolException e) {
            return new Check("estimate", Verdict.UNKNOWN, e.text());
        }
    }

    /** The rows of the node below the one that changes: that one itself returns none without RETURNING. */
    private static String rows(FreeSql.Result plan) {
        Object json = JsonText.read(String.valueOf(plan.rows().get(0).get(0)));
        if (json instanceof List<?> list
                && list.get(0) instanceof Map<?, ?> top
                && top.get("Plan") instanceof Map<?, ?> node) {
            if ("Custom Scan".equals(node.get("Node Type"))) {
                return UNKNOWN_ROWS; // Citus plans elsewhere; the zero here would be a wrong number
            }
            Object below = node.get("Plans") instanceof List<?> plans && plans.get(0) instanceof Map<?, ?> first
                    ? first.get("Plan Rows")
                    : node.get("Plan Rows");
            return String.valueOf(below);
        }
        return UNKNOWN_ROWS;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Step.Statement step = (Step.Statement) plan.steps().get(0);
        if (input.outsideTransaction()) {
            Outcome outcome = hands.run(step);
            return new Output(outcome.rows(), outcome.notices());
        }
        Outcome outcome = hands.runChecked(step, done -> within(input.maxRowsAffected(), done));
        return new Output(outcome.rows(), outcome.notices());
    }

    private static void within(long most, Outcome outcome) {
        if (outcome.rows() > most) {
            throw new ToolException(
                    ErrorCode.PRECONDITION_FAILED,
                    "It touched " + outcome.rows() + " rows, more than the " + most + " planned, and was rolled back.",
                    "Narrow it, or plan again with a max_rows_affected that a person agrees to.");
        }
    }
}
