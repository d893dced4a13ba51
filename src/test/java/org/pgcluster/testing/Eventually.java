package org.pgcluster.testing;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waiting for what comes about by itself, for as long as a loaded machine may need. */
public final class Eventually {
    private static final long DEADLINE_SECONDS = 150;

    private Eventually() {}

    /** {@code look} answers what it saw when that is not it yet, and nothing when it is. */
    public static void see(String what, Supplier<String> look) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        String seen = look.get();
        while (!seen.isEmpty()) {
            if (System.nanoTime() > until) {
                throw new AssertionError("waited " + DEADLINE_SECONDS + " s for " + what + ", last seen: " + seen);
            }
            LockSupport.parkNanos(200_000_000L);
            seen = look.get();
        }
    }
}
