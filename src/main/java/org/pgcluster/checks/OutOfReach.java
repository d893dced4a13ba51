package org.pgcluster.checks;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Unavailable;

/** What could not be read is a finding: nobody may take silence for health. */
final class OutOfReach implements Check {
    @Override
    public List<Finding> judge(Snapshot snapshot) {
        return snapshot.unavailable().stream().map(OutOfReach::finding).toList();
    }

    private static Finding finding(Unavailable part) {
        return new Finding(
                part.component() + ".out_of_reach",
                Severity.CRITICAL,
                Sure.CERTAIN,
                part.component(),
                part.where(),
                part.where() + " could not be read",
                Evidence.of("why", part.why()).fields(),
                "Nothing is known about it: see whether it runs and whether this host and this login may reach it.",
                Optional.of(new Next("ping", Map.of())),
                Optional.empty());
    }
}
