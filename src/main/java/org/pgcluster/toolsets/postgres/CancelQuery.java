package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Stops what sessions run, or ends the sessions. Each is hit only while it is still the one that was looked at. */
public final class CancelQuery implements Acts<CancelQuery.Input, CancelQuery.Looked, CancelQuery.Output> {
    record Input(
            @Says("As active_queries names them") @Range(min = 1, max = 100)
            List<Integer> pids,

            @Says("End the sessions") @Default("false") boolean terminate,

            @Says("Only what has run this many seconds") @Default("0") @Range(min = 0)
            int onlyIfRunningS) {}

    record Looked(List<Target> sessions) {}

    /** A session is the same while pid and start are; its statement while that started at the same time. */
    record Target(
            int pid,
            Instant backendStart,
            @Nullable Instant queryStart,
            @Nullable String userName,
            @Nullable String database,
            @Nullable String application,
            String backendType,
            @Nullable String query) {}

    record Seen(
            int pid,
            Instant backendStart,
            @Nullable Instant queryStart,
            @Nullable String userName,
            @Nullable String database,
            @Nullable String application,
            String backendType,
            @Nullable String query,
            @Nullable String state) {
        Target target() {
            return new Target(pid, backendStart, queryStart, userName, database, application, backendType, query);
        }
    }

    record Output(List<Result> sessions, int stopped) implements InWords {
        @Override
        public String inWords() {
            return stopped + " of " + sessions.size() + " stopped.";
        }
    }

    record Result(int pid, boolean signalled, String now) {}

    record Signalled(int pid, boolean signalled) {}

    private static final String SESSIONS = """
            SELECT pid, backend_start, query_start, usename::text AS user_name, datname::text AS database,
                   nullif(application_name, '') AS application, backend_type, left(query, 500) AS query, state
              FROM pg_stat_activity
             WHERE pid = ANY (?::int[])
             ORDER BY pid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "cancel_query",
                "Cancel queries",
                Input.class,
                Output.class,
                "Cancels what the given sessions run, or ends the sessions. Plans first; a person approves.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        List<Seen> seen = seen(input, context);
        List<Check> checks = new ArrayList<>();
        for (int pid : input.pids()) {
            checks.add(judged(pid, seen, input.terminate()));
        }
        String verb = input.terminate() ? "Ends" : "Cancels what runs in";
        return new Plan<>(
                verb + " " + seen.size() + (seen.size() == 1 ? " session" : " sessions"),
                new Looked(seen.stream().map(Seen::target).toList()),
                checks,
                List.of(step(input, seen)),
                new Consequences(
                        "",
                        "",
                        "active_queries shows whether they still run.",
                        "",
                        input.terminate()
                                ? "None: the sessions' open transactions are rolled back and their clients must reconnect."
                                : "None: the statements end with an error and their transactions must be rolled back.",
                        "",
                        false,
                        Map.of()));
    }

    private static Check judged(int pid, List<Seen> seen, boolean terminate) {
        Optional<Seen> found =
                seen.stream().filter(session -> session.pid() == pid).findAny();
        if (found.isEmpty()) {
            return new Check("session " + pid + " exists", Verdict.FAILS, "there is none");
        }
        Seen session = found.get();
        String words = session.userName() + "@" + session.database() + ", " + session.state() + ": " + session.query();
        if (!session.backendType().equals("client backend")) {
            return new Check("session " + pid + " is a client", Verdict.RISKY, "it is a " + session.backendType());
        }
        boolean runs = "active".equals(session.state()) || "fastpath function call".equals(session.state());
        return runs || terminate
                ? new Check("session " + pid, Verdict.HOLDS, words)
                : new Check("session " + pid + " runs something", Verdict.RISKY, "it does not now; " + words);
    }

    private static List<Seen> seen(Input input, Context context) {
        return context.sql().list(Seen.class, SESSIONS, array(input.pids()));
    }

    private static String array(List<?> values) {
        StringBuilder array = new StringBuilder("{");
        for (Object value : values) {
            array.append(array.length() == 1 ? "" : ",")
                    .append('"')
                    .append(value)
                    .append('"');
        }
        return array.append('}').toString();
    }

    /** A pid that meanwhile belongs to somebody else, or runs something else, is not touched. */
    private static Step.Statement step(Input input, List<Seen> seen) {
        String function = input.terminate() ? "pg_terminate_backend" : "pg_cancel_backend";
        String sameStatement =
                input.terminate() ? "" : "\n   AND activity.query_start IS NOT DISTINCT FROM wanted.query_start";
        String sql = "SELECT activity.pid, pg_catalog." + function + "(activity.pid) AS signalled\n"
                + "  FROM unnest(?::int[], ?::timestamptz[], ?::timestamptz[]) AS wanted(pid, backend_start, query_start)\n"
                + "  JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = wanted.pid\n"
                + "   AND activity.backend_start = wanted.backend_start" + sameStatement + "\n"
                + " WHERE activity.query_start <= pg_catalog.clock_timestamp() - ?::int * interval '1 second'";
        return Step.statement(
                "coordinator",
                sql,
                array(seen.stream().map(Seen::pid).toList()),
                array(seen.stream().map(Seen::backendStart).toList()),
                nullableArray(seen.stream()
                        .map(session -> String.valueOf(session.queryStart()))
                        .toList()),
                input.onlyIfRunningS());
    }

    private static String nullableArray(List<String> values) {
        return array(values).replace("\"null\"", "NULL");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<Signalled> signalled = hands.list((Step.Statement) plan.steps().get(0), Signalled.class);
        List<Result> results = new ArrayList<>();
        for (Target target : plan.looked().sessions()) {
            boolean hit = signalled.stream().anyMatch(one -> one.pid() == target.pid() && one.signalled());
            results.add(new Result(
                    target.pid(), hit, hit ? became(target, input, context) : "not touched: it had changed"));
        }
        int stopped = (int)
                results.stream().filter(one -> one.now().startsWith("stopped")).count();
        return new Output(results, stopped);
    }

    /** The signal is only a request: looks until the statement is gone or two seconds are over. */
    private static String became(Target target, Input input, Context context) {
        long until = System.nanoTime() + 2_000_000_000L;
        while (true) {
            List<Seen> now = context.sql().list(Seen.class, SESSIONS, array(List.of(target.pid())));
            boolean gone = now.isEmpty() || !now.get(0).backendStart().equals(target.backendStart());
            if (gone) {
                return "stopped: the session has ended";
            }
            boolean same = "active".equals(now.get(0).state())
                    && java.util.Objects.equals(now.get(0).queryStart(), target.queryStart());
            if (!same && !input.terminate()) {
                return "stopped: the session is " + now.get(0).state();
            }
            if (System.nanoTime() > until) {
                return "asked to stop, still there after 2 s";
            }
            java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
        }
    }
}
