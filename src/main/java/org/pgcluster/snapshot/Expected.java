package org.pgcluster.snapshot;

import java.util.Optional;
import java.util.OptionalInt;
import org.pgcluster.config.Expect;

/** What somebody said should be there: without that, nobody can miss it. */
public record Expected(OptionalInt membersPerGroup, OptionalInt workers, Optional<Boolean> synchronous) {
    public static final Expected NOTHING = new Expected(OptionalInt.empty(), OptionalInt.empty(), Optional.empty());

    static Expected of(Expect expect) {
        return new Expected(expect.membersPerGroup(), expect.workers(), expect.synchronous());
    }

    public boolean anything() {
        return membersPerGroup.isPresent() || workers.isPresent() || synchronous.isPresent();
    }
}
