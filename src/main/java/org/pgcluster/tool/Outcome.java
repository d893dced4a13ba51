package org.pgcluster.tool;

import java.util.List;

/** What a statement did: how many rows it changed, and what the server said beside it. */
public record Outcome(long rows, List<String> notices) {
    public Outcome {
        notices = List.copyOf(notices);
    }
}
