package org.pgcluster.call;

import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/**
 * Who holds the few there are of something, so that who waits for one can be told: by progress after two seconds, and in
 * the error of a call that reaches its deadline. Threads share it.
 */
public final class Places {
    private static final long TELL_AFTER_NANOS = 2_000_000_000L;
    private static final long LOOK_EVERY_MILLIS = 200;
    /** What a turn is worth nothing with: no server answers in that, and its error would hide the wait. */
    private static final long TOO_LITTLE_MILLIS = 250;

    private static final int MOST_TOLD = 5;

    /** Takes a place within that time, or does not. */
    public interface Attempt {
        boolean within(long millis) throws InterruptedException;
    }

    private record Holder(String who, long sinceNanos) {}

    private final String what;
    private final String hint;
    private final Map<Long, Holder> holders = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    /** {@code what} is one of them in words. */
    public Places(String what, String hint) {
        this.what = what;
        this.hint = hint;
    }

    /** Waits for its turn and answers the number under which the place is held, to be given to {@link #left}. */
    public long enter(Call call, Attempt attempt) {
        try {
            if (!attempt.within(0)) {
                await(call, attempt);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw cancelled();
        }
        long number = numbers.incrementAndGet();
        holders.put(number, new Holder(call.what(), System.nanoTime()));
        return number;
    }

    public void left(long number) {
        holders.remove(number);
    }

    private void await(Call call, Attempt attempt) throws InterruptedException {
        long asked = System.nanoTime();
        boolean told = false;
        while (!attempt.within(Math.min(LOOK_EVERY_MILLIS, left(call)))) {
            if (call.cancelled()) {
                throw cancelled();
            }
            if (left(call) == 0) {
                throw new ToolException(ErrorCode.TIMEOUT, "No " + what + " became free in time: " + holders(), hint);
            }
            if (!told && System.nanoTime() - asked > TELL_AFTER_NANOS) {
                told = true;
                call.progress(0, null, "Waiting for a " + what + ": " + holders());
            }
        }
    }

    private static long left(Call call) {
        return Math.max(0, call.timeLeft().toMillis() - TOO_LITTLE_MILLIS);
    }

    private static ToolException cancelled() {
        return new ToolException(ErrorCode.CANCELLED, "Cancelled while it waited for its turn.", null);
    }

    private String holders() {
        long now = System.nanoTime();
        return holders.values().stream()
                        .sorted(Comparator.comparingLong(Holder::sinceNanos))
                        .limit(MOST_TOLD)
                        .map(one -> one.who() + " for "
                                + Duration.ofNanos(now - one.sinceNanos()).toSeconds() + " s")
                        .collect(Collectors.joining(", "))
                + (holders.size() > MOST_TOLD ? " and " + (holders.size() - MOST_TOLD) + " more." : ".");
    }
}
