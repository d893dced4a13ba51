package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.pgcluster.audit.Entry;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Acting;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Outcome;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;

/**
 * Sends the steps of one approved plan, in order, each once, each with its line in the audit before it goes out. After
 * the first nothing is "failed to connect" any more: what is not known is said to be unknown. Confined to an operation.
 */
final class PlannedHands implements Hands {
    private static final long WATCH_EVERY_MILLIS = 1_000;

    private static final String BLOCKERS = """
            SELECT blocker.pid, coalesce(session.usename, '?') || ', ' || coalesce(session.state, '?') || ': '
                                || coalesce(left(session.query, 100), '?') AS words
              FROM (SELECT DISTINCT pid FROM unnest(pg_blocking_pids(?)) AS blocking(pid)) AS blocker
              LEFT JOIN pg_stat_activity AS session ON session.pid = blocker.pid
             ORDER BY blocker.pid
             LIMIT 5
            """;

    record Blocker(int pid, String words) {}

    private final List<Step> left;
    private final int planned;
    private final Acting acting;
    private final Entry entry;
    private final Call call;
    private final String tool;
    private final Supplier<Sql> sql;
    private final int backend;
    private int sent;
    /** Who held up the step that runs, as last seen. */
    private volatile String blockers = "";

    PlannedHands(Plan<?> plan, Acting acting, Entry entry, Call call, String tool, Supplier<Sql> sql) {
        this.sql = sql;
        this.backend = acting.backendPid();
        this.left = new ArrayList<>(plan.steps());
        this.planned = plan.steps().size();
        this.acting = acting;
        this.entry = entry;
        this.call = call;
        this.tool = tool;
    }

    int sent() {
        return sent;
    }

    @Override
    public Outcome run(Step.Statement step) {
        return run(step, () -> {});
    }

    @Override
    public Outcome run(Step.Statement step, Watch watch) {
        send(step);
        return watched(watch, () -> sent(step));
    }

    @Override
    public <R extends Record> List<R> list(Step.Statement step, Class<R> row) {
        send(step);
        return watched(
                () -> {}, () -> acting.list(row, step.sql(), step.parameters().toArray()));
    }

    @Override
    public Outcome runChecked(Step.Statement step, Look look) {
        send(step);
        return watched(
                () -> {},
                () -> acting.inTransaction(transaction -> {
                    Outcome outcome = sent(step);
                    look.at(outcome);
                    return outcome;
                }));
    }

    private <T> T watched(Watch watch, Supplier<T> work) {
        CountDownLatch over = new CountDownLatch(1);
        Thread watcher = new Thread(() -> watchUntil(over, watch), "watch " + entry.id());
        watcher.setDaemon(true);
        watcher.start();
        try {
            return known(work);
        } finally {
            over.countDown();
        }
    }

    @Override
    public void progress(double done, double total, String message) {
        call.progress(done, total, message);
    }

    private Outcome sent(Step.Statement step) {
        int before = acting.notices().size();
        if (step.transaction() == Step.Transaction.CONCURRENT) {
            acting.waitForLocksWithoutLimit();
        } else if (step.when() == Step.When.IF_AN_EARLIER_ONE_FAILED) {
            acting.waitForLocksAsConfigured();
        }
        long rows = acting.run(step.sql(), step.parameters().toArray());
        List<String> all = acting.notices();
        return new Outcome(rows, all.subList(before, all.size()));
    }

    private void send(Step.Statement step) {
        if (!left.remove(step)) {
            throw new IllegalStateException("a step that is not in the plan, or was sent before: " + step.sql());
        }
        if (step.when() == Step.When.IN_ORDER && call.cancelled()) {
            throw new ToolException(
                    ErrorCode.CONFLICT, "Stopped before step " + (sent + 1) + " of " + planned + ".", null);
        }
        entry.step(sent + 1, planned, step.sql());
        sent++;
    }

    private <T> T known(Supplier<T> work) {
        try {
            return work.get();
        } catch (ToolException e) {
            throw switch (e.code()) {
                // The server answered: the statement was stopped and left nothing that the error does not tell.
                case CANCELLED, TIMEOUT ->
                    e.sqlstate() != null && !call.cancelled()
                            ? stoppedFromOutside(e)
                            : e.sqlstate() != null
                                    ? ToolException.fromServer(
                                            ErrorCode.CONFLICT,
                                            "Stopped: " + e.text(),
                                            e.hint(),
                                            e.sqlstate(),
                                            e.position(),
                                            e)
                                    : unknown(e);
                case CONNECTION_FAILED -> unknown(e);
                case CONFLICT ->
                    blockers.isEmpty()
                            ? e
                            : ToolException.fromServer(
                                    e.code(),
                                    e.text() + ", held up by " + blockers,
                                    "blocking_locks shows who else waits; try" + " again when it has ended.",
                                    e.sqlstate(),
                                    e.position(),
                                    e);
                default -> e;
            };
        }
    }

    /** No deadline of ours is over an act, so it was a person, a program, or a limit of the server itself. */
    private static ToolException stoppedFromOutside(ToolException e) {
        return ToolException.fromServer(
                ErrorCode.CONFLICT,
                "Stopped from outside: " + e.text() + ". This server did not ask for it.",
                "Somebody cancelled it, or a statement_timeout of the acting role or database is over it. Ask before"
                        + " it is repeated.",
                e.sqlstate(),
                e.position(),
                e);
    }

    private ToolException unknown(ToolException e) {
        return ToolException.fromServer(
                ErrorCode.OUTCOME_UNKNOWN,
                "Step " + sent + " of " + planned + " was sent and its result is not known: " + e.text(),
                "Do not repeat " + tool + ". Read the state; operation_status " + entry.id()
                        + " tells whether it still runs.",
                e.sqlstate(),
                e.position(),
                e);
    }

    private void seeWhoBlocks() {
        List<Blocker> found = sql.get().list(Blocker.class, BLOCKERS, backend);
        if (found.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder();
        for (Blocker one : found) {
            text.append(text.isEmpty() ? "" : "; ")
                    .append("session ")
                    .append(one.pid())
                    .append(" (")
                    .append(one.words())
                    .append(')');
        }
        blockers = text.toString();
        call.progress(0, null, "Waits for " + blockers);
    }

    private void watchUntil(CountDownLatch over, Watch watch) {
        try {
            while (!over.await(WATCH_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
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
}
