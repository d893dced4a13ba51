package org.pgcluster.wire;

import org.pgcluster.error.ToolException;

/** An address that could not be read, and what came instead. */
public record Silent(String where, ToolException failure) {
    public String why() {
        return failure.text();
    }
}
