package org.pgcluster.snapshot;

import java.time.Instant;
import java.util.List;

/** Everything that was read about a cluster at one moment. Immutable. */
public record Snapshot(String cluster, Instant takenAt, List<PostgresState> postgres, List<Unavailable> unavailable) {
    public Snapshot {
        postgres = List.copyOf(postgres);
        unavailable = List.copyOf(unavailable);
    }
}
