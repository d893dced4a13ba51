package org.pgcluster.testing;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Runs something beside the test on a thread of its own. The JVM's common pool has as few as one thread, and what waits for
 * something else that stands in line behind it would wait for ever.
 */
public final class Aside {
    private Aside() {}

    public static CompletableFuture<Void> run(Runnable work) {
        return CompletableFuture.runAsync(work, Aside::start);
    }

    public static <T> CompletableFuture<T> supply(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, Aside::start);
    }

    private static void start(Runnable work) {
        var thread = new Thread(work, "aside");
        thread.setDaemon(true);
        thread.start();
    }
}
