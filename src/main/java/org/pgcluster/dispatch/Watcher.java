package org.pgcluster.dispatch;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.pgcluster.call.Call;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Hands.Watch;

/** Looks once a second, while a step runs, at who holds it up and at how far it is. Threads share it. */
final class Watcher {
    private static final long EVERY_MILLIS = 1_000;

    private static final String BLOCKERS = """
            SELECT blocker.pid, coalesce(session.usename, '?') || ', ' || coalesce(session.state, '?') AS who,
                   coalesce(left(session.query, 100), '?') AS query
              FROM (SELECT DISTINCT pid FROM unnest(pg_blocking_pids(?)) AS blocking(pid)) AS blocker
              LEFT JOIN pg_stat_activity AS session ON session.pid = blocker.pid
             ORDER BY blocker.pid
             LIMIT 5
            """;

    record Blocker(int pid, String who, String query) {}

    private final Supplier<Sql> sql;
    private final Call call;
    private final String name;
    private final int backend;
    private final UnaryOperator<String> shown;
    /** Who held up the step that runs, as last seen. */
    private volatile String blockers = "";

    Watcher(Supplier<Sql> sql, Call call, String name, int backend, UnaryOperator<String> shown) {
        this.sql = sql;
        this.call = call;
        this.name = name;
        this.backend = backend;
        this.shown = shown;
    }

    String blockers() {
        return blockers;
    }

    <T> T during(Watch watch, Supplier<T> work) {
        CountDownLatch over = new CountDownLatch(1);
        Thread thread = new Thread(() -> lookUntil(over, watch), "watch " + name);
        thread.setDaemon(true);
        thread.start();
        try {
            return work.get();
        } finally {
            over.countDown();
        }
    }

    private void lookUntil(CountDownLatch over, Watch watch) {
        try {
            while (!over.await(EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
                    seeWhoBlocks();
                    watch.look();
                } catch (ToolException e) {
                    call.progress(0, null, "Progress cannot be read: " + e.text());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void seeWhoBlocks() {
        List<Blocker> found = sql.get().list(Blocker.class, BLOCKERS, backend);
        if (!found.isEmpty()) {
            blockers = found.stream()
                    .map(one -> "session " + one.pid() + " (" + one.who() + ": " + shown.apply(one.query()) + ")")
                    .collect(Collectors.joining("; "));
            call.progress(0, null, "Waits for " + blockers);
        }
    }
}
