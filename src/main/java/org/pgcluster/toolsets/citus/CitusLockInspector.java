package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Page;
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
            @Says("Their locks, too") @Default("false") boolean includeLocks,

            @Says("Most rows of each list") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    /** Each page of waits comes with all roots and with the locks of those who wait or block on it. */
    record Output(
            List<Root> roots,
            @Nullable Long rootsLeftOut,
            List<Wait> waits,
            Rest rest,
            List<HeldLock> locks,
            @Nullable Long locksLeftOut,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String state = rest.total() == 0
                    ? "Nobody waits for a lock on any node that answered."
                    : Parts.many(rest.total(), "wait") + " across the cluster. "
                            + (roots.isEmpty()
                                    ? "They form a circle: Citus ends a distributed deadlock by itself."
                                    : "Ending " + roots.get(0).who() + " would free "
                                            + roots.get(0).frees() + ".");
            return state
                    + leftOut(rootsLeftOut, "root blocker", "Each stands in waits and frees no more than those shown.")
                    + leftOut(locksLeftOut, "lock", "A smaller limit shows fewer sessions, a cursor the next.")
                    + Parts.partial(unavailable).replace("sizes and counts lack", "this lacks");
        }

        private static String leftOut(@Nullable Long count, String what, String where) {
            return count == null ? "" : " " + Parts.many(count, what) + " more are left out. " + where;
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
        List<Told<LockWait>> edges = once(both.one().told());
        Page<Told<LockWait>> page = Page.of("waits", edges, CitusLockInspector::key, input.limit(), 0, input.cursor());
        List<Root> roots = roots(citus, edges, clients);
        HeldLock.Several locks = input.includeLocks() && !edges.isEmpty()
                ? HeldLock.ask(citus, page.rows(), input.limit())
                : new HeldLock.Several(List.of(), null);
        return new Output(
                List.copyOf(roots.subList(0, Math.min(input.limit(), roots.size()))),
                roots.size() > input.limit() ? Long.valueOf(roots.size() - input.limit()) : null,
                page.rows().stream().map(edge -> wait(citus, edge, clients)).toList(),
                page.rest(),
                locks.shown(),
                locks.leftOut(),
                Parts.unavailable(both.one(), both.other()));
    }

    /** Two backends of one client may hold up the same one. */
    private static List<Told<LockWait>> once(List<Told<LockWait>> told) {
        Map<List<@Nullable Object>, Told<LockWait>> edges = new LinkedHashMap<>();
        for (Told<LockWait> edge : told) {
            LockWait wait = edge.row();
            edges.putIfAbsent(
                    Arrays.asList(edge.nodeId(), wait.waitingPid(), wait.blockingGpid(), wait.prepared()), edge);
        }
        return List.copyOf(edges.values());
    }

    /** Since when somebody waits is the same in every look; one backend waits for another once. */
    private static List<Comparable<?>> key(Told<LockWait> told) {
        LockWait wait = told.row();
        Long since = wait.since();
        return List.of(
                since == null ? Long.MAX_VALUE : since,
                wait.waitingGpid(),
                told.nodeId(),
                wait.waitingPid(),
                wait.blockingPid());
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
}
