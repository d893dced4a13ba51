package org.pgcluster.mcp;

import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Daemon threads for calls: an idle one is used again, a new one is made while there are fewer than the most, then jobs
 * wait in a bounded queue. A JDK pool would fill its queue before it makes a second thread. Threads share it.
 */
final class Workers {
    private static final long IDLE_MILLIS = 30_000;

    private final int most;
    private final int queue;
    private final ArrayDeque<Runnable> jobs = new ArrayDeque<>();
    private int threads;
    private int idle;
    private int unfinished;

    Workers(int most, int queue) {
        this.most = most;
        this.queue = queue;
    }

    /** False where too many jobs wait already. */
    synchronized boolean offer(Runnable job) {
        if (unfinished >= most + queue) {
            return false;
        }
        unfinished++;
        jobs.add(job);
        if (jobs.size() > idle && threads < most) {
            threads++;
            var thread = new Thread(new Worker(), "call");
            thread.setDaemon(true);
            thread.start();
        } else {
            notify();
        }
        return true;
    }

    private final class Worker implements Runnable {
        @Override
        public void run() {
            Runnable job = next();
            while (job != null) {
                try {
                    job.run();
                } catch (Throwable e) {
                    Complaints.about("a call", e);
                } finally {
                    // A handler may have left its mark on a thread that the next call gets.
                    Thread.interrupted();
                    finished();
                }
                job = next();
            }
        }
    }

    private synchronized @Nullable Runnable next() {
        idle++;
        try {
            while (jobs.isEmpty()) {
                long before = System.nanoTime();
                wait(IDLE_MILLIS);
                if (jobs.isEmpty() && System.nanoTime() - before > IDLE_MILLIS * 900_000) {
                    threads--;
                    return null;
                }
            }
            return jobs.remove();
        } catch (InterruptedException e) {
            // Nobody interrupts these threads on purpose; one that is ends, and the next job makes another.
            threads--;
            return null;
        } finally {
            idle--;
        }
    }

    private synchronized void finished() {
        unfinished--;
    }

    private synchronized boolean busy() {
        return unfinished > 0;
    }

    /** Whether all jobs ended before the time was over or waiting made no sense any more. */
    boolean awaitIdle(long deadlineNanos, BooleanSupplier senseless) {
        while (busy()) {
            if (System.nanoTime() >= deadlineNanos || senseless.getAsBoolean()) {
                return false;
            }
            LockSupport.parkNanos(2_000_000);
        }
        return true;
    }
}
