package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Which statements cost most, what dominates each, and how those that can be planned would run. */
public final class AnalyzeSlowQueries implements Reads<AnalyzeSlowQueries.Input, AnalyzeSlowQueries.Output> {
    private static final int PLANNED = 3;

    record Input(
            @Says("By what they cost") @Default("total") Order sort,

            @Says("Only what ran this often") @Default("1") @Range(min = 1)
            long minCalls,

            @Says("Only what runs in the next seconds") @Default("0") @Range(min = 0, max = 20)
            int watchSeconds,

            @Says("Most rows") @Default("10") @Range(min = 1, max = 50)
            int limit) {}

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
                    : rest.total() + " statements; the share is of their total execution time."
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
            String why,
            String query,
            @Nullable String plan) {}

    record Seen(
            String queryId,
            String user,
            String query,
            double calls,
            double totalMs,
            double planMs,
            double ioMs,
            double rows,
            double hit,
            double read,
            double temp,
            double wal) {
        private Seen minus(Seen before) {
            return new Seen(
                    queryId,
                    user,
                    query,
                    calls - before.calls,
                    totalMs - before.totalMs,
                    planMs - before.planMs,
                    ioMs - before.ioMs,
                    rows - before.rows,
                    hit - before.hit,
                    read - before.read,
                    temp - before.temp,
                    wal - before.wal);
        }

        private String key() {
            return queryId + " " + user;
        }
    }

    private record Stand(String schema, @Nullable Boolean preloaded) {}

    private record Since(@Nullable Instant since) {}

    private record Slept(boolean slept) {}

    /** Which columns there are depends on the extension's own version, which is why they are read by name. */
    private static final String READING = """
            SELECT coalesce(told ->> 'queryid', '?') AS query_id,
                   coalesce(pg_get_userbyid((told ->> 'userid')::oid), '?') AS "user",
                   min(told ->> 'query') AS query, sum((told ->> 'calls')::float8) AS calls,
                   sum(coalesce(told ->> 'total_exec_time', told ->> 'total_time')::float8) AS total_ms,
                   coalesce(sum((told ->> 'total_plan_time')::float8), 0) AS plan_ms,
                   coalesce(sum(coalesce(told ->> 'shared_blk_read_time', told ->> 'blk_read_time')::float8), 0) AS io_ms,
                   sum((told ->> 'rows')::float8) AS rows, sum((told ->> 'shared_blks_hit')::float8) AS hit,
                   sum((told ->> 'shared_blks_read')::float8) AS read,
                   sum((told ->> 'temp_blks_written')::float8) AS temp,
                   coalesce(sum((told ->> 'wal_bytes')::float8), 0) AS wal
              FROM (SELECT to_jsonb(statement) AS told FROM {schema}.pg_stat_statements AS statement
                     WHERE statement.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS one
             WHERE coalesce((told ->> 'toplevel')::boolean, true)
             GROUP BY 1, 2
            """;

    private static final String STAND = """
            SELECT quote_ident(extnamespace::regnamespace::text) AS schema,
                   (SELECT setting ~ 'pg_stat_statements' FROM pg_settings WHERE name = 'shared_preload_libraries')
                       AS preloaded
              FROM pg_extension WHERE extname = 'pg_stat_statements'
            """;

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
        Sql sql = context.sql();
        Stand stand = sql.ifAny(Stand.class, STAND).orElseThrow(AnalyzeSlowQueries::missing);
        String reading = READING.replace("{schema}", stand.schema());
        List<Seen> seen = seen(sql, reading);
        Instant since = since(sql, stand);
        if (input.watchSeconds() > 0) {
            Map<String, Seen> before = new HashMap<>();
            seen.forEach(one -> before.put(one.key(), one));
            since = Instant.now();
            sql.one(Slept.class, "SELECT pg_sleep(?::float8) IS NOT NULL AS slept", input.watchSeconds());
            seen = seen(sql, reading).stream()
                    .map(one -> before.containsKey(one.key())
                            ? one.minus(java.util.Objects.requireNonNull(before.get(one.key())))
                            : one)
                    .filter(one -> one.calls() > 0)
                    .toList();
        }
        List<Seen> wanted = seen.stream()
                .filter(one -> one.calls() >= input.minCalls() && input.sort().of(one) > 0)
                .sorted(Comparator.comparingDouble((Seen one) -> -input.sort().of(one))
                        .thenComparing(Seen::key))
                .toList();
        double all = Math.max(1e-9, seen.stream().mapToDouble(Seen::totalMs).sum());
        List<Row> rows = new ArrayList<>();
        for (Seen one : wanted.subList(0, Math.min(input.limit(), wanted.size()))) {
            String shown = context.cluster().shown(one.query());
            rows.add(row(one, all, cut(shown), rows.size() < PLANNED ? plan(one.query(), context) : null));
        }
        return new Output(since, rows, new Rest(rows.size(), wanted.size(), null), note(sql));
    }

    private static List<Seen> seen(Sql sql, String reading) {
        try {
            return sql.list(Seen.class, reading);
        } catch (ToolException e) {
            if (e.text().contains("shared_preload_libraries")) {
                throw missing();
            }
            throw e;
        }
    }

    private static @Nullable Instant since(Sql sql, Stand stand) {
        try {
            return sql.one(
                            Since.class,
                            "SELECT stats_reset AS since FROM " + stand.schema() + ".pg_stat_statements_info")
                    .since();
        } catch (ToolException e) {
            return null; // the view came with version 1.9 of the extension
        }
    }

    private static ToolException missing() {
        return new ToolException(
                ErrorCode.NOT_CONFIGURED,
                "pg_stat_statements does not count here, so nobody knows what was slow.",
                "A person adds pg_stat_statements to shared_preload_libraries, restarts the server and runs CREATE"
                        + " EXTENSION pg_stat_statements in this database. active_queries shows what runs now.");
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
    static String why(Seen one) {
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
        if (blocks / one.calls() > 1000 && one.rows() / one.calls() < blocks / one.calls() / 10) {
            return "touches " + Math.round(blocks / one.calls())
                    + " blocks a call for few rows: an index may be missing";
        }
        if (one.calls() >= 1000 && mean < 1) {
            return "cheap and very frequent: can it be asked once for many?";
        }
        return one.rows() / one.calls() > 10_000 ? "returns many rows" : "its own work";
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

    private static String cut(String query) {
        String line = query.strip().replaceAll("\\s+", " ");
        return line.length() <= 300 ? line : line.substring(0, 300) + "…";
    }

    private static double rounded(double value) {
        return Math.round(100 * value) / 100.0;
    }
}
