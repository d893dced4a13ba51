package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Entry;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Acting;
import org.pgcluster.postgres.AdvisoryLock;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Outcome;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;

/**
 * Sends the steps of one approved plan, in order, each once, each with its line in the audit before it goes out. After
 * the first nothing is "failed to connect" any more: what is not known is said to be unknown. Confined to an operation.
 */
final class PlannedHands implements Hands {
    private final List<Step> planned;
    private final List<Step> left;
    private final List<Step> done = new ArrayList<>();
    private final @Nullable Acting acting;
    private final @Nullable AdvisoryLock lock;
    private final Requesting requests;
    private final Entry entry;
    private final Operations.Operation operation;
    private final Watcher watcher;
    private int sent;

    /** How a component is told something. */
    interface Requesting {
        Said send(Step.Request step, Call call);
    }

    PlannedHands(
            Plan<?> plan,
            @Nullable Acting acting,
            @Nullable AdvisoryLock lock,
            Requesting requests,
            Entry entry,
            Operations.Operation operation,
            Watcher watcher) {
        this.planned = plan.steps();
        this.left = new ArrayList<>(planned);
        this.acting = acting;
        this.lock = lock;
        this.requests = requests;
        this.entry = entry;
        this.operation = operation;
        this.watcher = watcher;
    }

    @Override
    public Outcome run(Step.Statement step) {
        return run(step, () -> {});
    }

    @Override
    public Outcome run(Step.Statement step, Watch watch) {
        return carriedOut(step, watch, () -> sent(step));
    }

    @Override
    public <R extends Record> List<R> list(Step.Statement step, Class<R> row) {
        return carriedOut(step, () -> {}, () -> acting().listNumbered(row, step.sql(), step.parameters()));
    }

    @Override
    public Outcome runChecked(Step.Statement step, Look look) {
        return carriedOut(
                step,
                () -> {},
                () -> undoneTogether(() -> acting().inTransaction(transaction -> {
                    Outcome outcome = sent(step);
                    look.at(outcome);
                    return outcome;
                })));
    }

    /** What a look sent within the transaction goes with it. */
    private <T> T undoneTogether(Supplier<T> work) {
        int before = done.size();
        try {
            return work.get();
        } catch (ToolException e) {
            done.subList(before, done.size()).clear();
            throw e;
        }
    }

    @Override
    public Said send(Step.Request step) {
        mayBeSent(step);
        entry.step(sent + 1, planned.size(), step.inShort());
        left.remove(step);
        sent++;
        Said said = known(() -> requests.send(step, operation.call()));
        if (said.agreed()) {
            done.add(step);
        }
        return said;
    }

    private Acting acting() {
        Acting connection = acting;
        if (connection == null) {
            throw new IllegalStateException("an act beside the databases has no statements");
        }
        return connection;
    }

    @Override
    public int backend() {
        return acting().backendPid();
    }

    @Override
    public void progress(double done, double total, String message) {
        operation.call().progress(done, total, message);
    }

    private <T> T carriedOut(Step.Statement step, Watch watch, Supplier<T> work) {
        mayBeSent(step);
        // Nobody commits for a client that is gone; every other statement is to run on without it.
        acting().prepare(
                        step.transaction() == Step.Transaction.CONCURRENT,
                        step.transaction() == Step.Transaction.CHECKED
                                || step.transaction() == Step.Transaction.TOGETHER);
        entry.step(sent + 1, planned.size(), step.sql());
        left.remove(step);
        sent++;
        T result = watcher.during(watch, () -> known(work));
        done.add(step);
        return result;
    }

    private Outcome sent(Step.Statement step) {
        int before = acting().notices().size();
        long rows = acting().runNumbered(step.sql(), step.parameters());
        List<String> all = acting().notices();
        return new Outcome(rows, all.subList(before, all.size()));
    }

