package org.pgcluster.tool;

import java.util.List;
import org.pgcluster.postgres.Outcome;

/** The only way to change anything. It carries out steps of the approved plan and refuses every other. */
public interface Hands {
    /** Sends a statement and waits for its end, however long that takes. */
    Outcome run(Step.Statement step);

    /** Sends a statement in a transaction, which {@code look} lets commit or, by throwing, rolls back. */
    Outcome runChecked(Step.Statement step, Look look);

    <R extends Record> List<R> run(Step.Statement step, Class<R> row);

    /** Tells whoever follows the operation how far it is. */
    void progress(double done, double total, String message);

    interface Look {
        void at(Outcome outcome);
    }
}
