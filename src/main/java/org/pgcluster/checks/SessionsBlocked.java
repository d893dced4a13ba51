package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.Wait;
import org.pgcluster.snapshot.Snapshot;

/** Names the sessions at the head of each queue: those that block and wait for nobody. */
final class SessionsBlocked implements Check {
    private static final long WARNING_SECONDS = 10;
    private static final long CRITICAL_SECONDS = 300;

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (PostgresState state : snapshot.postgres().stream().toList()) {
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
        // A prepared transaction has no session: pg_blocking_pids reports it as 0.
        String who = blocker == 0 ? "A prepared transaction" : "Session " + blocker;
        return new Finding(
                "postgres.sessions_blocked",
                longest >= CRITICAL_SECONDS ? Severity.CRITICAL : Severity.WARNING,
                Sure.CERTAIN,
                "postgres",
                blocker == 0 ? "prepared transaction" : "pid " + blocker,
                who + " blocks " + blocked.size() + " others, the longest for " + longest + " s",
                Evidence.of("server", state.where())
                        .and("blocked_pids", List.copyOf(blocked))
                        .and("blocker_state", waits.get(0).blockerState())
                        .and("longest_seconds", longest)
                        .fields(),
                "See what it does and whether its owner can end it.",
                Optional.of(new Next("blocking_locks", Map.of())),
                Optional.empty());
    }
}
