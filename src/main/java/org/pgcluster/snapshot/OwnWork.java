package org.pgcluster.snapshot;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether this process still computes when most of the time is over. The first question of a process loads what it needs,
 * and on a busy machine that looks like servers that do not answer. Thread-safe.
 */
final class OwnWork implements AutoCloseable {
    private static final Duration MUCH = Duration.ofMillis(150);

    private final CountDownLatch over = new CountDownLatch(1);
    private volatile @Nullable Duration usedBefore;

    private OwnWork() {}

    /** Looks at what was used once this much time has passed. */
    static OwnWork from(Duration later) {
        OwnWork work = new OwnWork();
        Thread thread = new Thread(() -> work.look(later), "own work");
        thread.setDaemon(true);
        thread.start();
        return work;
    }

    private void look(Duration later) {
        try {
            if (!over.await(later.toMillis(), TimeUnit.MILLISECONDS)) {
                usedBefore = used().orElse(null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean goesOn() {
        Duration before = usedBefore;
        return before != null
                && used().map(now -> now.minus(before).compareTo(MUCH) > 0).orElse(false);
    }

    private static Optional<Duration> used() {
        return ProcessHandle.current().info().totalCpuDuration();
    }

    @Override
    public void close() {
        over.countDown();
    }
}
