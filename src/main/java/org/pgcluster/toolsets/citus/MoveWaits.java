package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Round.Told;

/** What a session waits for on any node, and who holds it. Its backends on the other nodes share its global pid. */
final class MoveWaits {
    private static final int MOST_HOLDERS = 3;
    private static final int LONGEST_QUERY = 100;

    private MoveWaits() {}

    /** In words; empty where it waits for nobody. {@code backend} is a process of the coordinator. */
    static String of(Citus citus, int backend) {
        Set<Long> own = new LinkedHashSet<>(List.of((long) backend));
        citus.nodes().stream()
                .filter(node -> node.groupId() == 0)
                .forEach(node -> own.add(CitusRebalanceStatus.GPID_OF_ONE_NODE * node.nodeId() + backend));
        List<Told<LockWait>> waits = LockWait.ask(citus).told().stream()
                .filter(told -> own.contains(told.row().waitingGpid()))
                .sorted(Comparator.comparingDouble(told -> -told.row().seconds()))
                .toList();
        if (waits.isEmpty()) {
            return "";
        }
        Map<Long, Told<ClientSession>> clients = new HashMap<>();
        ClientSession.ask(citus)
                .told()
                .forEach(told -> clients.merge(
                        told.row().globalPid(), told, (one, other) -> one.row().workerQuery() ? other : one));
        Told<LockWait> longest = waits.get(0);
        Set<String> holders = new LinkedHashSet<>();
        waits.forEach(told -> holders.add(holder(citus, told, clients)));
        String on = longest.row().on();
        return "Waits for " + Math.round(longest.row().seconds()) + " s on " + where(citus, longest.nodeId()) + " for "
                + (on == null ? "a lock" : on) + ", held by "
                + String.join("; ", holders.stream().limit(MOST_HOLDERS).toList())
                + (holders.size() > MOST_HOLDERS ? "; and " + (holders.size() - MOST_HOLDERS) + " more" : "");
    }

    private static String where(Citus citus, int nodeId) {
        CitusNode node = citus.nodesById().get(nodeId);
        return node == null ? citus.where(nodeId) : Deed.named(node);
    }

    private static String holder(Citus citus, Told<LockWait> told, Map<Long, Told<ClientSession>> clients) {
        LockWait wait = told.row();
        Long gpid = wait.blockingGpid();
        if (wait.blockingPid() == 0 || gpid == null) {
            return "prepared transaction " + wait.prepared();
        }
        Told<ClientSession> client = clients.get(gpid);
        String session = "session " + gpid + " (pid "
                + (client == null ? wait.blockingPid() : client.row().pid()) + " on "
                + where(citus, client == null ? told.nodeId() : client.nodeId());
        List<String> facts = new ArrayList<>();
        if (client != null) {
            add(facts, client.row().userName());
            add(facts, client.row().application());
        }
        add(facts, client == null ? wait.blockingState() : client.row().state());
        Double open = client == null ? null : client.row().transactionSeconds();
        add(facts, open == null ? null : "transaction open for " + Math.round(open) + " s");
        String query = client == null ? wait.blockingQuery() : client.row().query();
        return session + (facts.isEmpty() ? "" : ", " + String.join(", ", facts))
                + (query == null ? "" : ": " + query.substring(0, Math.min(LONGEST_QUERY, query.length()))) + ")";
    }

    private static void add(List<String> facts, @Nullable String fact) {
        if (fact != null && !fact.isEmpty()) {
            facts.add(fact);
        }
    }
}
