package org.pgcluster.snapshot;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything that was read about a cluster at one moment. Immutable. */
public record Snapshot(
        String cluster,
        Instant takenAt,
        List<PostgresState> postgres,
        List<Unread> unavailable,
        Surroundings around,
        Optional<CitusState> citus,
        List<Certificate> certificates) {
    public Snapshot {
        postgres = List.copyOf(postgres);
        unavailable = List.copyOf(unavailable);
        certificates = List.copyOf(certificates);
    }

    /** Of the databases alone. */
    public Snapshot(String cluster, Instant takenAt, List<PostgresState> postgres, List<Unread> unavailable) {
        this(cluster, takenAt, postgres, unavailable, Surroundings.NONE, Optional.empty(), List.of());
    }

    Snapshot with(Surroundings found) {
        return new Snapshot(cluster, takenAt, postgres, and(found.unavailable()), found, citus, certificates);
    }

    /** Where the coordinator's database is out of reach anyway, its metadata is no further loss. */
    Snapshot with(CitusReading.Read read) {
        boolean known = unavailable.stream().anyMatch(one -> one.component().equals("postgres"));
        List<Unread> all = known ? unavailable : and(read.silence().stream().toList());
        return new Snapshot(cluster, takenAt, postgres, all, around.naming(numbers(read)), read.state(), certificates);
    }

    Snapshot with(LeadersReading.Read read) {
        Surroundings named = around.naming(read.numbers());
        return new Snapshot(cluster, takenAt, postgres, and(read.silent()), named, read.state(), certificates);
    }

    /** Which Citus group a database belongs to, by the identifier that all its copies share. */
    private Map<String, Integer> numbers(CitusReading.Read read) {
        Map<String, Integer> numbers = new HashMap<>();
        read.state()
                .ifPresent(citus -> citus.nodes()
                        .forEach(node -> postgres.stream()
                                .filter(state -> state.where().equals(node.where()))
                                .forEach(state -> {
                                    Details.Facts facts = state.details().facts();
                                    String identifier = facts == null ? null : facts.systemIdentifier();
                                    if (identifier != null) {
                                        numbers.put(identifier, node.groupId());
                                    }
                                })));
        return numbers;
    }

    Snapshot with(List<Certificate> seen) {
        return new Snapshot(cluster, takenAt, postgres, unavailable, around, citus, seen);
    }

    private List<Unread> and(List<Unread> more) {
        List<Unread> all = new ArrayList<>(unavailable);
        all.addAll(more);
        return all;
    }
}
