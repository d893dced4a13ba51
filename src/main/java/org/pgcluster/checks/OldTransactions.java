package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.Session;
import org.pgcluster.snapshot.Snapshot;

/** A transaction left open keeps its locks and stops vacuum for the whole server. */
final class OldTransactions implements Check {
    private static final long IDLE_WARNING_SECONDS = 300;
    private static final long OPEN_WARNING_SECONDS = 3600;

    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("postgres.idle_in_transaction", "a session has been idle in its transaction for minutes"),
                new Kind("postgres.old_transaction", "a transaction has been open for an hour"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (PostgresState state : snapshot.postgres().stream().toList()) {
            for (Session session : state.oldTransactions()) {
                boolean idle = String.valueOf(session.state()).startsWith("idle in transaction");
                if (idle && session.idleSeconds() >= IDLE_WARNING_SECONDS) {
                    findings.add(finding(
                            state, session, "idle in its transaction", session.idleSeconds(), "idle_in_transaction"));
                } else if (session.transactionSeconds() >= OPEN_WARNING_SECONDS) {
                    findings.add(finding(
                            state, session, "in one transaction", session.transactionSeconds(), "old_transaction"));
                }
            }
        }
        return findings;
    }

    private static Finding finding(PostgresState state, Session session, String how, long seconds, String id) {
        return new Finding(
                "postgres." + id,
                Severity.WARNING,
                Sure.CERTAIN,
                "postgres",
                "pid " + session.pid(),
                "Session " + session.pid() + " has been " + how + " for " + seconds + " s",
                Evidence.of("server", state.where())
                        .and("user", session.userName())
                        .and("application", session.application())
                        .and("state", session.state())
                        .and("transaction_seconds", session.transactionSeconds())
                        .and("holds_vacuum_horizon", session.holdsHorizon())
                        .fields(),
                "Ask its owner to end it; idle_in_transaction_session_timeout ends such sessions by itself.",
                Optional.of(new Next("blocking_locks", Map.of())),
                Optional.empty());
    }
}
