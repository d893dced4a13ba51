package org.pgcluster.error;

/** A server that could not be read, and what came instead of an answer. */
public record Silent(String where, ToolException failure) {
    public String why() {
        return failure.text();
    }
}
