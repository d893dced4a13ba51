package org.pgcluster.snapshot;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Between two looks at what may be moving: the second comes half a second after the gathering began. */
final class Pause {
    private static final Duration BETWEEN = Duration.ofMillis(500);

    private final long began = System.nanoTime();

    void untilSecondLook() {
        long due = began + BETWEEN.toNanos();
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.currentThread().isInterrupted()) {
                return; // whoever is in a hurry gets a second look that is early
            }
        }
    }
}
