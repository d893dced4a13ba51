package org.pgcluster.toolsets.postgres;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.plan.PlanLine;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.checks.plan.PlanShares;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** How the server would run a statement, or ran it, and what stands out. */
public final class ExplainQuery implements Reads<ExplainQuery.Input, ExplainQuery.Output> {
    private static final Pattern CHANGE =
            Pattern.compile("\\s*(INSERT|UPDATE|DELETE|MERGE)\\b", Pattern.CASE_INSENSITIVE);
    private static final int PLAN_CHARACTERS = 4_000_000;
    static final String OPTIONS = "FORMAT JSON, VERBOSE, SETTINGS";

    record Input(
            @Says("One statement, without EXPLAIN; $1, $2 … may stay open")
            String sql,

            @Says("Run it and measure; only what reads") @Default("false")
            boolean analyze,

            @Says("Plan as if built: [{table, columns, using?, include?, where?}]")
            Optional<List<Map<String, Object>>> hypotheticalIndexes,

            @Says("Values for $1, $2 …") Optional<List<@Nullable Object>> params,
            @Says("Another database here") Optional<String> database) {}

    record Output(
            double totalCost,
            @Nullable Double planningMs,
            @Nullable Double executionMs,
            List<Finding> findings,
            List<String> tree,
            Map<String, @Nullable Object> settings,
            @Nullable String note,
            Optional<HypotheticalPlan.Output> withIndexes)
            implements InWords {
        @Override
        public String inWords() {
            if (withIndexes.isPresent()) {
                return withIndexes.get().inWords(totalCost) + (note == null ? "" : " " + note);
            }
            String cost = "cost " + totalCost;
            String ran = executionMs == null ? "Not run; " + cost : "Ran in " + executionMs + " ms (" + cost + ")";
            String planned = planningMs == null ? "" : ", planned in " + planningMs + " ms";
            String found = findings.isEmpty() ? " Nothing stands out." : "";
            return ran + planned + "." + found + (note == null ? "" : " " + note)
                    + " In the tree: rows estimated" + (executionMs == null ? "" : " → came × loops")
                    + ", and the share that each node takes itself.";
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "explain_query",
                "Explain a query",
                Input.class,
                Output.class,
                "Why a statement is slow, what would help: its plan as a short tree, costly nodes, wrong estimates,"
                        + " spills, missing indexes. analyze runs it.");
    }

    @Override
    public Output read(Input input, Context context) {
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
        if (input.hypotheticalIndexes().filter(given -> !given.isEmpty()).isPresent()) {
            return HypotheticalPlan.compare(input, context);
        }
        String options = OPTIONS + (input.analyze() ? ", ANALYZE, BUFFERS, WAL" : "");
        FreeSql.Result result = explained(input, options, context);
        Map<?, ?> explained = explained(result);
        PlanNode root = root(explained);
        boolean canIndex = !context.server().switchedOff().containsKey("create_index");
        return output(
                explained, root, PlanTables.of(root, input.database(), context), canIndex, context.cluster()::shown);
    }

    private static FreeSql.Result explained(Input input, String options, Context context) {
        try {
            return context.cluster()
                    .explain(
                            context.call(),
                            input.database(),
                            options,
                            input.sql(),
                            ExecuteSql.texts(input.params()),
                            new FreeSql.Budget(1, PLAN_CHARACTERS, PLAN_CHARACTERS));
        } catch (ToolException e) {
            throw withoutRightToChange(input.sql(), e);
        }
    }

    static ToolException withoutRightToChange(String sql, ToolException refused) {
        Matcher change = CHANGE.matcher(sql);
        if (refused.code() != ErrorCode.PERMISSION_DENIED || !change.lookingAt()) {
            return refused;
        }
        String verb = change.group(1).toUpperCase(Locale.ROOT);
        return ToolException.fromServer(
                refused.code(),
                "PostgreSQL explains a change only to who may make it, and this login may not " + verb + ": "
                        + refused.text() + ".",
                "Explain a SELECT with the same tables and conditions, or let somebody who has that right run EXPLAIN "
                        + verb + " … by hand.",
                refused.sqlstate(),
                refused.position(),
                refused);
    }

    private static Map<?, ?> explained(FreeSql.Result result) {
        Object cell = result.rows().isEmpty() ? null : result.rows().get(0).get(0);
        if (result.cutCells() == 0 && cell instanceof String json) {
            return explained(json);
        }
        throw new ToolException(ErrorCode.UNSUPPORTED, "The plan is too large to be read.", "Explain a part of it.");
    }

    static Map<?, ?> explained(String json) {
        if (JsonText.read(json) instanceof List<?> plans && plans.get(0) instanceof Map<?, ?> explained) {
            return explained;
        }
        throw new ToolException(ErrorCode.UPSTREAM_ERROR, "The server gave no plan.", null);
    }

    static PlanNode root(Map<?, ?> explained) {
        if (explained.get("Plan") instanceof Map<?, ?> figures) {
            return PlanNode.root(figures);
        }
        throw new ToolException(ErrorCode.UPSTREAM_ERROR, "The server gave no plan.", null);
    }

    static Output output(
            Map<?, ?> explained, PlanNode root, PlanTables tables, boolean canIndex, UnaryOperator<String> shown) {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        if (explained.get("Settings") instanceof Map<?, ?> differing) {
            differing.forEach((name, value) -> settings.put(String.valueOf(name), value));
            OURS.forEach(settings::remove);
        }
        PlanShares shares = PlanShares.of(root);
        return new Output(
                root.number("Total Cost"),
                time(explained, "Planning Time"),
                time(explained, "Execution Time"),
                PlanRemarks.of(root, shares, tables, explained, canIndex).stream()
                        .map(finding -> shown(finding, shown))
                        .toList(),
                root.all().map(node -> PlanLine.line(node, shares, shown)).toList(),
                settings,
                note(root),
                Optional.empty());
    }

    /** Advice names columns; values stand in conditions alone, and these are evidence. */
    private static Finding shown(Finding finding, UnaryOperator<String> shown) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>(finding.evidence());
        for (String condition : CONDITIONS) {
            evidence.computeIfPresent(
                    condition,
                    (name, value) -> value instanceof List<?> list
                            ? list.stream().map(String::valueOf).map(shown).toList()
                            : shown.apply(String.valueOf(value)));
        }
        return finding.withEvidence(evidence);
    }

    private static final List<String> CONDITIONS = List.of("filter", "join_filter", "sort_key");

    private static @Nullable String note(PlanNode root) {
        boolean citus = root.all()
                .anyMatch(node ->
                        String.valueOf(node.text("Custom Plan Provider")).startsWith("Citus"));
        boolean pruned = !root.measured() && root.all().anyMatch(node -> node.number("Subplans Removed") > 0);
        return citus
                ? "Workers run part of it: citus_explain_query shows their plans."
                : pruned ? "Partitions that an open parameter would choose are missing from it: give params." : null;
    }

    /** What this server sets for its own transaction says nothing about the plan. */
    private static final List<String> OURS = List.of("plan_cache_mode");

    private static @Nullable Double time(Map<?, ?> explained, String name) {
        return explained.get(name) instanceof Number number ? Math.round(10 * number.doubleValue()) / 10.0 : null;
    }
}
