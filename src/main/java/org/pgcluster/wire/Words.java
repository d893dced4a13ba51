package org.pgcluster.wire;

import java.time.Duration;

/** Durations as a person says them. */
public final class Words {
    private Words() {}

    public static String seconds(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : Math.round(millis / 100.0) / 10.0 + " s";
    }
}
