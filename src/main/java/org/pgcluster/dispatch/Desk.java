package org.pgcluster.dispatch;

/** Where every call is taken: by the protocol, by the command line. Threads share it. Never throws. */
public interface Desk {
    Answer call(Request request);
}
