package org.pgcluster.postgres;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Does something later, unless told that it is not needed any more. Every statement sets an alarm and nearly all take it
 * back, so the clock is woken only by one that is due before it looks anyway. Threads share it; its own end with the process.
 */
final class Watchdog implements AutoCloseable {
    private static final long NEVER = Long.MAX_VALUE;

    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>();
    private final ThreadFactory daemons = task -> {
        var thread = new Thread(task, "pgcluster-watchdog");
        thread.setDaemon(true);
        return thread;
    };
    private final ExecutorService hands = Executors.newCachedThreadPool(daemons);
    private final long origin = System.nanoTime();
    private long looksAt = NEVER;
    private boolean started;
    private boolean closed;

    /** What will be done at a time, counted in nanoseconds from the watchdog's own beginning. */
    final class Alarm implements Comparable<Alarm> {
        private final long at;
        private final Runnable action;

        private Alarm(long at, Runnable action) {
            this.at = at;
            this.action = action;
        }

        void cancel() {
            synchronized (alarms) {
                alarms.remove(this);
            }
        }

        @Override
        @SuppressWarnings("ComparableType") // Two that are due together are still two.
        public int compareTo(Alarm other) {
            return Long.compare(at, other.at);
        }
    }

    Alarm in(Duration delay, Runnable action) {
        var alarm = new Alarm(now() + delay.toNanos(), action);
        synchronized (alarms) {
            if (!started && !closed) {
                started = true;
                daemons.newThread(this::watch).start();
            }
            alarms.add(alarm);
            if (alarm.at < looksAt) {
                alarms.notifyAll();
            }
        }
        return alarm;
    }

    private long now() {
        return System.nanoTime() - origin;
    }

    private void watch() {
        synchronized (alarms) {
            try {
                while (!closed) {
                    long now = now();
                    while (!alarms.isEmpty() && alarms.peek().at <= now) {
                        // Stopping a statement may wait for the network, so it never happens on the clock's thread.
                        hands.execute(alarms.remove().action);
                    }
                    looksAt = alarms.isEmpty() ? NEVER : alarms.peek().at;
                    alarms.wait(alarms.isEmpty() ? 0 : (looksAt - now) / 1_000_000 + 1);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        synchronized (alarms) {
            closed = true;
            alarms.notifyAll();
        }
        hands.shutdown();
    }
}
