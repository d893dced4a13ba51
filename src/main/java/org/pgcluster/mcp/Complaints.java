package org.pgcluster.mcp;

import org.slf4j.LoggerFactory;

/** What went wrong inside, for whoever reads stderr. A client never sees it. */
final class Complaints {
    private Complaints() {}

    static void about(String what, Throwable problem) {
        LoggerFactory.getLogger(StdioServer.class).error("{} ended in a way it should not", what, problem);
    }
}
