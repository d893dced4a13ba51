package org.pgcluster.guard;

import java.time.Instant;

/** One line of what waits: not spent, not expired, seal intact. */
public record Waiting(String name, String tool, String cluster, Instant asked, Instant expires, boolean approved) {}
