package org.pgcluster.tool;

import java.util.List;

/** The only way to change anything. It carries out steps of the approved plan and refuses every other. */
public interface Hands {
    /** Sends a statement and waits for its end, however long that takes. */
    Outcome run(Step.Statement step);

    /** The same; {@code watch} is called once a second meanwhile, to tell how far it is. */
    Outcome run(Step.Statement step, Watch watch);

    /** Sends a statement whose answer is rows. */
    <R extends Record> List<R> list(Step.Statement step, Class<R> row);

    /** Sends a statement in a transaction that {@code look} lets commit or, by throwing, rolls back. */
    Outcome runChecked(Step.Statement step, Look look);

    /** Sends a request to a component and answers what it said, whether or not it agreed. */
    Said send(Step.Request step);

    /** What a component answered; without a status of its own 200. */
    record Said(int status, String text) {
        public boolean agreed() {
            return status >= 200 && status < 300;
        }
    }

    /** The process of the server that carries out the statements. */
    int backend();

    /** Tells whoever follows the operation how far it is. */
    void progress(double done, double total, String message);

    interface Watch {
        void look();
    }

    interface Look {
        void at(Outcome outcome);
    }
}
