package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What runs right now, longest first. */
public final class ActiveQueries implements Reads<ActiveQueries.Input, ActiveQueries.Output> {
    record Input(
            @Says("Only this database") Optional<String> database,

            @Says("Only what has run this long") @Default("0") @Range(min = 0, max = 10_000_000)
            double minDurationSeconds,

            @Says("Idle sessions, too") @Default("false") boolean includeIdle,

            @Says("Most sessions") @Default("50") @Range(min = 1, max = 1000)
            int limit) {}

    record Output(
            List<Session> sessions,
            Rest rest,
            @Nullable Long hidden,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            String shown = rest.total() + (rest.total() == 1 ? " session" : " sessions");
            String cut = rest.shown() < rest.total() ? ", the " + rest.shown() + " longest shown" : "";
            String secret = hidden == null
                    ? ""
                    : " What " + hidden + " of them run is hidden from this role: it lacks pg_read_all_stats.";
            return shown + cut + "." + secret + (note == null ? "" : " " + note);
        }
    }

    record Session(
            int pid,
            @Nullable String kind,
            @Nullable String database,
            @Nullable String userName,
            @Nullable String application,
            @Nullable String client,
            @Nullable String state,
            @Nullable Double seconds,
            @Nullable Double transactionSeconds,
            @Nullable String waitsFor,
            List<Integer> blockedBy,
            @Nullable Long parallelWorkers,
            @Nullable Instant started,
            @Nullable String query) {
        Session shown(Context context) {
            return new Session(
                    pid,
                    kind,
                    database,
                    userName,
                    application,
                    client,
                    state,
                    seconds,
                    transactionSeconds,
                    waitsFor,
                    blockedBy,
                    parallelWorkers,
                    started,
                    context.shown(query));
        }
    }

    private static final String SESSIONS = """
            SELECT activity.pid, nullif(activity.backend_type, 'client backend') AS kind,
                   activity.datname AS database, activity.usename AS user_name,
                   nullif(activity.application_name, '') AS application,
                   coalesce(activity.client_addr::text, 'local') AS client, activity.state,
                   round(extract(epoch FROM clock_timestamp() - activity.query_start), 3)::float8 AS seconds,
                   round(extract(epoch FROM clock_timestamp() - activity.xact_start), 3)::float8
                       AS transaction_seconds,
                   activity.wait_event_type || ': ' || activity.wait_event AS waits_for,
                   CASE WHEN activity.pid IN (SELECT pid FROM pg_locks WHERE NOT granted)
                        THEN pg_blocking_pids(activity.pid) ELSE '{}'::int[] END AS blocked_by,
                   nullif((SELECT count(*) FROM pg_stat_activity AS worker WHERE worker.leader_pid = activity.pid), 0)
                       AS parallel_workers,
                   activity.query_start AS started, left(activity.query, 1000) AS query
              FROM pg_stat_activity AS activity
             WHERE (activity.backend_type IN ('client backend', 'autovacuum worker')
                    OR (activity.backend_type IS NULL AND activity.datname IS NOT NULL))
               AND activity.pid <> pg_backend_pid()
               AND (?::text IS NULL OR activity.datname = ?::text)
               AND (?::boolean OR activity.state IS DISTINCT FROM 'idle')
               AND coalesce(extract(epoch FROM clock_timestamp() - activity.query_start), 0) >= ?::float8
             ORDER BY activity.query_start NULLS LAST, activity.pid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "active_queries",
                "Active queries",
                Input.class,
                Output.class,
                "Why is it busy or slow right now: what runs on the server asked, longest first, with seconds, waits and"
                        + " who blocks it.");
    }

    @Override
    public Output read(Input input, Context context) {
        String database = input.database().orElse(null);
        List<Session> all = context.sql()
                .list(Session.class, SESSIONS, database, database, input.includeIdle(), input.minDurationSeconds());
        List<Session> shown = all.subList(0, Math.min(input.limit(), all.size()));
        long hidden = all.stream()
                .filter(session -> "<insufficient privilege>".equals(session.query()))
                .count();
        boolean citus = context.sql().capabilities().has("citus");
        return new Output(
                shown.stream().map(session -> session.shown(context)).toList(),
                new Rest(shown.size(), all.size(), null),
                hidden == 0 ? null : hidden,
                citus ? "Other nodes are not in this list: citus_activity sees them all." : null);
    }
}
