package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Who waits for whom across all nodes, and whose end would free them. */
public final class CitusLockInspector implements Reads<CitusLockInspector.Input, CitusLockInspector.Output> {
    record Input(
            @Says("The locks of all who wait or block") @Default("false")
            boolean includeLocks,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit) {}

    record Output(List<Root> roots, List<Wait> waits, Rest rest, List<Held> locks, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String state = waits.isEmpty()
                    ? "Nobody waits for a lock on any node that answered."
                    : Parts.many(rest.total(), "wait") + " across the cluster. "
                            + (roots.isEmpty()
                                    ? "They form a circle: Citus ends a distributed deadlock by itself."
                                    : "Ending " + roots.get(0).who() + " would free "
                                            + roots.get(0).frees() + ".");
            return state + Parts.partial(unavailable).replace("sizes and counts lack", "this lacks");
        }
    }

    /** Blocks and waits for nobody. {@code frees} counts all who wait for it, directly or through others. */
    record Root(
            String who,
            @Nullable Long globalPid,
            @Nullable String node,
            @Nullable String state,
            @Nullable Double transactionSeconds,
            int frees,
            @Nullable String query,
            String byHand) {}

    record Wait(
            long waitingGpid,
            String node,
            double seconds,
            @Nullable String lock,
            @Nullable String on,
            @Nullable Long blockingGpid,
            @Nullable String preparedTransaction,
            @Nullable String waitingQuery,
            @Nullable String blockingQuery) {}

    record Held(
            long globalPid,
            String node,
            String lockType,
            @Nullable String relation,
            String mode,
            boolean granted) {}

    record HeldRow(long gpid, String lockType, @Nullable String relation, String mode, boolean granted) {}

    private static final String LOCKS = """
            SELECT coalesce(nullif(own.global_pid, 0), here.nodeid::bigint * 10000000000 + held.pid) AS gpid,
                   held.locktype AS lock_type, held.relation::regclass::text AS relation, held.mode, held.granted
              FROM pg_locks AS held
              LEFT JOIN get_all_active_transactions() AS own ON own.process_id = held.pid
             CROSS JOIN (SELECT coalesce((SELECT nodeid FROM pg_dist_node AS node
                                           JOIN pg_dist_local_group AS grp ON grp.groupid = node.groupid
                                          WHERE node.noderole = 'primary' LIMIT 1), 0) AS nodeid) AS here
             WHERE held.pid IS NOT NULL AND held.locktype <> 'virtualxid'
               AND (held.relation IS NULL
                    OR held.relation NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace))
               AND coalesce(nullif(own.global_pid, 0), here.nodeid::bigint * 10000000000 + held.pid) = ANY (%L::bigint[])
             ORDER BY 1, 2, 3, 4
             LIMIT 500
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_lock_inspector",
                "Citus lock waits",
                Input.class,
                Output.class,
                "Who waits for whom across all nodes, prepared transactions included, and whose end would free most.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Citus.Both<Round<LockWait>, Round<ClientSession>> both = citus.atOnce(LockWait::ask, ClientSession::ask);
        Map<Long, Told<ClientSession>> clients = new HashMap<>();
        both.other()
                .told()
                .forEach(told -> clients.merge(
                        told.row().globalPid(), told, (one, other) -> one.row().workerQuery() ? other : one));
        List<Told<LockWait>> edges = both.one().told().stream()
                .sorted(Comparator.comparingDouble(
                                (Told<LockWait> told) -> -told.row().seconds())
                        .thenComparing(told -> told.row().waitingGpid())
                        .thenComparing(told -> told.row().blockingPid())
                        .thenComparing(Told::nodeId))
                .toList();
        List<Wait> waits = edges.stream()
                .map(edge -> wait(citus, edge, clients))
                .distinct()
                .toList();
        List<Wait> shown = List.copyOf(waits.subList(0, Math.min(input.limit(), waits.size())));
        return new Output(
                roots(citus, edges, clients),
                shown,
                new Rest(shown.size(), waits.size(), null),
                input.includeLocks() && !edges.isEmpty() ? locks(citus, edges) : List.of(),
                Parts.unavailable(both.one(), both.other()));
    }

    /** What a client asked says more than what its backend on a worker was sent. */
    private static Wait wait(Citus citus, Told<LockWait> edge, Map<Long, Told<ClientSession>> clients) {
        LockWait wait = edge.row();
        Long blocker = wait.blockingPid() == 0 ? null : wait.blockingGpid();
        return new Wait(
                wait.waitingGpid(),
                edge.nodeId() + " " + citus.where(edge.nodeId()),
                wait.seconds(),
                wait.lock(),
                wait.on(),
                blocker,
                wait.blockingPid() == 0 ? String.valueOf(wait.prepared()) : null,
                query(clients.get(wait.waitingGpid()), wait.waitingQuery()),
                blocker == null ? null : query(clients.get(blocker), wait.blockingQuery()));
    }

    private static @Nullable String query(@Nullable Told<ClientSession> client, @Nullable String here) {
        return client == null || client.row().query() == null
                ? here
                : client.row().query();
    }

    private static List<Root> roots(Citus citus, List<Told<LockWait>> edges, Map<Long, Told<ClientSession>> clients) {
        Set<String> waiting = new TreeSet<>();
        Map<String, Set<String>> blocked = new LinkedHashMap<>();
        Map<String, Told<LockWait>> seen = new HashMap<>();
        for (Told<LockWait> edge : edges) {
            String blocker = name(edge);
            waiting.add(String.valueOf(edge.row().waitingGpid()));
            seen.putIfAbsent(blocker, edge);
            blocked.computeIfAbsent(blocker, who -> new TreeSet<>())
                    .add(String.valueOf(edge.row().waitingGpid()));
        }
        List<Root> roots = new ArrayList<>();
        blocked.forEach((blocker, those) -> {
            if (!waiting.contains(blocker)) {
                Set<String> freed = new TreeSet<>();
                collect(blocker, blocked, freed);
                Told<LockWait> edge = seen.get(blocker);
                if (edge != null) {
                    roots.add(root(citus, edge, freed.size(), clients));
                }
            }
        });
        roots.sort(Comparator.comparingInt((Root root) -> -root.frees()).thenComparing(Root::who));
        return roots;
    }

    private static void collect(String blocker, Map<String, Set<String>> blocked, Set<String> freed) {
        for (String one : blocked.getOrDefault(blocker, Set.of())) {
            if (freed.add(one)) {
                collect(one, blocked, freed);
            }
        }
    }

    private static String name(Told<LockWait> edge) {
        LockWait wait = edge.row();
        return wait.blockingPid() == 0
                ? "prepared " + wait.prepared() + " on " + edge.nodeId()
                : String.valueOf(wait.blockingGpid());
    }

    private static Root root(Citus citus, Told<LockWait> edge, int frees, Map<Long, Told<ClientSession>> clients) {
        LockWait wait = edge.row();
        String where = edge.nodeId() + " " + citus.where(edge.nodeId());
        if (wait.blockingPid() == 0) {
            String gid = String.valueOf(wait.prepared());
            return new Root(
                    "prepared transaction " + gid,
                    null,
                    where,
                    "prepared",
                    null,
                    frees,
                    null,
                    gid.startsWith("citus_")
                            ? "SELECT recover_prepared_transactions() on its initiator; Citus does so each minute"
                            : "its owner decides: COMMIT PREPARED or ROLLBACK PREPARED '" + gid + "' on "
                                    + citus.where(edge.nodeId()));
        }
        Long gpid = wait.blockingGpid();
        Told<ClientSession> client = gpid == null ? null : clients.get(gpid);
        return new Root(
                "session " + gpid,
                gpid,
                client == null ? where : client.nodeId() + " " + citus.where(client.nodeId()),
                client == null ? wait.blockingState() : client.row().state(),
                client == null ? null : client.row().transactionSeconds(),
                frees,
                query(client, wait.blockingQuery()),
                "SELECT pg_terminate_backend(" + gpid + ") on any node, or pg_cancel_backend where it is active");
    }

    private static List<Held> locks(Citus citus, List<Told<LockWait>> edges) {
        Set<Long> involved = new TreeSet<>();
        edges.forEach(edge -> {
            involved.add(edge.row().waitingGpid());
            Long blocker = edge.row().blockingGpid();
            if (blocker != null) {
                involved.add(blocker);
            }
        });
        Round<HeldRow> round = citus.everywhere(HeldRow.class, LOCKS, List.copyOf(involved));
        return round.told().stream()
                .map(told -> new Held(
                        told.row().gpid(),
                        told.nodeId() + " " + citus.where(told.nodeId()),
                        told.row().lockType(),
                        told.row().relation(),
                        told.row().mode(),
                        told.row().granted()))
                .toList();
    }
}
