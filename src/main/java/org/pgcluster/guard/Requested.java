package org.pgcluster.guard;

import java.nio.file.Path;
import java.time.Instant;

/** A request that waits for a person. */
public record Requested(String name, Path file, Instant expires) {}
