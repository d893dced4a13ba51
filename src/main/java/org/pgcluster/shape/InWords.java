package org.pgcluster.shape;

/** An output that states its result in one sentence. */
public interface InWords {
    String inWords();
}
