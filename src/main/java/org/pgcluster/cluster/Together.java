package org.pgcluster.cluster;

import java.util.List;
import java.util.function.Function;

/** Asks several servers at once, on threads of its own, so that a call never waits for a worker that waits for it. */
public final class Together {
    private Together() {}

    /** The answers in the order of the questions. {@code ask} must end by itself, at its own deadline. */
    public static <Q, A> List<A> all(List<Q> questions, Function<Q, A> ask) {
        return org.pgcluster.wire.Together.all(questions, ask);
    }
}
