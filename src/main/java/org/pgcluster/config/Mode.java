package org.pgcluster.config;

/** What the acts of a cluster may do: nothing, answer their plan, or run. */
public enum Mode {
    READ_ONLY,
    PLAN,
    ADMIN
}
