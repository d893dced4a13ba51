package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * How many calls run at once. The tools that tell why the server is slow have slots of their own, and one cluster, which
 * may be dead, never holds those that the others need. Threads share it.
 */
final class Slots {
    private static final int RESERVED = 2;
    private static final long TELL_AFTER_MILLIS = 2_000;
    private static final long LOOK_EVERY_MILLIS = 200;

    private record Holder(String tool, long sinceNanos) {}

    private final Kind ordinary;
    private final Kind reserved;
    private final Map<Long, Holder> holders = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    Slots(int ordinary, int clusters) {
        this.ordinary = new Kind(ordinary, clusters);
        this.reserved = new Kind(RESERVED, clusters);
    }

    /** All slots, and what one cluster may hold of them: at least one stays for each other, as far as they go. */
    private static final class Kind {
        private final Semaphore all;
        private final int share;
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
    final class Slot implements AutoCloseable {
        private final Kind from;
        private final String cluster;
        private final long number;

        private Slot(Kind from, String cluster, String tool) {
            this.from = from;
            this.cluster = cluster;
            this.number = numbers.incrementAndGet();
            holders.put(number, new Holder(tool + " on " + cluster, System.nanoTime()));
        }

        @Override
        public void close() {
            holders.remove(number);
            from.leave(cluster);
        }
    }

    Slot enter(String cluster, String tool, boolean ownSlots, Call call) {
        Kind kind = ownSlots ? reserved : ordinary;
        long asked = System.nanoTime();
        boolean told = false;
        try {
            if (kind.tryEnter(cluster, 0)) {
                return new Slot(kind, cluster, tool);
            }
            while (!kind.tryEnter(cluster, LOOK_EVERY_MILLIS)) {
                if (call.cancelled()) {
                    throw new ToolException(ErrorCode.CANCELLED, "Cancelled while it waited for its turn.", null);
                }
                if (call.timeLeft().isZero()) {
                    throw new ToolException(
                            ErrorCode.TIMEOUT,
                            "No slot became free in time: " + whoHoldsThem(),
                            "active_queries shows what runs; max_concurrent_calls is how many run at once.");
                }
                if (!told && System.nanoTime() - asked > TELL_AFTER_MILLIS * 1_000_000) {
                    told = true;
                    call.progress(0, null, "Waiting for a slot: " + whoHoldsThem());
                }
            }
            return new Slot(kind, cluster, tool);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException(ErrorCode.CANCELLED, "Cancelled while it waited for its turn.", null);
        }
    }

    private String whoHoldsThem() {
        StringBuilder text = new StringBuilder();
        long now = System.nanoTime();
        holders.values().stream()
                .sorted((one, other) -> Long.compare(one.sinceNanos(), other.sinceNanos()))
                .limit(5)
                .forEach(holder -> text.append(text.isEmpty() ? "" : ", ")
                        .append(holder.tool())
                        .append(" for ")
                        .append(Duration.ofNanos(now - holder.sinceNanos()).toSeconds())
                        .append(" s"));
        return text + ".";
    }
}
