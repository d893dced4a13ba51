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
 * How many calls run at once. The tools that tell why the server is slow have slots of their own. Threads share it.
 */
final class Slots {
    private static final int RESERVED = 2;
    private static final long TELL_AFTER_MILLIS = 2_000;
    private static final long LOOK_EVERY_MILLIS = 200;

    private record Holder(String tool, long sinceNanos) {}

    private final Semaphore ordinary;
    private final Semaphore reserved = new Semaphore(RESERVED, true);
    private final Map<Long, Holder> holders = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    Slots(int ordinary) {
        this.ordinary = new Semaphore(ordinary, true);
    }

    /** Held by a running call; closing it lets the next one in. */
    final class Slot implements AutoCloseable {
        private final Semaphore from;
        private final long number;

        private Slot(Semaphore from, String tool) {
            this.from = from;
            this.number = numbers.incrementAndGet();
            holders.put(number, new Holder(tool, System.nanoTime()));
        }

        @Override
        public void close() {
            holders.remove(number);
            from.release();
        }
    }

    Slot enter(String tool, boolean ownSlots, Call call) {
        Semaphore semaphore = ownSlots ? reserved : ordinary;
        long asked = System.nanoTime();
        boolean told = false;
        try {
            if (semaphore.tryAcquire()) {
                return new Slot(semaphore, tool);
            }
            while (!semaphore.tryAcquire(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
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
            return new Slot(semaphore, tool);
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
