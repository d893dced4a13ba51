package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Server.Followed;

/** The acts that this server runs, each on a thread of its own, so that they outlive their calls. Threads share it. */
final class Operations {
    /** No act is killed by a limit for reading; a month is "for ever" that still fits a clock. */
    static final Duration WITHOUT_LIMIT = Duration.ofDays(30);

    private static final int REMEMBERED = 200;

    private final Map<String, Operation> byName = new ConcurrentHashMap<>();
    private volatile boolean closed;

    static final class Operation {
        final String name;
        final String tool;
        final String cluster;
        private final long startedNanos = System.nanoTime();
        private final CountDownLatch ended = new CountDownLatch(1);
        private final Call call;
        private volatile String progress = "Started.";
        private volatile boolean stopAsked;
        private volatile boolean letGo;
        private volatile Runnable onLetGo = () -> {};
        private volatile long endedNanos;
        private volatile @Nullable Answer answer;

        Operation(String name, String tool, String cluster) {
            this.name = name;
            this.tool = tool;
            this.cluster = cluster;
            this.call = Call.within(WITHOUT_LIMIT, (done, total, message) -> progress = message)
                    .named(tool + " on " + cluster);
        }

        /** The call that the act runs under: without a deadline, stopped by {@link #stop} only. */
        Call call() {
            return call;
        }

        void stop() {
            stopAsked = true;
            call.cancel();
        }

        /** Nobody is left to send a further step. */
        boolean letGo() {
            return letGo;
        }

        String progress() {
            return progress;
        }

        Optional<Answer> await(Duration patience, Call waiting) {
            long until = System.nanoTime() + patience.toNanos();
            String told = "";
            try {
                while (!ended.await(
                        Math.min(200, Math.max(1, (until - System.nanoTime()) / 1_000_000)), TimeUnit.MILLISECONDS)) {
                    if (!progress.equals(told)) {
                        told = progress;
                        waiting.progress((double) seconds(), null, told);
                    }
                    if (waiting.cancelled() || System.nanoTime() >= until) {
                        return Optional.empty();
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
            return Optional.ofNullable(answer);
        }

        long seconds() {
            return ((ended.getCount() == 0 ? endedNanos : System.nanoTime()) - startedNanos) / 1_000_000_000L;
        }

        boolean running() {
            return ended.getCount() > 0;
        }

        boolean endedWithin(long millis) throws InterruptedException {
            return ended.await(millis, TimeUnit.MILLISECONDS);
        }

        Followed followed() {
            Answer now = answer;
            return new Followed(
                    name,
                    tool,
                    cluster,
                    state(),
                    seconds(),
                    progress,
                    Optional.ofNullable(now).map(Answer::text));
        }

        String state() {
            Answer now = answer;
            if (now != null) {
                return stateOf(now);
            }
            return letGo ? "left running" : stopAsked ? "stopping" : "running";
        }

        static String stateOf(Answer ended) {
            if (!ended.isError()) {
                return "done";
            }
            return ErrorCode.OUTCOME_UNKNOWN.name().equals(ended.structured().get("code")) ? "unknown" : "failed";
        }
    }

    /** Runs {@code act} on its own thread. What it returns is the operation's answer. */
    void start(Operation operation, Supplier<Answer> act, Runnable onLetGo) {
        if (closed) {
            throw new ToolException(ErrorCode.CONFLICT, "The server ended before the first step was sent.", null);
        }
        forgetOldest();
        operation.onLetGo = onLetGo;
        byName.put(operation.name, operation);
        Thread thread = new Thread(
                () -> {
                    try {
                        operation.answer = act.get();
                    } finally {
                        operation.endedNanos = System.nanoTime();
                        operation.ended.countDown();
                    }
                },
                "operation " + operation.name);
        thread.setDaemon(true);
        thread.start();
    }

    Optional<Operation> named(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** No further step is sent, not by an act that is about to begin either. Answers what to do for each that runs. */
    List<Runnable> letGo() {
        closed = true;
        List<Operation> running =
                byName.values().stream().filter(Operation::running).toList();
        running.forEach(operation -> operation.letGo = true);
        return running.stream().map(operation -> operation.onLetGo).toList();
    }

    private void forgetOldest() {
        if (byName.size() >= REMEMBERED) {
            byName.values().stream()
                    .filter(operation -> !operation.running())
                    .min((one, other) -> Long.compare(one.startedNanos, other.startedNanos))
                    .ifPresent(oldest -> byName.remove(oldest.name));
        }
    }
}
