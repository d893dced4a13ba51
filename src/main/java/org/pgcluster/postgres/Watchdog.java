package org.pgcluster.postgres;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Does something later, unless told that it is not needed any more. Threads share it; its own end with the process. */
final class Watchdog implements AutoCloseable {
    private final ScheduledThreadPoolExecutor clock;
    private final ExecutorService hands;

    Watchdog() {
        ThreadFactory daemons = task -> {
            var thread = new Thread(task, "pgcluster-watchdog");
            thread.setDaemon(true);
            return thread;
        };
        clock = new ScheduledThreadPoolExecutor(1, daemons);
        clock.setRemoveOnCancelPolicy(true);
        hands = Executors.newCachedThreadPool(daemons);
    }

    /** Stopping a statement may wait for the network, so it never happens on the clock's thread. */
    Future<?> in(Duration delay, Runnable action) {
        return clock.schedule(() -> hands.execute(action), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        clock.shutdownNow();
        hands.shutdown();
    }
}
