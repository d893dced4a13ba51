package org.pgcluster.citus;

/** How a table lies in the cluster. */
public enum TableKind {
    DISTRIBUTED,
    SINGLE_SHARD,
    SCHEMA,
    REFERENCE,
    CITUS_LOCAL,
    PLAIN
}
