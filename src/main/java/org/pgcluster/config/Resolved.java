package org.pgcluster.config;

/** A value in force, fit to be shown, and where it came from. */
public record Resolved(String key, String shown, String source) {}
