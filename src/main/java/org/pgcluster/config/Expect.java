package org.pgcluster.config;

import java.util.Optional;
import java.util.OptionalInt;

/** What should be there, so that its absence can be told. */
public record Expect(OptionalInt membersPerGroup, OptionalInt workers, Optional<Boolean> synchronous) {}
