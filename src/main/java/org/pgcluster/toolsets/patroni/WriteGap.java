package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.patroni.Patroni;
import org.pgcluster.tool.Context;

/**
 * Asks each member several times a second whether it is a running primary, and keeps the longest time without one. Each
 * is asked by a thread of its own, so that one that hangs does not hide the others; all of them share this.
 */
final class WriteGap implements AutoCloseable {
    private static final long EVERY_NANOS = 100_000_000L;
    private static final Duration EACH = Duration.ofSeconds(1);

    private final Patroni patroni;
    private final Call call = Call.within(Duration.ofMinutes(30));
    private final Set<String> missed = new HashSet<>();
    private volatile boolean over;
    private final boolean ledBefore;
    private @Nullable String primary;
    private long last = System.nanoTime();
    private long lost = last;
    private double longestSeconds;

    private WriteGap(Patroni patroni, boolean ledBefore) {
        this.patroni = patroni;
        this.ledBefore = ledBefore;
    }

    /** {@code atLeast} where nobody led when the watching began: it is down for longer than was watched. */
    record Down(double seconds, boolean atLeast) {}

    static WriteGap watch(Group group, Context context) {
        boolean led = group.leader().map(Member::healthy).orElse(false);
        var gap = new WriteGap(context.cluster().components().patroni(), led);
        group.members().stream().map(Member::api).filter(Objects::nonNull).forEach(gap::watch);
        return gap;
    }

    private void watch(String url) {
        Thread thread = new Thread(() -> look(url), "write gap " + url);
        thread.setDaemon(true);
        thread.start();
    }

    private void look(String url) {
        while (!over) {
            if (isRunningPrimary(url)) {
                seen(url, System.nanoTime());
            } else {
                missed(url);
            }
            LockSupport.parkNanos(EVERY_NANOS);
        }
    }

    private boolean isRunningPrimary(String url) {
        try {
            OwnView own = patroni.own(url, EACH, call);
            return own.leads() && own.state().equals("running") && !own.unlocked();
        } catch (ToolException e) {
            return false; // it is going down or coming up, and the others are asked beside it
        }
    }

    /** A late answer of one primary is no gap; an answer that it is none in between is, and so is another primary. */
    private synchronized void seen(String url, long now) {
        boolean same = url.equals(primary);
        boolean first = primary == null;
        if (first ? !ledBefore : !same || missed.contains(url)) {
            longestSeconds = Math.max(longestSeconds, (now - last) / 1e9);
            lost = last;
        }
        missed.clear();
        primary = url;
        last = now;
    }

    private synchronized void missed(String url) {
        missed.add(url);
    }

    /** Null where no primary was ever seen. */
    synchronized @Nullable Down down() {
        return primary == null ? null : new Down(rounded(longestSeconds), !ledBefore);
    }

    /** From the last sight of the old primary to that moment. */
    synchronized double secondsUntil(long nanos) {
        return rounded((nanos - lost) / 1e9);
    }

    private static double rounded(double seconds) {
        return Math.round(seconds * 10) / 10.0;
    }

    @Override
    public void close() {
        over = true;
        call.cancel();
    }
}
