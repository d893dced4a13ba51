package org.pgcluster.checks.advice;

import java.util.HashMap;
import java.util.Map;

/** How large each candidate would be, asked once. */
final class Sizes {
    private final Planner planner;
    private final Map<Candidate, Long> known = new HashMap<>();

    Sizes(Planner planner) {
        this.planner = planner;
    }

    boolean exists(Candidate candidate) {
        if (!known.containsKey(candidate)) {
            planner.bytes(candidate).ifPresent(size -> known.put(candidate, size));
        }
        return known.containsKey(candidate);
    }

    long of(Candidate candidate) {
        return known.getOrDefault(candidate, 0L);
    }

    Map<Candidate, Long> all() {
        return Map.copyOf(known);
    }
}
