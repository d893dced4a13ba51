package org.pgcluster.checks;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.checks.Pooling.Fault;
import org.pgcluster.checks.Pooling.Wrong;
import org.pgcluster.snapshot.Snapshot;

/** Nobody waits for a connection, and if so, it is known for what. */
final class PgbouncerPools implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("pgbouncer.unreachable", "clients wait and no server connection stands"),
                new Kind("pgbouncer.full", "clients wait because all server connections are busy"),
                new Kind("pgbouncer.waiting", "clients wait"),
                new Kind("pgbouncer.paused", "a database is paused"),
                new Kind("pgbouncer.disabled", "a database is disabled"),
                new Kind("pgbouncer.clients_nearly_full", "nearly as many clients as it takes"),
                new Kind("pgbouncer.setting", "a setting that hurts"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        return snapshot.around().bouncers().stream()
                .flatMap(bouncer -> Pooling.wrongs(bouncer).stream())
                .map(PgbouncerPools::finding)
                .toList();
    }

    private static Finding finding(Wrong wrong) {
        return new Finding(
                "pgbouncer." + wrong.fault().name().toLowerCase(java.util.Locale.ROOT),
                severity(wrong.fault()),
                Sure.CERTAIN,
                "pgbouncer",
                wrong.subject(),
                wrong.words(),
                Evidence.of("instance", wrong.instance()).fields(),
                advice(wrong.fault()),
                Optional.of(new Next("pgbouncer_status", Map.of("instance", wrong.instance()))),
                Optional.empty());
    }

    private static Severity severity(Fault fault) {
        return switch (fault) {
            case UNREACHABLE -> Severity.CRITICAL;
            case SETTING, WAITING -> Severity.NOTICE;
            default -> Severity.WARNING;
        };
    }

    private static String advice(Fault fault) {
        return switch (fault) {
            case UNREACHABLE -> "Repair what it connects to (HAProxy's backend, PostgreSQL), then RECONNECT.";
            case FULL -> "Look for slow queries first, then at pool_size.";
            case WAITING -> "Look again: short waits pass.";
            case PAUSED -> "RESUME it when the maintenance is over.";
            case DISABLED -> "ENABLE it when clients may come back.";
            case CLIENTS_NEARLY_FULL -> "Raise max_client_conn, or find who opens so many.";
            case SETTING -> "Change it in pgbouncer.ini and RELOAD.";
        };
    }
}
