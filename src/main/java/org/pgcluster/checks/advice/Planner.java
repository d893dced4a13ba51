package org.pgcluster.checks.advice;

import java.util.OptionalLong;
import java.util.Set;

/** Who knows what a query costs with a set of indexes beside those that exist. */
public interface Planner {
    /** {@code used} are those of the set that the plan names. */
    record Planned(double cost, Set<Candidate> used) {
        public Planned {
            used = Set.copyOf(used);
        }
    }

    Planned plan(int query, Set<Candidate> indexes);

    /** Bytes that it would take; empty where it cannot exist. */
    OptionalLong bytes(Candidate candidate);
}
