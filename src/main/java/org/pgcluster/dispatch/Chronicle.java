package org.pgcluster.dispatch;

import java.util.Optional;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.Ledger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells other processes of this host about one act while it runs, and hears whether they want it stopped. An act whose
 * progress cannot be told goes on all the same. Threads share it.
 */
final class Chronicle {
    private static final Logger LOG = LoggerFactory.getLogger(Chronicle.class);
    private static final long EVERY_MILLIS = 1_000;

    private final Ledger ledger;
    private final Operations.Operation operation;
    private Ledger.Kept last;

    /** Throws where nothing can be written: then nothing has begun yet. */
    Chronicle(Ledger ledger, Operations.Operation operation) {
        this.ledger = ledger;
        this.operation = operation;
        this.last = ledger.began(operation.name, operation.tool, operation.cluster);
    }

    void follow() {
        Thread thread = new Thread(this::followToTheEnd, "follow " + operation.name);
        thread.setDaemon(true);
        thread.start();
    }

    private void followToTheEnd() {
        try {
            while (!operation.endedWithin(EVERY_MILLIS)) {
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void look() {
        try {
            if (ledger.stopAsked(operation.name)) {
                operation.stop();
            }
            write(operation.state(), operation.progress(), Optional.empty());
        } catch (ToolException e) {
            LOG.warn("operation {} cannot be followed by others: {}", operation.name, e.text());
        }
    }

    private synchronized void write(String state, String progress, Optional<String> outcome) {
        boolean news = !state.equals(last.state()) || !progress.equals(last.progress());
        if (!last.ended() && (news || outcome.isPresent())) {
            last = ledger.at(last, state, progress, outcome);
        }
    }

    void ended(Answer answer) {
        try {
            write(Operations.Operation.stateOf(answer), operation.progress(), Optional.of(answer.text()));
        } catch (ToolException e) {
            LOG.warn("the end of operation {} cannot be told to others: {}", operation.name, e.text());
        }
    }

    void neverBegan() {
        ledger.forget(operation.name);
    }
}
