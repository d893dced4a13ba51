package org.pgcluster.snapshot;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Everything that was read about a cluster at one moment. Immutable. */
public record Snapshot(
        String cluster, Instant takenAt, Optional<PostgresState> postgres, List<Unavailable> unavailable) {
    public Snapshot {
        unavailable = List.copyOf(unavailable);
    }
}
