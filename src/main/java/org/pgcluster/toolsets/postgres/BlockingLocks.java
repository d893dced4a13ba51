package org.pgcluster.toolsets.postgres;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Who waits for whom, and at whose end the queue begins. */
public final class BlockingLocks implements Reads<BlockingLocks.Input, BlockingLocks.Output> {
    record Input(
            @Says("Most pairs to show") @Default("50") @Range(min = 1, max = 1000)
            int limit) {}

    record Output(
            List<Pair> waits,
            List<Integer> rootBlockers,
            Rest rest,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            if (waits.isEmpty()) {
                return "Nobody waits for a lock." + (note == null ? "" : " " + note);
            }
            return rest.total() + " waits; at the head: " + heads() + "." + (note == null ? "" : " " + note);
        }

        private String heads() {
            StringBuilder heads = new StringBuilder();
            for (int pid : rootBlockers) {
                heads.append(heads.isEmpty() ? "" : ", ").append(pid == 0 ? "a prepared transaction" : "pid " + pid);
            }
            return heads.isEmpty() ? "nobody, the waits form a circle" : heads.toString();
        }
    }

    record Pair(
            int waitingPid,
            double waitingSeconds,
            @Nullable String waitingUser,
            @Nullable String waitingQuery,
            @Nullable String lock,
            @Nullable String relation,
            int blockingPid,
            @Nullable String blockingUser,
            @Nullable String blockingState,
            @Nullable Double blockingTransactionSeconds,
            @Nullable String blockingQuery) {}

    private static final String WAITS = """
            SELECT waiting.pid AS waiting_pid,
                   round(extract(epoch FROM clock_timestamp() - coalesce(asked.waitstart, waiting.query_start)), 3)
                       ::float8 AS waiting_seconds,
                   waiting.usename AS waiting_user, left(waiting.query, 500) AS waiting_query,
                   asked.mode || ' on ' || asked.locktype AS lock,
                   CASE WHEN asked.relation IS NOT NULL THEN asked.relation::regclass::text END AS relation,
                   blocker.pid AS blocking_pid, session.usename AS blocking_user,
                   CASE WHEN blocker.pid = 0 THEN 'prepared transaction' ELSE session.state END AS blocking_state,
                   round(extract(epoch FROM clock_timestamp() - session.xact_start), 3)::float8
                       AS blocking_transaction_seconds,
                   left(session.query, 500) AS blocking_query
              FROM pg_stat_activity AS waiting
             CROSS JOIN LATERAL (SELECT DISTINCT pid FROM unnest(pg_blocking_pids(waiting.pid)) AS blocking(pid))
                    AS blocker
              LEFT JOIN pg_stat_activity AS session ON session.pid = blocker.pid
              LEFT JOIN LATERAL (SELECT held.mode, held.locktype, held.waitstart,
                                        CASE WHEN held.database = (SELECT oid FROM pg_database
                                                                    WHERE datname = current_database())
                                             THEN held.relation END AS relation
                                   FROM pg_locks AS held
                                  WHERE held.pid = waiting.pid AND NOT held.granted
                                  LIMIT 1) AS asked ON true
             WHERE waiting.wait_event_type = 'Lock'
             ORDER BY waiting_seconds DESC, waiting_pid, blocking_pid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "blocking_locks",
                "Blocking locks",
                Input.class,
                Output.class,
                "Why does a statement hang: who blocks whom right now, root blockers first, with lock, table, seconds.");
    }

    @Override
    public Output read(Input input, Context context) {
        List<Pair> all = context.sql().list(Pair.class, WAITS);
        List<Pair> shown = List.copyOf(all.subList(0, Math.min(input.limit(), all.size())));
        boolean citus = context.cluster().capabilities(context.call()).has("citus");
        return new Output(
                shown,
                heads(all),
                new Rest(shown.size(), all.size(), null),
                citus ? "Waits across nodes are not in this list: citus_lock_inspector sees them." : null);
    }

    private static List<Integer> heads(List<Pair> waits) {
        Set<Integer> waiting = new HashSet<>();
        waits.forEach(pair -> waiting.add(pair.waitingPid()));
        return waits.stream()
                .map(Pair::blockingPid)
                .filter(pid -> !waiting.contains(pid))
                .distinct()
                .sorted()
                .toList();
    }
}
