package org.pgcluster.mcp;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;

/**
 * Progress of one call to a client that gave a token: always growing, in order, never after the reply, and no more than
 * it can use: a burst at first, then some each second; what was held back is told before the reply. Threads share it.
 */
final class Reports implements Call.Progress {
    private static final double BURST = 16;
    private static final double A_SECOND = 10;
    private static final double LEAST_STEP = 0.001;

    private final @Nullable Object token;
    private final Outlet outlet;
    private boolean closed;
    private double told = Double.NEGATIVE_INFINITY;
    private double allowed = BURST;
    private long earned = System.nanoTime();
    private @Nullable Map<String, Object> heldBack;

    Reports(@Nullable Object token, Outlet outlet) {
        this.token = token;
        this.outlet = outlet;
    }

    @Override
    public synchronized void at(double done, @Nullable Double total, String message) {
        if (closed || token == null) {
            return;
        }
        // The protocol wants each report beyond the last, also where only the words are new.
        told = Math.max(done, told + LEAST_STEP);
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("progressToken", token);
        params.put("progress", told);
        if (total != null) {
            params.put("total", total);
        }
        params.put("message", message);
        long now = System.nanoTime();
        allowed = Math.min(BURST, allowed + (now - earned) / 1e9 * A_SECOND);
        earned = now;
        if (allowed < 1) {
            heldBack = params;
            return;
        }
        allowed--;
        heldBack = null;
        outlet.send(Replies.notification("notifications/progress", params));
    }

    synchronized void close(boolean tellRest) {
        closed = true;
        if (tellRest && heldBack != null) {
            outlet.send(Replies.notification("notifications/progress", heldBack));
        }
    }
}
