package org.pgcluster.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One running call: its deadline, its progress, and what to stop when it is cancelled. Threads share it. */
public final class Call {
    /** Receives how far a call is; does nothing where the client did not ask. */
    public interface Progress {
        Progress NONE = (done, total, message) -> {};

        void at(double done, @Nullable Double total, String message);
    }

    /** Takes back what {@link #onCancel} registered. */
    public interface Handle extends AutoCloseable {
        @Override
        void close();
    }

    private final long deadlineNanos;
    private final Progress progress;
    private final List<Runnable> stops = new ArrayList<>();
    private volatile String what = "another call";
    private boolean cancelled;

    private Call(long deadlineNanos, Progress progress) {
        this.deadlineNanos = deadlineNanos;
        this.progress = progress;
    }

    public static Call within(Duration limit, Progress progress) {
        return new Call(System.nanoTime() + limit.toNanos(), progress);
    }

    public static Call within(Duration limit) {
        return within(limit, Progress.NONE);
    }

    /** In words, for who waits for it; parts of it have the same. */
    public Call named(String words) {
        what = words;
        return this;
    }

    public String what() {
        return what;
    }

    /** A part of this call, which ends by itself sooner. Whoever makes it sees to it that it is cancelled with the whole. */
    public Call atMost(Duration limit) {
        Duration left = timeLeft();
        return within(left.compareTo(limit) < 0 ? left : limit, progress).named(what);
    }

    /** Goes on with a deadline of its own after a person took their time; cancelling this one cancels that, too. */
    public Call goingOn(Duration limit) {
        Call next = within(limit, progress).named(what);
        onCancel(next::cancel);
        return next;
    }

    /** Never negative: zero means that the deadline has passed. */
    public Duration timeLeft() {
        return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
    }

    public void progress(double done, @Nullable Double total, String message) {
        progress.at(done, total, message);
    }

    public boolean cancelled() {
        synchronized (stops) {
            return cancelled;
        }
    }

    /** Runs every registered stop once. Stopping a statement opens a connection, so never while holding the lock. */
    public void cancel() {
        List<Runnable> now;
        synchronized (stops) {
            if (cancelled) {
                return;
            }
            cancelled = true;
            now = List.copyOf(stops);
            stops.clear();
        }
        now.forEach(Runnable::run);
    }

    /** A stop that is registered after the cancel runs at once. */
    public Handle onCancel(Runnable stop) {
        synchronized (stops) {
            if (!cancelled) {
                stops.add(stop);
                return () -> {
                    synchronized (stops) {
                        stops.remove(stop);
                    }
                };
            }
        }
        stop.run();
        return () -> {};
    }
}
