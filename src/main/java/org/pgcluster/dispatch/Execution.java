package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Entry;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.ClusterLock;
import org.pgcluster.guard.Draft;
import org.pgcluster.guard.Spent;
import org.pgcluster.postgres.Acting;
import org.pgcluster.postgres.AdvisoryLock;
import org.pgcluster.render.Words;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Plan;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out an approved act: locks, the plan once more, the approval used up, the audit, the steps, the proof. It
 * goes on after its call is answered. Threads share it.
 */
final class Execution {
    private static final Logger LOG = LoggerFactory.getLogger(Execution.class);
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    private final Workshop workshop;
    private final Approvals approvals;

    Execution(Workshop workshop, Approvals approvals) {
        this.workshop = workshop;
        this.approvals = approvals;
    }

    Entry entry(Wanted<?, ?, ?> wanted) {
        return workshop.audit()
                .entry(
                        wanted.request().client(),
                        wanted.declared().name(),
                        wanted.cluster().name(),
                        JsonText.write(Approvals.written(wanted)));
    }

    <I extends Record, S extends Record, O extends Record & InWords> Answer run(
            Wanted<I, S, O> wanted, String approval) {
        Entry entry = entry(wanted);
        var operation = new Operations.Operation(
                entry.id(), wanted.declared().name(), wanted.cluster().name());
        Started<S> started = start(wanted, approval, entry, operation);
        workshop.operations().start(operation, () -> carriedOut(wanted, started, entry, operation));
        Optional<Answer> ended = operation.await(ANSWER_WITHIN, wanted.request().call());
        return ended.orElseGet(() -> running(operation));
    }

    private record Started<S extends Record>(
            Plan<S> plan, ClusterLock.Held lock, AdvisoryLock advisory, Acting acting) {
        void release() {
            acting.close();
            advisory.close();
            lock.close();
        }
    }

    /** Until the approval is used up anything may still go wrong without harm, so that comes last. */
    private <I extends Record, S extends Record, O extends Record & InWords> Started<S> start(
            Wanted<I, S, O> wanted, String approval, Entry entry, Operations.Operation operation) {
        var cluster = wanted.cluster();
        String identity = cluster.identity();
        String tool = wanted.declared().name();
        ClusterLock.Held lock = workshop.lock().take(cluster.name(), identity, tool);
        try {
            AdvisoryLock advisory =
                    cluster.advisoryLock(operation.name, wanted.request().call());
            try {
                Plan<S> plan = approvals.plan(wanted);
                Draft draft = approvals.draft(wanted, plan);
                Acting acting = cluster.acting(wanted.act().database(wanted.input()), operation.name, operation.call());
                try {
                    Spent spent = spend(wanted, plan, draft, approval);
                    entry.start(
                            spent.name(),
                            spent.approver().who(),
                            spent.approver().how().word(),
                            draft.fingerprint());
                    return new Started<>(plan, lock, advisory, acting);
                } catch (RuntimeException e) {
                    acting.close();
                    throw e;
                }
            } catch (RuntimeException e) {
                advisory.close();
                throw e;
            }
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private Spent spend(Wanted<?, ?, ?> wanted, Plan<?> plan, Draft draft, String approval) {
        try {
            return workshop.guard().spend(approval, draft);
        } catch (ToolException e) {
            throw e.code() == ErrorCode.PLAN_CHANGED ? approvals.changed(wanted, plan, draft, e) : e;
        }
    }

    private <I extends Record, S extends Record, O extends Record & InWords> Answer carriedOut(
            Wanted<I, S, O> wanted, Started<S> started, Entry entry, Operations.Operation operation) {
        try {
            var context = new Context(wanted.cluster(), operation.call(), workshop, true);
            var hands = new PlannedHands(
                    started.plan(),
                    started.acting(),
                    entry,
                    operation.call(),
                    wanted.declared().name(),
                    context::sql);
            O result = wanted.act().act(wanted.input(), started.plan(), hands, context);
            Map<String, @Nullable Object> written = wanted.declared().output().write(result);
            entry.outcome("done", result.inWords(), JsonText.write(written));
            return done(wanted, operation, result.inWords(), written);
        } catch (ToolException e) {
            outcome(entry, e.code() == ErrorCode.OUTCOME_UNKNOWN ? "unknown" : "failed", e.text());
            return masked(Answers.failed(e, Map.of("operation", operation.name)));
        } catch (Throwable e) { // an Error, too: an act must end with an answer and a line in the audit
            LOG.error("{} failed as operation {}", wanted.declared().name(), operation.name, e);
            outcome(entry, "unknown", "the server failed while it ran");
            return Answers.failed(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "The server failed while " + wanted.declared().name() + " ran.",
                    "Read the state; do not repeat the act. The log (stderr) has the details as " + operation.name
                            + ".");
        } finally {
            started.release();
        }
    }

    /** The act is over either way; that its end could not be written must not hide what it came to. */
    private static void outcome(Entry entry, String outcome, String words) {
        try {
            entry.outcome(outcome, words, "{}");
        } catch (ToolException e) {
            LOG.error("the audit could not take the outcome {} of {}: {}", outcome, entry.id(), e.text());
        }
    }

    private Answer done(
            Wanted<?, ?, ?> wanted,
            Operations.Operation operation,
            String sentence,
            Map<String, @Nullable Object> result) {
        Map<String, @Nullable Object> structured = new LinkedHashMap<>();
        structured.put("status", "done");
        structured.put("operation", operation.name);
        structured.put("result", result);
        String where = workshop.clusters().several() ? wanted.cluster().name() + ": " : "";
        return masked(new Answer(where + Words.text(sentence, result), Masking.notNull(structured), false));
    }

    private Answer masked(Answer answer) {
        return Masking.of(answer, workshop.masks());
    }

    private static Answer running(Operations.Operation operation) {
        Map<String, @Nullable Object> structured = new LinkedHashMap<>();
        structured.put("status", "running");
        structured.put("operation", operation.name);
        return new Answer(
                operation.tool + " still runs. Follow it with operation_status(operation: \"" + operation.name
                        + "\"); operation_cancel stops it.",
                Masking.notNull(structured),
                false);
    }

    void letGo() {
        for (var operation : workshop.operations().all()) {
            if (operation.running()) {
                workshop.audit()
                        .entry("", operation.tool, operation.cluster, "{}")
                        .outcome("left running", "operation " + operation.name + " goes on in the database", "{}");
            }
        }
    }
}
