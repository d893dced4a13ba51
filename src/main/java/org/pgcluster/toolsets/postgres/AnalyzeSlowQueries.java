package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.toolsets.postgres.StatementCounters.Seen;

/** Which statements cost most, what dominates each, and how those that can be planned would run. */
public final class AnalyzeSlowQueries implements Reads<AnalyzeSlowQueries.Input, AnalyzeSlowQueries.Output> {
    private static final int PLANNED = 10;

    record Input(
            @Says("By what they cost") @Default("total") Order sort,

            @Says("Only what ran this often") @Default("1") @Range(min = 1)
            long minCalls,

            @Says("Only what runs in the next seconds") @Default("0") @Range(min = 0, max = 20)
            int watchSeconds,

            @Says("Most rows") @Default("5") @Range(min = 1, max = 50)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    enum Order {
        TOTAL,
        MEAN,
        IO,
        TEMP,
        CALLS,
        PLANNING,
        WAL;

        double of(Seen one) {
            return switch (this) {
                case TOTAL -> one.totalMs();
                case MEAN -> one.calls() == 0 ? 0 : one.totalMs() / one.calls();
                case IO -> one.read();
                case TEMP -> one.temp();
                case CALLS -> one.calls();
                case PLANNING -> one.planMs();
                case WAL -> one.wal();
            };
        }
    }

    record Output(
            @Nullable Instant since,
            List<Row> statements,
            Rest rest,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            return statements.isEmpty()
                    ? "No statement of this database is in what was asked for."
                    : rest.total() + (rest.total() == 1 ? " statement" : " statements")
                            + " without this server's own; the share is of their total execution time."
                            + (note == null ? "" : " " + note);
        }
    }

