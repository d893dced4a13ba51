package org.pgcluster.snapshot;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Everything that was read about a cluster at one moment. Immutable. */
public record Snapshot(
        String cluster,
        Instant takenAt,
        List<PostgresState> postgres,
        List<Unavailable> unavailable,
        Surroundings around) {
    public Snapshot {
        postgres = List.copyOf(postgres);
        unavailable = List.copyOf(unavailable);
    }

    /** Of the databases alone. */
    public Snapshot(String cluster, Instant takenAt, List<PostgresState> postgres, List<Unavailable> unavailable) {
        this(cluster, takenAt, postgres, unavailable, Surroundings.NONE);
    }

    Snapshot with(Surroundings found) {
        List<Unavailable> all = new ArrayList<>(unavailable);
        all.addAll(found.unavailable());
        return new Snapshot(cluster, takenAt, postgres, all, found);
    }
}
