package org.pgcluster.toolsets.postgres;

import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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
    private static final String HIDDEN = "<insufficient privilege>";

    record Input(
            @Says("Most pairs to show") @Default("50") @Range(min = 1, max = 1000)
            int limit) {}

    record Output(
            List<Root> rootBlockers,
            List<Pair> waits,
            Rest rest,
            @Nullable Long hidden,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            String secret = hidden == null
                    ? ""
                    : " What " + hidden + " of these sessions do is hidden from this role: it lacks pg_read_all_stats.";
            String more = secret + (note == null ? "" : " " + note);
            return waits.isEmpty()
                    ? "Nobody waits for a lock on this server." + more
                    : rest.total() + (rest.total() == 1 ? " wait" : " waits") + "; at the head: " + heads() + "."
                            + more;
        }

        private String heads() {
            return rootBlockers.isEmpty()
                    ? "nobody, the waits form a circle that deadlock_timeout will break"
                    : String.join("; ", rootBlockers.stream().map(Root::inWords).toList());
        }
    }

    /** Who waits for nobody and is waited for: what ends its transaction lets all others go. */
    record Root(
            int pid,
            int holdsUp,
            @Nullable String user,
            @Nullable String state,
            @Nullable Double transactionSeconds,
            @Nullable String query) {
        String inWords() {
            return pid == 0
                    ? "a " + state + " (no session: commit or roll it back by its name)"
                    : "pid " + pid + (state == null ? "" : " (" + state + ")");
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
            @Nullable String blockingQuery) {
        Pair shown(Context context) {
            return new Pair(
                    waitingPid,
                    waitingSeconds,
                    waitingUser,
                    context.shown(waitingQuery),
                    lock,
                    relation,
                    blockingPid,
                    blockingUser,
                    blockingState,
                    blockingTransactionSeconds,
                    context.shown(blockingQuery));
        }
    }

    private static final String WAITS = """
            SELECT waiting.pid AS waiting_pid,
                   round(extract(epoch FROM clock_timestamp() - coalesce(asked.waitstart, waiting.query_start)), 3)
                       ::float8 AS waiting_seconds,
                   waiting.usename AS waiting_user, left(waiting.query, 500) AS waiting_query,
                   asked.mode || ' on ' || asked.locktype AS lock,
                   CASE WHEN asked.relation IS NOT NULL THEN asked.relation::regclass::text END AS relation,
                   blocker.pid AS blocking_pid, session.usename AS blocking_user,
                   CASE WHEN blocker.pid = 0 THEN 'prepared transaction ' || coalesce(prepared.gid, '')
                        ELSE session.state END AS blocking_state,
                   round(extract(epoch FROM clock_timestamp() - coalesce(session.xact_start, prepared.since)), 3)::float8
                       AS blocking_transaction_seconds,
                   left(session.query, 500) AS blocking_query
              FROM pg_stat_activity AS waiting
             CROSS JOIN LATERAL (SELECT DISTINCT pid FROM unnest(pg_blocking_pids(waiting.pid)) AS blocking(pid))
                    AS blocker
              LEFT JOIN pg_stat_activity AS session ON session.pid = blocker.pid
              LEFT JOIN LATERAL (SELECT held.mode, held.locktype, held.waitstart, held.relation AS any_relation,
                                        held.transactionid,
                                        CASE WHEN held.database = (SELECT oid FROM pg_database
                                                                    WHERE datname = current_database())
                                             THEN held.relation END AS relation
                                   FROM pg_locks AS held
                                  WHERE held.pid = waiting.pid AND NOT held.granted
                                  LIMIT 1) AS asked ON true
              LEFT JOIN LATERAL (SELECT string_agg(DISTINCT found.gid, ', ') AS gid, min(found.prepared) AS since
                                   FROM pg_prepared_xacts AS found
                                  WHERE blocker.pid = 0
                                    AND (found.transaction = asked.transactionid
                                         OR EXISTS (SELECT FROM pg_locks AS own
                                                      JOIN pg_locks AS held
                                                        ON held.virtualtransaction = own.virtualtransaction
                                                       AND held.pid IS NULL
                                                     WHERE own.pid IS NULL AND own.transactionid = found.transaction
                                                       AND held.granted AND held.relation = asked.any_relation)))
                    AS prepared ON true
             WHERE waiting.pid IN (SELECT pid FROM pg_locks WHERE NOT granted)
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
        List<Pair> all = context.sql().list(Pair.class, WAITS).stream()
                .map(pair -> pair.shown(context))
                .toList();
        List<Root> roots = roots(all);
        Set<Integer> heads = roots.stream().map(Root::pid).collect(Collectors.toSet());
        List<Pair> shown = all.stream()
                .sorted(Comparator.comparing((Pair pair) -> !heads.contains(pair.blockingPid())))
                .limit(input.limit())
                .toList();
        long hidden = all.stream()
                .filter(pair -> HIDDEN.equals(pair.waitingQuery()) || HIDDEN.equals(pair.blockingQuery()))
                .count();
        boolean citus = context.sql().capabilities().has("citus");
        return new Output(
                roots,
                shown,
                new Rest(shown.size(), all.size(), null),
                hidden == 0 ? null : hidden,
                citus ? "Waits across nodes are not in this list: citus_lock_inspector sees them." : null);
    }

    private static List<Root> roots(List<Pair> waits) {
        Set<Integer> waiting = waits.stream().map(Pair::waitingPid).collect(Collectors.toSet());
        Map<Integer, Pair> heads = new LinkedHashMap<>();
        waits.stream()
                .filter(pair -> !waiting.contains(pair.blockingPid()))
                .forEach(pair -> heads.putIfAbsent(pair.blockingPid(), pair));
        return heads.values().stream()
                .map(pair -> new Root(
                        pair.blockingPid(),
                        heldUp(pair.blockingPid(), waits, new HashSet<>()),
                        pair.blockingUser(),
                        pair.blockingState(),
                        pair.blockingTransactionSeconds(),
                        pair.blockingQuery()))
                .sorted(Comparator.comparing((Root root) -> -root.holdsUp()).thenComparing(Root::pid))
                .toList();
    }

    /** Those who wait for it, and those who wait for these. */
    private static int heldUp(int pid, List<Pair> waits, Set<Integer> counted) {
        waits.stream()
                .filter(pair -> pair.blockingPid() == pid && counted.add(pair.waitingPid()))
                .forEach(pair -> heldUp(pair.waitingPid(), waits, counted));
        return counted.size();
    }
}