    /** {@code why} is what dominates; {@code plan} is what stands out in the plan, for the first that can be planned. */
    record Row(
            String queryId,
            String user,
            long calls,
            double totalMs,
            double meanMs,
            double sharePercent,
            long rows,
            @Nullable Double hitPercent,
            long tempBytes,
            long walBytes,
            @Nullable String why,
            String query,
            @Nullable String plan) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "analyze_slow_queries",
                "Slow queries",
                Input.class,
                Output.class,
                "Statements that cost most (pg_stat_statements): share, what dominates each, what stands out in its"
                        + " plan.");
    }

    @Override
    public Output read(Input input, Context context) {
        if (input.watchSeconds() > 0 && input.cursor().isPresent()) {
            throw ToolException.invalidInput(
                    "What runs in the next seconds is no list that goes on.", "Leave `cursor` or `watch_seconds` out.");
        }
        Sql sql = context.sql();
        StatementCounters counters = StatementCounters.of(sql);
        Instant since = input.watchSeconds() > 0 ? Instant.now() : counters.since();
        List<Seen> seen = input.watchSeconds() > 0 ? counters.during(input.watchSeconds()) : counters.all();
        List<Seen> wanted = seen.stream()
                .filter(one -> one.calls() >= input.minCalls() && input.sort().of(one) > 0)
                .sorted(Comparator.comparingDouble((Seen one) -> -input.sort().of(one))
                        .thenComparing(Seen::key))
                .toList();
        String list = "analyze_slow_queries " + input.sort() + " " + input.minCalls();
        List<Object> told = new ArrayList<>(
                input.cursor().map(text -> Cursor.read(list, text)).orElse(List.of()));
        double all = Math.max(1e-9, seen.stream().mapToDouble(Seen::totalMs).sum());
        List<Seen> left =
                wanted.stream().filter(one -> !told.contains(one.mark())).toList();
        List<Row> rows = new ArrayList<>();
        for (Seen one : left.subList(0, Math.min(input.limit(), left.size()))) {
            String plan = rows.size() < PLANNED ? plan(one.query(), context) : null;
            rows.add(row(one, all, cut(context.cluster().shown(one.query())), plan));
            told.add(one.mark());
        }
        boolean more = left.size() > rows.size() && input.watchSeconds() == 0;
        return new Output(
                since, rows, new Rest(rows.size(), wanted.size(), more ? Cursor.write(list, told) : null), note(sql));
    }

    private static @Nullable String note(Sql sql) {
        List<String> notes = new ArrayList<>();
        if (!sql.capabilities().memberOf("pg_read_all_stats")) {
            notes.add("Texts of other users' statements are hidden: this login lacks pg_read_all_stats.");
        }
        if (sql.capabilities().has("citus")) {
            notes.add("On Citus this is the coordinator's view; citus_distributed_query_stats has the workers'.");
        }
        return notes.isEmpty() ? null : String.join(" ", notes);
    }

    private static Row row(Seen one, double all, String query, @Nullable String plan) {
        double blocks = one.hit() + one.read();
        return new Row(
                one.queryId(),
                one.user(),
                Math.round(one.calls()),
                rounded(one.totalMs()),
                rounded(one.totalMs() / one.calls()),
                rounded(100 * one.totalMs() / all),
                Math.round(one.rows()),
                blocks == 0 ? null : rounded(100 * one.hit() / blocks),
                Math.round(one.temp() * 8192),
                Math.round(one.wal()),
                why(one),
                query,
                plan);
    }

    /** The first that applies, the surest first. */
    static @Nullable String why(Seen one) {
        if (one.queryId().equals("?")) {
            return null; // many that nobody may tell apart
        }
        double mean = one.totalMs() / one.calls();
        double blocks = one.hit() + one.read();
        if (one.temp() > 0) {
            return "spills to disk: " + Math.round(one.temp() / one.calls() * 8) + " kB a call";
        }
        if (one.ioMs() > 0.5 * one.totalMs()) {
            return "waits for reads: " + Math.round(100 * one.ioMs() / one.totalMs()) + "% of its time";
        }
        if (one.planMs() > one.totalMs()) {
            return "planning takes longer than running";
        }
        if (blocks > 0 && one.read() > 0.3 * blocks && one.read() / one.calls() > 100) {
            return "reads " + Math.round(one.read() / one.calls()) + " blocks a call from outside the cache";
        }
        if (looksForRows(one.query())
                && blocks / one.calls() > 1000
                && one.rows() / one.calls() < blocks / one.calls() / 10) {
            return "touches " + Math.round(blocks / one.calls())
                    + " blocks a call for few rows: an index may be missing";
        }
        if (one.calls() >= 1000 && mean < 1) {
            return "cheap and very frequent: can it be asked once for many?";
        }
        if (one.rows() / one.calls() > 10_000) {
            return looksForRows(one.query()) ? "returns many rows" : "writes many rows";
        }
        return null;
    }

    private static boolean looksForRows(String query) {
        return query.strip().toUpperCase(Locale.ROOT).matches("(?s)(SELECT|WITH|UPDATE|DELETE|MERGE|TABLE)\\b.*");
    }

    /** What nobody can plan has no plan: utilities, texts that are hidden or were cut, temporary tables. */
    private static @Nullable String plan(String query, Context context) {
        String first = query.strip().toUpperCase(Locale.ROOT);
        if (!first.startsWith("SELECT") && !first.startsWith("WITH")) {
            return null;
        }
        try {
            ExplainQuery.Output plan = new ExplainQuery()
                    .read(
                            new ExplainQuery.Input(query, false, Optional.empty(), Optional.empty(), Optional.empty()),
                            context);
            String stands = plan.findings().isEmpty()
                    ? ""
                    : ": " + plan.findings().get(0).title();
            return "cost " + plan.totalCost() + stands;
        } catch (ToolException e) {
            return "cannot be planned: " + e.text();
        }
    }

    /** What is read stands at the beginning, which of it and in what order at the end. */
    private static String cut(String query) {
        String line = query.strip().replaceAll("\\s+", " ");
        return line.length() <= 140 ? line : line.substring(0, 65) + " … " + line.substring(line.length() - 72);
    }

    private static double rounded(double value) {
        return Math.round(100 * value) / 100.0;
    }
}
