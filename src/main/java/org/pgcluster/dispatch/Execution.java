package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Entry;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.render.Words;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Context;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out an approved act: the steps, the proof, the audit. It goes on after its call is answered. Threads share it.
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
        Started<S> started = Started.of(wanted, approval, entry, operation, workshop, approvals);
        try {
            workshop.operations().start(operation, () -> carriedOut(wanted, started, operation), started::letGo);
        } catch (RuntimeException | Error e) { // no thread to be had: nothing was sent, and all is let go
            started.outcome("failed", "it could not be started");
            started.ready().chronicle().neverBegan();
            started.release();
            throw e;
        }
        started.ready().chronicle().follow();
        Optional<Answer> ended = operation.await(ANSWER_WITHIN, wanted.request().call());
        return ended.orElseGet(() -> running(operation));
    }

    private <I extends Record, S extends Record, O extends Record & InWords> Answer carriedOut(
            Wanted<I, S, O> wanted, Started<S> started, Operations.Operation operation) {
        PlannedHands hands = started.hands(wanted.cluster());
        Answer answer;
        try {
            var context = new Context(
                    wanted.cluster(),
                    operation.call(),
                    workshop,
                    true,
                    wanted.request().client());
            O result = wanted.act().act(wanted.input(), started.ready().plan(), hands, context);
            Map<String, @Nullable Object> written = wanted.declared().output().write(result);
            String unwritten = started.outcome("done", result.inWords(), JsonText.write(written));
            answer = done(wanted, operation, result.inWords() + unwritten, written);
        } catch (ToolException raw) {
            ToolException e = hands.told(raw);
            started.outcome(e.code() == ErrorCode.OUTCOME_UNKNOWN ? "unknown" : "failed", e.text());
            answer = masked(Answers.failed(e, Map.of("operation", operation.name)));
        } catch (Throwable e) { // an Error, too: an act must end with an answer and a line in the audit
            LOG.error("{} failed as operation {}", wanted.declared().name(), operation.name, e);
            started.outcome("unknown", "the server failed while it ran");
            answer = Answers.failed(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "The server failed while " + wanted.declared().name() + " ran.",
                    "Read the state; do not repeat the act. The log (stderr) has the details as " + operation.name
                            + ".");
        } finally {
            started.release();
        }
        started.ready().chronicle().ended(answer);
        return answer;
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

    /** Statements that run go on in the database; each is told by its line, whatever becomes of the others. */
    void letGo() {
        for (Runnable one : workshop.operations().letGo()) {
            try {
                one.run();
            } catch (RuntimeException e) {
                LOG.error("an act that is left running could not be written down", e);
            }
        }
    }
}
