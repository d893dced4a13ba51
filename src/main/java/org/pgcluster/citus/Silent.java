package org.pgcluster.citus;

/** A node that gave no answer, and why. */
public record Silent(int nodeId, String where, String why) {}
