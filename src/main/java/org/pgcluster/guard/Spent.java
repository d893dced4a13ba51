package org.pgcluster.guard;

import java.time.Instant;

/** An approval that was used up just now: the act may begin, once. */
public record Spent(String name, Approver approver, Instant consented) {}