    private void mayBeSent(Step step) {
        if (!left.contains(step)) {
            throw new IllegalStateException("a step that is not in the plan, or was sent before: " + step.inShort());
        }
        String next = "step " + (sent + 1) + " of " + planned.size();
        if (step.when() == Step.When.IN_ORDER && operation.call().cancelled()) {
            throw new ToolException(ErrorCode.CONFLICT, "Stopped before " + next + ".", null);
        }
        if (operation.letGo()) {
            throw new ToolException(ErrorCode.CONFLICT, "The server ended before " + next + ".", null);
        }
        if (lock != null && !lock.held()) {
            throw new ToolException(
                    ErrorCode.CONFLICT,
                    "The connection that keeps other acts off this cluster broke before " + next + ".",
                    "Read the state, then plan again what is left to do.");
        }
    }

    private <T> T known(Supplier<T> work) {
        try {
            return work.get();
        } catch (ToolException e) {
            throw switch (e.code()) {
                case CANCELLED, TIMEOUT, CONNECTION_FAILED -> serverAnswered(e) ? stopped(e) : unknown(e);
                case CONFLICT -> watcher.blockers().isEmpty() ? e : heldUp(e);
                default -> e;
            };
        }
    }

    /** Then the statement ended and left nothing that the error does not tell. */
    private static boolean serverAnswered(ToolException e) {
        String state = e.sqlstate();
        return state != null && !state.startsWith("08") && !state.startsWith("57P");
    }

    /** No deadline of ours is over an act: where we did not ask, it was a person, a program or a limit of the server. */
    private ToolException stopped(ToolException e) {
        boolean asked = operation.call().cancelled();
        return ToolException.fromServer(
                ErrorCode.CONFLICT,
                asked
                        ? "Stopped: " + e.text()
                        : "Stopped from outside: " + e.text() + ". This server did not ask for it.",
                asked
                        ? e.hint()
                        : "Somebody cancelled it, or a statement_timeout of the acting role or database is over it. Ask"
                                + " before it is repeated.",
                e.sqlstate(),
                e.position(),
                e);
    }

    private ToolException heldUp(ToolException e) {
        return ToolException.fromServer(
                e.code(),
                e.text() + ", held up by " + watcher.blockers(),
                "blocking_locks shows who else waits; try again when it has ended.",
                e.sqlstate(),
                e.position(),
                e);
    }

    private ToolException unknown(ToolException e) {
        return ToolException.fromServer(
                ErrorCode.OUTCOME_UNKNOWN,
                "Step " + sent + " of " + planned.size() + " was sent and its result is not known: " + e.text(),
                "Do not repeat " + operation.tool + ". Read the state; operation_status " + entry.id()
                        + " tells whether it still runs.",
                e.sqlstate(),
                e.position(),
                e);
    }

    /** What the act came to, when it came to {@code e}: which steps are done, and never less certain than it sounds. */
    ToolException told(ToolException e) {
        if (sent == 0) {
            return e;
        }
        boolean sounds = e.code() == ErrorCode.CONNECTION_FAILED
                || e.code() == ErrorCode.TIMEOUT
                || e.code() == ErrorCode.CANCELLED;
        if (sounds) {
            return ToolException.fromServer(
                    ErrorCode.OUTCOME_UNKNOWN,
                    steps() + " What that changed could not be read: " + e.text(),
                    "Do not repeat " + operation.tool + "; read the state.",
                    e.sqlstate(),
                    e.position(),
                    e);
        }
        return planned.size() == 1
                ? e
                : ToolException.fromServer(e.code(), e.text() + " " + steps(), e.hint(), e.sqlstate(), e.position(), e);
    }

    private String steps() {
        String ended = numbers(done);
        String waiting = numbers(left);
        int failed = planned.size() - done.size() - left.size();
        List<Step> rest = new ArrayList<>(planned);
        rest.removeAll(done);
        rest.removeAll(left);
        return "Of the plan's steps " + (ended.isEmpty() ? "none is" : ended + " is") + " done"
                + (failed == 0 ? "" : ", " + numbers(rest) + " failed")
                + (waiting.isEmpty() ? "." : ", " + waiting + " was not sent.");
    }

    private String numbers(List<Step> steps) {
        return IntStream.range(0, planned.size())
                .filter(i -> steps.contains(planned.get(i)))
                .mapToObj(i -> String.valueOf(i + 1))
                .collect(Collectors.joining(", "));
    }
}
