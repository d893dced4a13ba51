package org.pgcluster.dispatch;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Entry;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.Draft;
import org.pgcluster.guard.Spent;
import org.pgcluster.postgres.Acting;
import org.pgcluster.postgres.AdvisoryLock;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Plan;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An act that may send its first step: it holds the cluster, its plan held once more, its approval is used up and the
 * audit says so. Until the approval is used up anything may go wrong without harm, so that comes last.
 */
final class Started<S extends Record> {
    private static final Logger LOG = LoggerFactory.getLogger(Started.class);

    private final Deque<Runnable> held = new ArrayDeque<>();
    private final Entry entry;
    private final Operations.Operation operation;
    private boolean recorded;
    private @Nullable Ready<S> ready;

    /** Everything that carrying out needs. */
    record Ready<S extends Record>(
            Plan<S> plan,
            @Nullable AdvisoryLock lock,
            @Nullable Acting acting,
            Chronicle chronicle) {}

    private Started(Entry entry, Operations.Operation operation) {
        this.entry = entry;
        this.operation = operation;
    }

    static <I extends Record, S extends Record, O extends Record & InWords> Started<S> of(
            Wanted<I, S, O> wanted,
            String approval,
            Entry entry,
            Operations.Operation operation,
            Workshop workshop,
            Approvals approvals) {
        var started = new Started<S>(entry, operation);
        try {
            started.begin(wanted, approval, workshop, approvals);
            return started;
        } catch (RuntimeException | Error e) {
            started.release();
            throw e;
        }
    }

    Ready<S> ready() {
        if (ready == null) {
            throw new IllegalStateException("not begun");
        }
        return ready;
    }

    private <I extends Record, O extends Record & InWords> void begin(
            Wanted<I, S, O> wanted, String approval, Workshop workshop, Approvals approvals) {
        var cluster = wanted.cluster();
        var call = wanted.request().call();
        held.push(workshop.lock().take(cluster.name(), cluster.acting().identity(), operation.tool)::close);
        AdvisoryLock lock = lock(wanted);
        if (lock != null) {
            held.push(lock::close);
        }
        Plan<S> plan = approvals.plan(wanted);
        Draft draft = approvals.draft(wanted, plan);
        Acting acting = null;
        if (wanted.act().onDatabase()) {
            acting = cluster.acting().open(wanted.act().database(wanted.input()), operation.name, operation.call());
            held.push(acting::close);
        }
        if (call.cancelled()) {
            throw new ToolException(ErrorCode.CANCELLED, "Cancelled before the first step. Nothing was done.", null);
        }
        var chronicle = new Chronicle(workshop.ledger(), operation);
        ready = new Ready<>(plan, lock, acting, chronicle);
        try {
            workshop.guard().spend(approval, draft, spent -> record(spent, draft));
        } catch (ToolException e) {
            chronicle.neverBegan();
            if (recorded) {
                outcome("refused", e.text());
            }
            throw e.code() == ErrorCode.PLAN_CHANGED ? approvals.changed(wanted, plan, draft, e) : e;
        }
    }

    /** Where the database is out of reach an act beside it goes on under the lock of this host alone; its plan says so. */
    private @Nullable AdvisoryLock lock(Wanted<?, ?, ?> wanted) {
        try {
            return wanted.cluster()
                    .acting()
                    .advisoryLock(operation.name, wanted.request().call());
        } catch (ToolException e) {
            boolean outOfReach = e.code() == ErrorCode.CONNECTION_FAILED
                    || e.code() == ErrorCode.TIMEOUT
                    || e.code() == ErrorCode.NOT_CONFIGURED;
            if (wanted.act().onDatabase() || !outOfReach) {
                throw e;
            }
            return null;
        }
    }

    private void record(Spent spent, Draft draft) {
        entry.start(spent.name(), spent.approver().who(), spent.approver().how().word(), draft.fingerprint());
        recorded = true;
    }

    PlannedHands hands(Cluster cluster) {
        Acting acting = ready().acting();
        var watcher = new Watcher(
                () -> cluster.reservedSql(operation.call()),
                operation.call(),
                operation.name,
                acting == null ? 0 : acting.backendPid(),
                cluster::shown);
        var requests = new Requests(cluster);
        return new PlannedHands(ready().plan(), acting, ready().lock(), requests::send, entry, operation, watcher);
    }

    void outcome(String outcome, String words) {
        outcome(outcome, words, "{}");
    }

    /** The act is over either way: that its end could not be written must not hide what it came to. */
    String outcome(String outcome, String words, String proofJson) {
        try {
            entry.outcome(outcome, words, proofJson);
            return "";
        } catch (ToolException e) {
            LOG.error("the audit could not take the outcome {} of {}: {}", outcome, entry.id(), e.text());
            return " The audit has no line about this end: " + e.text();
        }
    }

    void letGo() {
        ready().chronicle().look();
        outcome("left running", "operation " + operation.name + " goes on in the database");
    }

    /** The last taken first, each whatever became of the others. */
    void release() {
        while (!held.isEmpty()) {
            try {
                held.pop().run();
            } catch (RuntimeException e) {
                LOG.error("operation {} could not let go of everything", operation.name, e);
            }
        }
    }
}
