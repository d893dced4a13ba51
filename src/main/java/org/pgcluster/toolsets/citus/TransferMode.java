package org.pgcluster.toolsets.citus;

import java.util.Locale;

/** How Citus copies a shard. Never {@code block_writes} unless somebody says so. */
enum TransferMode {
    AUTO,
    FORCE_LOGICAL,
    BLOCK_WRITES;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    boolean logical() {
        return this != BLOCK_WRITES;
    }

    /** What waits meanwhile. */
    String locks() {
        return logical()
                ? "Writes to a shard wait only for the final switch, seconds each; DDL on its tables waits throughout."
                        + (this == FORCE_LOGICAL
                                ? " UPDATE and DELETE on tables without a replica identity fail while their shard moves."
                                : "")
                : "Writes to a shard and those that move with it wait for its whole copy; reads go on.";
    }
}
