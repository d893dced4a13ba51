package org.pgcluster.checks;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;

/** Clients are refused once all connections but those kept for superusers are taken. */
final class ConnectionsNearlyUsedUp implements Check {
    private static final int WARNING_PERCENT = 80;
    private static final int CRITICAL_PERCENT = 95;

    @Override
    public List<Kind> kinds() {
        return List.of(new Kind("postgres.connections_nearly_used_up", "most connections are taken"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        return snapshot.postgres().stream()
                .filter(state -> percent(state) >= WARNING_PERCENT)
                .map(ConnectionsNearlyUsedUp::finding)
                .toList();
    }

    private static long percent(PostgresState state) {
        long room = state.connections().max() - state.connections().reserved();
        return room <= 0 ? 100 : state.connections().used() * 100 / room;
    }

    private static Finding finding(PostgresState state) {
        long percent = percent(state);
        return new Finding(
                percent >= 100 ? "postgres.connections_exhausted" : "postgres.connections_nearly_used_up",
                percent >= CRITICAL_PERCENT ? Severity.CRITICAL : Severity.WARNING,
                Sure.CERTAIN,
                "postgres",
                state.where(),
                state.where()
                        + (percent >= 100 ? " has no connection left: " : " has few connections left: ")
                        + percent
                        + " % are taken",
                Evidence.of("used", state.connections().used())
                        .and("max_connections", state.connections().max())
                        .and("reserved", state.connections().reserved())
                        .fields(),
                "See who holds them. A pooler in front serves many clients with few connections; raising"
                        + " max_connections needs a restart and memory.",
                Optional.of(new Next("active_queries", Map.of("include_idle", true))),
                Optional.empty());
    }
}
