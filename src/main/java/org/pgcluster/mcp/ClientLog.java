package org.pgcluster.mcp;

/** Tells the client what happens in the server, where the client wants to know that much. Threads share it. */
public interface ClientLog {
    /** In the protocol's order, the least severe first. */
    enum Level {
        DEBUG,
        INFO,
        NOTICE,
        WARNING,
        ERROR,
        CRITICAL,
        ALERT,
        EMERGENCY
    }

    void log(Level level, String logger, String text);
}
