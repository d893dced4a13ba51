package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.FreezeAge;
import org.pgcluster.snapshot.Snapshot;

/** A database refuses writes once its oldest unfrozen transaction or multixact is two billion back. */
final class FreezeNear implements Check {
    private static final long STOPS_AT = 2_146_483_648L;
    private static final long CRITICAL_AT = 1_500_000_000L;

    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("postgres.transaction_age", "old transaction numbers come near the end"),
                new Kind("postgres.multixact_age", "old multixact numbers come near the end"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (PostgresState state : snapshot.postgres().stream().toList()) {
            for (FreezeAge age : state.freezeAges()) {
                add(findings, state, age, "transaction", age.transactionAge(), age.freezeMax());
                add(findings, state, age, "multixact", age.multixactAge(), age.multiMax());
            }
        }
        return findings;
    }

    /** Autovacuum starts by itself at its limit; that it has not caught up at twice that means that it cannot. */
    private static void add(
            List<Finding> findings, PostgresState state, FreezeAge age, String kind, long value, long limit) {
        long warningAt = Math.min(2 * limit, CRITICAL_AT);
        if (value < warningAt) {
            return;
        }
        findings.add(new Finding(
                "postgres." + kind + "_age",
                value >= CRITICAL_AT ? Severity.CRITICAL : Severity.WARNING,
                Sure.CERTAIN,
                "postgres",
                age.database(),
                "The oldest " + kind + " of " + age.database() + " is " + value + " back; writes stop at " + STOPS_AT,
                Evidence.of("server", state.where())
                        .and(kind + "_age", value)
                        .and("autovacuum_limit", limit)
                        .and("left", STOPS_AT - value)
                        .fields(),
                "Autovacuum does not keep up. End what holds the horizon (old transactions, slots, prepared"
                        + " transactions), then freeze the oldest tables.",
                Optional.empty(),
                Optional.of("vacuumdb --freeze --dbname=" + quoted(age.database()))));
    }

    /** A database may be called anything, and the command is for a shell. */
    private static String quoted(String name) {
        return name.matches("[A-Za-z0-9_-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }
}
