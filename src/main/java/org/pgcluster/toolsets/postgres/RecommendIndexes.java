package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.toolsets.postgres.advice.Advice;
import org.pgcluster.toolsets.postgres.advice.Advisor;
import org.pgcluster.toolsets.postgres.advice.Planning;
import org.pgcluster.toolsets.postgres.advice.Unproven;

/** Which indexes are worth building, tried by the server's own planner before anybody builds them. */
public final class RecommendIndexes implements Reads<RecommendIndexes.Input, RecommendIndexes.Output> {
    private static final long MEGABYTE = 1024 * 1024;
    private static final int MOST_SKIPPED = 5;

    record Input(
            @Says("Instead of the workload") Optional<List<String>> queries,

            @Says("All of them together") @Default("10000") @Range(min = 1)
            long maxIndexSizeMb) {}

    record Output(
            List<Recommended> recommended,
            List<Advice.Statement> statements,
            List<Superfluous> superfluous,
            List<Advice.Dropped> dropped,
            List<Unproven> unproven,
            List<Planning.Skipped> skipped,
            @Nullable String note,
            double leftPercent)
            implements InWords {
        @Override
        public String inWords() {
            long bytes = recommended.stream().mapToLong(Recommended::bytes).sum();
            String found = recommended.isEmpty()
                    ? "No index is recommended."
                    : recommended.size() + (recommended.size() == 1 ? " index" : " indexes") + " of "
                            + Math.max(1, bytes / MEGABYTE) + " MB together would leave " + leftPercent
                            + " % of the cost.";
            return found + (note == null ? "" : " " + note);
        }
    }

    /** {@code gains}: the planner's cost of the queries that take it, before and with all that is recommended. */
    record Recommended(
            String index,
            long bytes,
            double savesPercent,
            double writesPercent,
            List<String> gains,
            Optional<Finding.Next> next) {}

    record Superfluous(String index, long bytes, long scans, Optional<Finding.Next> next) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "recommend_indexes",
                "Recommend indexes",
                Input.class,
                Output.class,
                "Which new indexes the recorded workload or given queries need: tried by the planner"
                        + " (hypopg), with size and gain.");
    }

    @Override
    public Output read(Input input, Context context) {
        Advice advice = Advisor.of(context, input.queries(), input.maxIndexSizeMb() * MEGABYTE)
                .orElseThrow(RecommendIndexes::nothingCounted);
        boolean creates = !context.server().switchedOff().containsKey("create_index");
        boolean drops = !context.server().switchedOff().containsKey("drop_index");
        return new Output(
                advice.recommended().stream()
                        .map(one -> new Recommended(
                                one.index(),
                                one.bytes(),
                                one.savesPercent(),
                                one.writesPercent(),
                                one.gains(),
                                next(creates, "create_index", one.arguments())))
                        .toList(),
                advice.statements().stream()
                        .map(one -> new Advice.Statement(
                                one.q(),
                                one.calls(),
                                one.before(),
                                one.after(),
                                context.cluster().shown(one.query())))
                        .toList(),
                advice.superfluous().stream()
                        .map(one -> new Superfluous(
                                one.index(), one.bytes(), one.scans(), next(drops, "drop_index", drop(one))))
                        .toList(),
                advice.dropped(),
                advice.unproven(),
                advice.skipped().stream()
                        .limit(MOST_SKIPPED)
                        .map(one -> new Planning.Skipped(context.cluster().shown(cut(one.query())), one.why()))
                        .toList(),
                note(advice),
                advice.leftPercent());
    }

    private static Optional<Finding.Next> next(boolean offered, String act, Map<String, @Nullable Object> arguments) {
        return offered ? Optional.of(new Finding.Next(act, arguments)) : Optional.empty();
    }

    private static Map<String, @Nullable Object> drop(Advice.Superfluous there) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        arguments.put("index", there.index());
        arguments.put("dry_run", true);
        return arguments;
    }

    private static String cut(String query) {
        String line = query.strip().replaceAll("\\s+", " ");
        return line.length() <= 100 ? line : line.substring(0, 100) + "…";
    }

    private static String note(Advice advice) {
        List<String> notes = new ArrayList<>();
        if (advice.proven()) {
            notes.add(advice.thought() + " candidates, " + advice.plans() + " plans; costs are estimates, not times.");
        } else {
            notes.add("UNPROVEN: " + HypotheticalPlan.missing().text() + " What follows is a rule of thumb. "
                    + HypotheticalPlan.missing().hint());
        }
        if (advice.proven() && !advice.counted()) {
            notes.add(
                    "Queries that are not cheap weigh alike and writes are not counted: the workload of pg_stat_statements tells both.");
        }
        notes.addAll(advice.parameters().told());
        if (advice.stopped()) {
            notes.add(
                    "The time was over before all had been compared: give fewer queries, or raise statement_timeout_ms.");
        }
        if (advice.droppedInAll() > advice.dropped().size()) {
            notes.add(advice.droppedInAll() + " were tried and dropped; those that alone saved most are shown.");
        }
        if (advice.skipped().size() > 0) {
            notes.add(counted(advice.skipped().size(), "could not be planned."));
        }
        if (advice.hidden() > 0) {
            notes.add(
                    counted(advice.hidden(), "of other users not shown to this login, which lacks pg_read_all_stats."));
        }
        return String.join(" ", notes);
    }

    private static String counted(long many, String what) {
        return many + (many == 1 ? " statement " : " statements ") + what;
    }

    private static ToolException nothingCounted() {
        return new ToolException(
                ErrorCode.NOT_CONFIGURED,
                "pg_stat_statements does not count here, so the workload is not known.",
                "Give `queries`; or a person adds pg_stat_statements to shared_preload_libraries, restarts the server and"
                        + " runs CREATE EXTENSION pg_stat_statements in this database.");
    }
}
