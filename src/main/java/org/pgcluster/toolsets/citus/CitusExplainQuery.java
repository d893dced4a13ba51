package org.pgcluster.toolsets.citus;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.checks.Finding;
import org.pgcluster.citus.Citus;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.toolsets.citus.ExplainAsking.Plan;
import org.pgcluster.toolsets.citus.ExplainParts.Part;
import org.pgcluster.toolsets.citus.ExplainTables.ShardTable;

/** How Citus would run a statement, or ran it: which shards and nodes, and why not one alone. */
public final class CitusExplainQuery implements Reads<CitusExplainQuery.Input, CitusExplainQuery.Output> {
    /** A plan alone needs no longer; a node that is frozen would take the whole of the call. */
    private static final Duration TO_PLAN = Duration.ofMillis(4500);

    private static final Pattern WRITES = Pattern.compile("(?i)\\b(insert|update|delete|merge)\\b");

    record Input(
            @Says("One statement, without EXPLAIN; $1, $2 … may stay open")
            String sql,

            @Says("Run it and measure; only what reads") @Default("false")
            boolean analyze,

            @Says("Also each task's statement and plan") @Default("false")
            boolean verbose,

            @Says("Rows, shares and facts in the tree") @Default("true")
            boolean costs) {}

    enum How {
        LOCAL,
        ROUTER,
        FAN_OUT,
        REPARTITION,
        PULL_TO_COORDINATOR,
        REFUSED
    }

