package org.pgcluster.tool;

import org.pgcluster.shape.InWords;

/** What a client can call. The kind decides what it is given: only an act ever holds the means to change anything. */
public sealed interface Tool<I extends Record, O extends Record & InWords> permits Reads, Acts {
    Declaration<I, O> declaration();
}
