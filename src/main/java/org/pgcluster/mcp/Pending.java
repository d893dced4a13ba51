package org.pgcluster.mcp;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;

/**
 * One request from its arrival to its one reply. A cancelled one is never answered, as the protocol asks. Threads
 * share it.
 */
final class Pending {
    private final Object id;
    private final InFlight home;
    private final Outlet outlet;
    private final @Nullable Batch batch;
    private final Reports reports;
    private final Call call;
    private boolean closed;

    Pending(
            Object id,
            @Nullable Object progressToken,
            Duration limit,
            InFlight home,
            Outlet outlet,
            @Nullable Batch batch) {
        this.id = id;
        this.home = home;
        this.outlet = outlet;
        this.batch = batch;
        this.reports = new Reports(progressToken, outlet);
        this.call = Call.within(limit, reports);
    }

    Object id() {
        return id;
    }

    Call call() {
        return call;
    }

    void begin() {
        home.add(this);
        if (batch != null) {
            batch.expect();
        }
    }

    /** Never on the reader: it may write. */
    void reply(byte[] message) {
        if (!close()) {
            return;
        }
        reports.close(true);
        home.remove(this);
        if (batch == null) {
            outlet.send(message);
        } else {
            batch.add(message);
        }
    }

    /** For the reader, where the work cannot even begin. */
    void refuse(int code, String message) {
        if (!close()) {
            return;
        }
        home.remove(this);
        byte[] error = Replies.error(id, code, message);
        if (batch == null) {
            outlet.leave(error);
        } else {
            batch.add(error);
        }
    }

    void fail(int code, String message) {
        reply(Replies.error(id, code, message));
    }

    boolean answered() {
        synchronized (this) {
            return closed;
        }
    }

    /** The client wants no answer any more. Never on the reader; the identifier stays taken until the work ends. */
    void forget() {
        if (close()) {
            reports.close(false);
            if (batch != null) {
                batch.skip();
            }
        }
    }

    void ended() {
        home.remove(this);
    }

    private boolean close() {
        synchronized (this) {
            boolean first = !closed;
            closed = true;
            return first;
        }
    }
}
