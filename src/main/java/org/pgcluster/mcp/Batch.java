package org.pgcluster.mcp;

import java.util.ArrayList;
import java.util.List;

/** The replies to one array of messages, sent as one array when the last is there. Threads share it. */
final class Batch {
    private final Outlet outlet;
    private final List<byte[]> replies = new ArrayList<>();
    private int missing = 1;

    Batch(Outlet outlet) {
        this.outlet = outlet;
    }

    synchronized void expect() {
        missing++;
    }

    void add(byte[] reply) {
        synchronized (this) {
            replies.add(reply);
        }
        skip();
    }

    /** One that gets no reply; the reader itself counts as one until it has handed out all. */
    void skip() {
        synchronized (this) {
            if (--missing > 0 || replies.isEmpty()) {
                return;
            }
        }
        var array = new JsonWriter(256);
        String before = "[";
        for (byte[] reply : replies) {
            array.raw(before).raw(reply);
            before = ",";
        }
        outlet.leave(array.raw("]").toBytes());
    }
}
