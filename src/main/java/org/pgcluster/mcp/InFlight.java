package org.pgcluster.mcp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The requests that are not answered yet, by identifier. Threads share it. */
final class InFlight {
    private final Map<Object, Pending> byId = new HashMap<>();

    synchronized boolean has(Object id) {
        return byId.containsKey(id);
    }

    synchronized void add(Pending pending) {
        byId.put(pending.id(), pending);
    }

    synchronized void remove(Pending pending) {
        byId.remove(pending.id(), pending);
    }

    void cancel(@Nullable Object id) {
        Pending pending;
        synchronized (this) {
            pending = byId.get(id);
        }
        if (pending != null) {
            stop(pending, false);
        }
    }

    /** Unlike one that the client cancels, these are still answered: with what the stop makes of them. */
    void stopAll() {
        for (Pending pending : all()) {
            stop(pending, true);
        }
    }

    /** What did not hear the stop gets an answer all the same. */
    void refuseAll() {
        for (Pending pending : all()) {
            pending.refuse(Replies.BUSY, "The server ended before this was done.");
        }
    }

    private synchronized List<Pending> all() {
        return new ArrayList<>(byId.values());
    }

    /** Each on a thread of its own: no stop waits for another one's network, and none for a free worker. */
    private static void stop(Pending pending, boolean answered) {
        var thread = new Thread(
                new Runnable() {
                    @Override
                    public void run() {
                        try {
                            if (!answered) {
                                pending.forget();
                            }
                            pending.call().cancel();
                        } catch (Throwable e) {
                            Complaints.about("stopping a call", e);
                        }
                    }
                },
                "cancel");
        thread.setDaemon(true);
        thread.start();
    }
}
