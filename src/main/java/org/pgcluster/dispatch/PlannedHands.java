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

    private final List<Step> left;
    private final int planned;
    private final Acting acting;
    private final Entry entry;
    private final Call call;
    private final String tool;
    private int sent;

    PlannedHands(Plan<?> plan, Acting acting, Entry entry, Call call, String tool) {
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
        send(step);
        return known(() -> sent(step));
    }

    @Override
    public Outcome run(Step.Statement step, Watch watch) {
        CountDownLatch over = new CountDownLatch(1);
        Thread watcher = new Thread(() -> watchUntil(over, watch), "watch " + entry.id());
        watcher.setDaemon(true);
        watcher.start();
        try {
            return run(step);
        } finally {
            over.countDown();
        }
    }

    @Override
    public <R extends Record> List<R> list(Step.Statement step, Class<R> row) {
        send(step);
        return known(() -> acting.list(row, step.sql(), step.parameters().toArray()));
    }

    @Override
    public Outcome runChecked(Step.Statement step, Look look) {
        send(step);
        return known(() -> acting.inTransaction(transaction -> {
            Outcome outcome = sent(step);
            look.at(outcome);
            return outcome;
        }));
    }

    @Override
    public void progress(double done, double total, String message) {
        call.progress(done, total, message);
    }

    private Outcome sent(Step.Statement step) {
        int before = acting.notices().size();
        if (step.transaction() == Step.Transaction.CONCURRENT) {
            acting.waitForLocksWithoutLimit();
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
                    e.sqlstate() != null
                            ? ToolException.fromServer(
                                    ErrorCode.CONFLICT, "Stopped: " + e.text(), e.hint(), e.sqlstate(), e.position(), e)
                            : unknown(e);
                case CONNECTION_FAILED -> unknown(e);
                default -> e;
            };
        }
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

    private void watchUntil(CountDownLatch over, Watch watch) {
        try {
            while (!over.await(WATCH_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
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
