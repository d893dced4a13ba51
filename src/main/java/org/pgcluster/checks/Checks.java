package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.pgcluster.snapshot.Snapshot;

/** All checks there are, and the order in which their findings are told. */
public final class Checks {
    private static final List<Check> ALL = List.of(
            new OutOfReach(),
            new PatroniLeadership(),
            new PatroniReplicas(),
            new HaproxyRouting(),
            new PgbouncerPools(),
            new ConnectionsNearlyUsedUp(),
            new FreezeNear(),
            new OldTransactions(),
            new SlotsHoldWal(),
            new SessionsBlocked());

    private static final Comparator<Finding> URGENT_FIRST = Comparator.comparing(Finding::severity)
            .thenComparing(Finding::component)
            .thenComparing(Finding::id)
            .thenComparing(Finding::subject);

    private Checks() {}

    public static List<Finding> of(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (Check check : ALL) {
            findings.addAll(check.judge(snapshot));
        }
        findings.sort(URGENT_FIRST);
        return List.copyOf(findings);
    }
}
