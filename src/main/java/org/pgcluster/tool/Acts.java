package org.pgcluster.tool;

import java.util.Optional;
import org.pgcluster.shape.InWords;

/**
 * A tool that changes something, in two halves: what it would do, and doing it. Between them stands a person's
 * approval, which the dispatcher obtains; neither half knows of it.
 */
public non-sealed interface Acts<I extends Record, S extends Record, O extends Record & InWords> extends Tool<I, O> {
    /** Another database of the same server that the act goes to; empty for the configured one. */
    default Optional<String> database(I input) {
        return Optional.empty();
    }

    /** Whether its steps go to the database; others must work when no database can be reached. */
    default boolean onDatabase() {
        return true;
    }

    /** Reads only. Called to show the plan, and again before the act to see whether it still holds. */
    Plan<S> plan(I input, Context context);

    /** Carries out the steps of the approved plan, then reads the state again and reports what really changed. */
    O act(I input, Plan<S> plan, Hands hands, Context context);
}
