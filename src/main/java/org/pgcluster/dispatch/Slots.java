package org.pgcluster.dispatch;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.pgcluster.call.Call;
import org.pgcluster.call.Places;

/**
 * How many calls run at once. The tools that tell why the server is slow have slots of their own, and so has the
 * diagnosis, which is asked for when everything else hangs; one cluster, which may be dead, never holds those that the
 * others need. Threads share it.
 */
final class Slots {
    private static final int RESERVED = 2;

    /** Which slots a call takes: none of one lane is ever taken by calls of another. */
    enum Lane {
        ORDINARY,
        LOOKING,
        DIAGNOSING
    }

    private final Map<Lane, Kind> kinds;

    Slots(int ordinary, int clusters) {
        this.kinds = Map.of(
                Lane.ORDINARY, new Kind(ordinary, clusters),
                Lane.LOOKING, new Kind(RESERVED, clusters),
                Lane.DIAGNOSING, new Kind(ordinary, clusters));
    }

    /** All slots, and what one cluster may hold of them: at least one stays for each other, as far as they go. */
    private static final class Kind {
        private final Semaphore all;
        private final int share;
        private final Places places =
                new Places("slot", "active_queries shows what runs; max_concurrent_calls is how many run at once.");
        private final Map<String, Semaphore> shares = new ConcurrentHashMap<>();

        Kind(int slots, int clusters) {
            this.all = new Semaphore(slots, true);
            this.share = Math.max(1, slots - Math.max(0, clusters - 1));
        }

        Semaphore of(String cluster) {
            return shares.computeIfAbsent(cluster, name -> new Semaphore(share, true));
        }

        boolean tryEnter(String cluster, long millis) throws InterruptedException {
            long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
            if (!of(cluster).tryAcquire(millis, TimeUnit.MILLISECONDS)) {
                return false;
            }
            boolean entered = false;
            try {
                entered = all.tryAcquire(until - System.nanoTime(), TimeUnit.NANOSECONDS);
                return entered;
            } finally {
                if (!entered) {
                    of(cluster).release();
                }
            }
        }

        void leave(String cluster) {
            all.release();
            of(cluster).release();
        }
    }

    /** Held by a running call; closing it lets the next one in. */
    static final class Slot implements AutoCloseable {
        private final Kind from;
        private final String cluster;
        private final long number;

        private Slot(Kind from, String cluster, long number) {
            this.from = from;
            this.cluster = cluster;
            this.number = number;
        }

        @Override
        public void close() {
            from.places.left(number);
            from.leave(cluster);
        }
    }

    Slot enter(String cluster, String tool, Lane lane, Call call) {
        Kind kind = Objects.requireNonNull(kinds.get(lane));
        long number = kind.places.enter(call.named(tool + " on " + cluster), millis -> kind.tryEnter(cluster, millis));
        return new Slot(kind, cluster, number);
    }
}
