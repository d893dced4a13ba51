package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
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
 * Asks all members several times a second whether one of them is a running primary, and keeps the longest time without.
 * Threads share it: it watches on its own.
 */
final class WriteGap implements AutoCloseable {
    private static final long EVERY_NANOS = 200_000_000L;
    private static final Duration EACH = Duration.ofSeconds(1);

    private final Patroni patroni;
    private final List<String> members;
    private final Call call = Call.within(Duration.ofMinutes(30));
    private volatile boolean over;
    private volatile @Nullable String primary;
    private volatile double longestSeconds;
    private volatile boolean seen;

    private WriteGap(Patroni patroni, List<String> members) {
        this.patroni = patroni;
        this.members = members;
    }

    static WriteGap watch(Group group, Context context) {
        List<String> urls = group.members().stream()
                .filter(member -> member.own().isPresent())
                .map(Member::api)
                .filter(Objects::nonNull)
                .toList();
        var gap = new WriteGap(context.cluster().components().patroni(), urls);
        Thread thread = new Thread(gap::look, "write gap");
        thread.setDaemon(true);
        thread.start();
        return gap;
    }

    private void look() {
        long last = System.nanoTime();
        while (!over) {
            String now = runningPrimary();
            long here = System.nanoTime();
            if (now != null) {
                boolean changed = seen && !now.equals(primary);
                double without = (here - last) / 1e9;
                // Between two looks at one primary nothing is known to have been down.
                if (changed || without > 3 * EVERY_NANOS / 1e9) {
                    longestSeconds = Math.max(longestSeconds, without);
                }
                primary = now;
                seen = true;
                last = here;
            }
            LockSupport.parkNanos(EVERY_NANOS);
        }
    }

    private @Nullable String runningPrimary() {
        for (String url : members) {
            try {
                OwnView own = patroni.own(url, EACH, call);
                if (own.leads() && own.state().equals("running") && !own.unlocked()) {
                    return url;
                }
            } catch (ToolException e) {
                if (call.cancelled()) { // else it is going down or coming up, and the others are asked
                    return null;
                }
            }
        }
        return null;
    }

    /** Null where no primary was ever seen. */
    @Nullable
    Double seconds() {
        return seen ? (Double) (Math.round(longestSeconds * 10) / 10.0) : null;
    }

    @Override
    public void close() {
        over = true;
        call.cancel();
    }
}
