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
            new CitusMetadata(),
            new CitusPlacement(),
            new Agreement(),
            new Servers(),
            new HaproxyRouting(),
            new HaproxyMembers(),
            new PgbouncerPools(),
            new ConnectionsNearlyUsedUp(),
            new FreezeNear(),
            new OldTransactions(),
            new SlotsHoldWal(),
            new SessionsBlocked());

    private static final Comparator<Finding> URGENT_FIRST = Comparator.comparing(Finding::severity)
            .thenComparing(Finding::sure)
            .thenComparing(Checks::layer)
            .thenComparing(Finding::component)
            .thenComparing(Finding::id)
            .thenComparing(Finding::subject);

    /** What stands further down makes what stands above it fail, so that it comes first. */
    private static final List<String> LAYERS = List.of("patroni", "postgres", "citus", "haproxy", "pgbouncer");

    private Checks() {}

    private static int layer(Finding finding) {
        int layer = LAYERS.indexOf(finding.component());
        return layer < 0 ? LAYERS.size() : layer;
    }

    /** Every kind of finding there is. */
    public static List<Check.Kind> kinds() {
        return ALL.stream().flatMap(check -> check.kinds().stream()).toList();
    }

    public static List<Finding> of(Snapshot snapshot) {
        return Joining.of(snapshot, each(snapshot));
    }

    /** Effects beside their causes, for those who look at a part of them. */
    public static List<Finding> each(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (Check check : ALL) {
            findings.addAll(check.judge(snapshot));
        }
        findings.replaceAll(new Vantage(snapshot)::of);
        findings.sort(URGENT_FIRST);
        return findings;
    }
}
