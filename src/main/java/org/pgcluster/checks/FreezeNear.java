package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.checks.FreezeAges.Age;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;

/** A database refuses writes once its oldest unfrozen transaction or multixact is two billion back. */
final class FreezeNear implements Check {
    private static final long CRITICAL_AT = 1_500_000_000L;
    private static final double CRITICAL_DAYS = 7;

    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("postgres.transaction_age", "old transaction numbers come near the end"),
                new Kind("postgres.multixact_age", "old multixact numbers come near the end"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (PostgresState state : snapshot.postgres()) {
            FreezeAges.of(state).stream()
                    .filter(age -> age.back() >= Math.min(2 * age.autovacuumForcedAt(), CRITICAL_AT))
                    .forEach(age -> findings.add(finding(age)));
        }
        return findings;
    }

    /** Autovacuum starts by itself at its limit; that it has not caught up at twice that means that it cannot. */
    private static Finding finding(Age age) {
        Double days = age.daysUntilStop();
        boolean soon = days != null && days < CRITICAL_DAYS;
        long left = FreezeAges.STOPS_AT - age.back();
        return new Finding(
                "postgres." + age.kind() + "_age",
                age.back() >= CRITICAL_AT || soon ? Severity.CRITICAL : Severity.WARNING,
                Sure.CERTAIN,
                "postgres",
                age.database(),
                "The oldest " + age.kind() + " of " + age.database() + " is " + age.back() + " back; "
                        + (left <= 0
                                ? "what needs a new number is refused"
                                : "writes stop at " + FreezeAges.STOPS_AT
                                        + (days == null ? "" : ", in " + days + " days at the present pace")),
                Evidence.of("server", age.server())
                        .and(age.kind() + "_age", age.back())
                        .and("autovacuum_limit", age.autovacuumForcedAt())
                        .and("left", left)
                        .and("per_second", age.perSecond())
                        .and("days_left", days)
                        .fields(),
                "Autovacuum does not keep up. End what holds the horizon (old transactions, slots, prepared"
                        + " transactions), then freeze the oldest tables.",
                Optional.empty(),
                Optional.of("vacuumdb --freeze --dbname=" + quoted(age.database())));
    }

    /** A database may be called anything, and the command is for a shell. */
    private static String quoted(String name) {
        return name.matches("[A-Za-z0-9_-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }
}
