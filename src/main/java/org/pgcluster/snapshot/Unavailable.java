package org.pgcluster.snapshot;

/** A part that could not be read, and why. */
public record Unavailable(String component, String where, String why) {}