    record Output(
            How how,
            long tasks,
            @Nullable Double planningMs,
            @Nullable Double executionMs,
            List<ExplainParts.Told> parts,
            List<Finding> findings,
            List<String> tree,
            List<String> statements,
            @Nullable String note,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String ran = executionMs == null ? "" : " Ran in " + executionMs + " ms.";
            return WORDS.get(how)
                    + (tasks == 0 ? "." : ": " + Parts.many(tasks, "task") + ".")
                    + ran
                    + (note == null ? "" : " " + note)
                    + (unavailable.isEmpty() ? "" : " Partial: not every task's plan could be had.");
        }
    }

    private static final Map<How, String> WORDS = Map.of(
            How.LOCAL, "Local: no shard is asked",
            How.ROUTER, "Router: the whole statement goes to one node",
            How.FAN_OUT, "Fan-out: each task asks another shard and the coordinator combines them",
            How.REPARTITION, "Repartition: rows are sent between workers before they are joined",
            How.PULL_TO_COORDINATOR, "Pull to coordinator: a part is computed first and its rows travel through it",
            How.REFUSED, "Citus refuses to plan it");

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_explain_query",
                "Explain a distributed query",
                Input.class,
                Output.class,
                "How Citus runs a statement: routed, fan-out, repartition or pull; its shards and nodes, why not routed, the rewrite.");
    }

    @Override
    public Output read(Input input, Context context) {
        require(input, context);
        Citus citus = Citus.of(context.cluster(), context.call());
        Call call = context.call();
        Call own = call.atMost(input.analyze() ? call.timeLeft() : TO_PLAN);
        try (var handle = call.onCancel(own::cancel)) {
            return explained(input, context, citus, own);
        } catch (ToolException e) {
            throw inWords(e, input);
        }
    }

    private static ToolException inWords(ToolException e, Input input) {
        if (e.code() == ErrorCode.TIMEOUT && !input.analyze()) {
            return e.withHint(
                    "The node that plans a task does not answer, which citus_worker_health shows, or somebody holds a shard"
                            + " exclusively: citus_lock_inspector, and citus_activity for who is in a transaction.");
        }
        return e.code() == ErrorCode.PERMISSION_DENIED
                        && WRITES.matcher(input.sql()).find()
                ? e.withHint(
                        "EXPLAIN of a write asks for the right to write, which the reading login has not and needs not:"
                                + " explain a SELECT with the same tables and conditions.")
                : e;
    }

    private static void require(Input input, Context context) {
        if (input.sql().strip().toUpperCase(Locale.ROOT).startsWith("EXPLAIN")) {
            throw ToolException.invalidInput(
                    "`sql` begins with EXPLAIN.", "Give the statement itself; analyze: true runs and measures it.");
        }
        if (input.analyze() && !context.cluster().rowDataAllowed()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "row_data: deny keeps rows inside, and to run a statement counts them.",
                    "Leave analyze out to see the plan.");
        }
    }

    private static Output explained(Input input, Context context, Citus citus, Call call) {
        ExplainAsking asking = new ExplainAsking(input.sql(), context, call);
        Plan plan;
        try {
            plan = asking.once();
        } catch (ToolException refused) {
            return refused(refused, asking, citus, input);
        }
        return output(input.analyze() ? asking.measured(plan) : asking.whole(plan), List.of(), citus, input, context);
    }

    /** What Citus says it does not support is an answer here; anything else is a fault of the statement. */
    private static Output refused(ToolException refused, ExplainAsking asking, Citus citus, Input input) {
        var why = ExplainRefusals.of(refused, input.sql(), citus).orElseThrow(() -> refused);
        if (ExplainRefusals.repartitions(refused) && !input.analyze()) {
            return output(asking.repartitioning(), List.of(why), citus, input, asking.context());
        }
        return new Output(
                How.REFUSED, 0, null, null, List.of(), List.of(why), List.of(), List.of(), refused.text(), List.of());
    }

    private static Output output(Plan plan, List<Finding> before, Citus citus, Input input, Context context) {
        ExplainParts parts = plan.parts();
        Map<Long, ShardTable> tables = ExplainTables.ofShards(citus, parts.shardIds());
        List<Finding> findings = new ArrayList<>(before);
        UnaryOperator<String> shown = context.cluster()::shown;
        findings.addAll(ExplainSubplans.findings(plan.notices(), parts, shown));
        for (Part part : parts.all()) {
            ExplainRouting.why(part, tables, shown).ifPresent(findings::add);
        }
        ExplainPlacements placements = ExplainPlacements.of(citus, parts);
        ExplainTree tree = new ExplainTree(input.verbose(), input.costs(), shown);
        return new Output(
                before.isEmpty() ? parts.how() : How.REFUSED,
                parts.tasks(),
                time(plan.explained(), "Planning Time"),
                time(plan.explained(), "Execution Time"),
                parts.told(citus, tables, placements),
                findings,
                tree.of(plan.explained()),
                input.verbose() ? parts.statements().stream().map(shown).toList() : List.of(),
                note(plan, before),
                unavailable(plan, placements));
    }

    private static List<Unavailable> unavailable(Plan plan, ExplainPlacements placements) {
        List<Unavailable> unavailable = new ArrayList<>(placements.unavailable(plan.parts()));
        if (plan.cutShort()) {
            unavailable.add(new Unavailable(
                    "citus",
                    "nodes",
                    "did not plan all tasks in time, so that shards and nodes are those of one task: citus_worker_health"
                            + " shows who does not answer, citus_lock_inspector who holds a shard."));
        }
        return unavailable;
    }

    private static @Nullable String note(Plan plan, List<Finding> before) {
        if (!before.isEmpty()) {
            return "Shown is the plan that citus.enable_repartition_joins = on would allow.";
        }
        if (plan.sampled() && plan.parts().shardIds().isEmpty() && plan.parts().tasks() > 0) {
            return "No sample is known for the type of an open parameter, and of NULL the planner concludes that there are"
                    + " no rows: how it runs is not known. Write a value in its place.";
        }
        return plan.sampled()
                ? "A sample of its type stood for each open parameter: another value may meet another shard."
                : null;
    }

    private static @Nullable Double time(Map<?, ?> explained, String name) {
        return explained.get(name) instanceof Number number ? Math.round(10 * number.doubleValue()) / 10.0 : null;
    }
}
