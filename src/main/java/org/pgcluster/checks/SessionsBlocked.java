package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.Wait;
import org.pgcluster.snapshot.Snapshot;

/** Names the sessions at the head of each queue: those that block and wait for nobody. */
final class SessionsBlocked implements Check {
    private static final long WARNING_SECONDS = 10;
    private static final long CRITICAL_SECONDS = 300;

    /** How a session that Citus opened on a node names the one that it works for. */
    private static final Pattern WORKS_FOR = Pattern.compile("citus_[a-z_]*internal gpid=(\\d+)");

    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("postgres.sessions_blocked", "a session or prepared transaction makes others wait"),
                new Kind("citus.sessions_blocked", "a session of one node makes others wait on another node"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (PostgresState state : snapshot.postgres()) {
            Set<Integer> waiting = state.waits().stream().map(Wait::waitingPid).collect(Collectors.toSet());
            Map<Integer, List<Wait>> byBlocker = state.waits().stream()
                    .collect(Collectors.groupingBy(Wait::blockingPid, TreeMap::new, Collectors.toList()));
            byBlocker.forEach((blocker, waits) -> {
                long longest =
                        waits.stream().mapToLong(Wait::waitingSeconds).max().orElse(0);
                if (!waiting.contains(blocker) && longest >= WARNING_SECONDS) {
                    findings.add(finding(state, blocker, waits, longest));
                }
            });
        }
        return findings;
    }

    private static Finding finding(PostgresState state, int blocker, List<Wait> waits, long longest) {
        Set<Integer> blocked = waits.stream().map(Wait::waitingPid).collect(Collectors.toCollection(TreeSet::new));
        Optional<String> global = worksFor(waits.get(0).blockingApplication());
        // A prepared transaction has no session: pg_blocking_pids reports it as 0.
        String who = blocker == 0
                ? "A prepared transaction on " + state.where()
                : global.map(gpid ->
                                "Session " + gpid + " (a global pid) blocks across nodes: on " + state.where() + " it")
                        .orElse("Session " + blocker + " of " + state.where());
        String title = who + " blocks " + blocked.size()
                + (blocked.size() == 1 ? " other for " : " others, the longest for ") + longest + " s";
        String id = global.isPresent() ? "citus.sessions_blocked" : "postgres.sessions_blocked";
        String subject = blocker == 0
                ? state.where() + " prepared transaction"
                : global.map(gpid -> "gpid " + gpid).orElse(state.where() + " pid " + blocker);
        Found found =
                longest >= CRITICAL_SECONDS ? Found.critical(id, subject, title) : Found.warning(id, subject, title);
        found.read("server", state.where())
                .read("blocked_pids", List.copyOf(blocked))
                .read(
                        "blocked_gpids",
                        waits.stream()
                                .flatMap(wait -> worksFor(wait.waitingApplication()).stream())
                                .distinct()
                                .toList())
                .read("blocker_state", waits.get(0).blockerState())
                .read("longest_seconds", longest);
        return global.isPresent()
                ? found.next("citus_lock_inspector")
                        .byHand("SELECT pg_terminate_backend(" + global.get() + ") (on the coordinator)")
                        .advice("See what it does and whether its owner can end it. Left idle in transactions end by"
                                + " themselves with idle_in_transaction_session_timeout.")
                : found.next("blocking_locks")
                        .byHand("SELECT pg_terminate_backend(" + blocker + ") (on " + state.where() + ")")
                        .advice("See what it does and whether its owner can end it.");
    }

    private static Optional<String> worksFor(@Nullable String application) {
        var told = WORKS_FOR.matcher(application == null ? "" : application);
        return told.find() ? Optional.of(told.group(1)) : Optional.empty();
    }
}
