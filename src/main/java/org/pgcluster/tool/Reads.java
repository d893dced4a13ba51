package org.pgcluster.tool;

import org.pgcluster.shape.InWords;

/** A tool that changes nothing. It is given connections that cannot. */
public non-sealed interface Reads<I extends Record, O extends Record & InWords> extends Tool<I, O> {
    O read(I input, Context context);
}
