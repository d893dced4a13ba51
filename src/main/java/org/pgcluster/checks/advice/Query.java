package org.pgcluster.checks.advice;

import java.util.List;
import java.util.Optional;

/** A statement whose cost counts: {@code importance} is what all its calls together weigh as things are now. */
public record Query(double importance, List<Access> accesses) {
    public Query {
        accesses = List.copyOf(accesses);
    }

    Optional<Access> on(String table) {
        return accesses.stream().filter(access -> access.table().equals(table)).findFirst();
    }
}
