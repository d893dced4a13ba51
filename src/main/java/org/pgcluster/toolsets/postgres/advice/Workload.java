package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.OwnText;
import org.pgcluster.postgres.Rewritten;
import org.pgcluster.postgres.Sql;

/**
 * What is to become cheaper, and what has to be kept up for it.
 *
 * @param counted whether calls and times are known, as they are of a workload and not of queries that somebody gives
 * @param hidden statements of others whose text this login may not see
 */
public record Workload(
        List<Statement> statements,
        List<Written> written,
        List<Planning.Skipped> skipped,
        boolean counted,
        long hidden) {
    private static final int MOST = 60;

    /** {@code text} is a query, of a change the search for its rows; {@code id} is what the server calls it. */
    public record Statement(String original, String text, double calls, double totalMs, Optional<String> id) {}

    public record Written(Rewritten.Change change, double rows) {}

    private record Seen(
            @Nullable String id, String query, long statements, double calls, double totalMs, double rows) {}

    private record Home(String schema) {}

    private static final String HOME = """
            SELECT extnamespace::regnamespace::text AS schema
              FROM pg_extension WHERE extname = 'pg_stat_statements'
            """;

    private static final String READING = """
            SELECT told ->> 'queryid' AS id, min(told ->> 'query') AS query, count(*) AS statements, sum((told ->> 'calls')::float8) AS calls,
                   sum(coalesce(told ->> 'total_exec_time', told ->> 'total_time')::float8) AS total_ms,
                   sum((told ->> 'rows')::float8) AS rows
              FROM (SELECT to_jsonb(statement) AS told FROM {schema}.pg_stat_statements AS statement
                     WHERE statement.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS one
             WHERE coalesce((told ->> 'toplevel')::boolean, true) AND told ->> 'query' IS NOT NULL
             GROUP BY told ->> 'queryid'
             ORDER BY 3 DESC
             LIMIT 2000
            """;

    /** What ran here since the statistics were reset, by the time that it took; empty where nothing counts it. */
    static Optional<Workload> seen(Sql sql) {
        Optional<Home> home = sql.ifAny(Home.class, HOME);
        if (home.isEmpty()) {
            return Optional.empty();
        }
        List<Seen> all;
        try {
            all = sql.list(Seen.class, READING.replace("{schema}", home.get().schema()));
        } catch (ToolException e) {
            if (e.text().contains("shared_preload_libraries")) {
                return Optional.empty();
            }
            throw e;
        }
        List<Statement> statements = new ArrayList<>();
        List<Written> written = new ArrayList<>();
        long hidden = 0;
        for (Seen one : all) {
            if (one.query().equals("<insufficient privilege>")) {
                hidden += one.statements();
                continue;
            }
            readable(one).ifPresent(text -> {
                if (statements.size() < MOST) {
                    statements.add(new Statement(
                            one.query(), text, one.calls(), one.totalMs(), Optional.ofNullable(one.id())));
                }
            });
            change(one.query()).ifPresent(change -> written.add(new Written(change, one.rows())));
        }
        return Optional.of(new Workload(statements, written, List.of(), true, hidden));
    }

    /** Our own looks at the catalogue are no workload. */
    private static Optional<String> readable(Seen one) {
        boolean ours = OwnText.is(one.query())
                || one.query().contains("pg_catalog.")
                || one.query().contains("pg_stat_statements")
                || one.query().contains("pg_qualstats")
                || one.query().contains(".hypopg_");
        try {
            return ours ? Optional.empty() : Rewritten.asQuery(one.query());
        } catch (ToolException e) {
            return Optional.empty(); // cut in the middle of a string, or not SQL as the lexer knows it
        }
    }

    private static Optional<Rewritten.Change> change(String sql) {
        try {
            return Rewritten.change(sql);
        } catch (ToolException e) {
            return Optional.empty(); // as above
        }
    }

    static Workload given(List<String> queries) {
        List<Statement> statements = new ArrayList<>();
        List<Planning.Skipped> skipped = new ArrayList<>();
        for (String query : queries) {
            try {
                Rewritten.asQuery(query)
                        .ifPresentOrElse(
                                text -> statements.add(new Statement(query, text, 1, 1, Optional.empty())),
                                () -> skipped.add(new Planning.Skipped(
                                        query, "no SELECT, UPDATE … WHERE or DELETE … WHERE: it looks for no rows")));
            } catch (ToolException e) {
                skipped.add(new Planning.Skipped(query, e.text()));
            }
        }
        return new Workload(statements, List.of(), skipped, false, 0);
    }

    static String cut(String query) {
        String line = query.strip().replaceAll("\\s+", " ");
        return line.length() <= 100 ? line : line.substring(0, 100) + "…";
    }
}
