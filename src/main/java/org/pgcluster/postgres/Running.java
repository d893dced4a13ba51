package org.pgcluster.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLState;

/**
 * What one call runs on one connection, which can be stopped from outside: by the client or at the deadline. Threads
 * share it. The stop holds the lock, so that it can never hit what runs on the connection afterwards.
 */
final class Running implements AutoCloseable {
    private static final Duration GRACE = Duration.ofMillis(1500);

    private static final Duration BLUR = Duration.ofMillis(50);

    private final Pool.Lease lease;
    private final Watchdog watchdog;
    private final Call.Handle onCancel;
    private final Future<?> onDeadline;
    private @Nullable Future<?> onSilence;
    private final long mayRunUntilNanos;
    private boolean over;

    private Running(Pool.Lease lease, Call call, Watchdog watchdog, Duration limit) {
        this.mayRunUntilNanos = System.nanoTime() + limit.toNanos();
        this.lease = lease;
        this.watchdog = watchdog;
        this.onDeadline = watchdog.in(call.timeLeft(), this::stop);
        this.onCancel = call.onCancel(this::stop);
    }

    static Running on(Pool.Lease lease, Call call, Watchdog watchdog, Duration limit) {
        return new Running(lease, call, watchdog, limit);
    }

    /** Asks the server to stop; where it does not answer, cuts the connection. */
    private synchronized void stop() {
        if (over) {
            return;
        }
        lease.spoil();
        if (onSilence == null) {
            onSilence = watchdog.in(GRACE, this::cut);
        }
        try {
            lease.connection().unwrap(PGConnection.class).cancelQuery();
        } catch (SQLException e) {
            // The server cannot be asked any more: the cut after the grace ends the call.
            lease.spoil();
        }
    }

    /** Neither the client nor the deadline has asked it to stop. */
    synchronized boolean untouched() {
        return onSilence == null;
    }

    /** Too early for the server's own time limit, in whichever language it tells; and nobody here asked for it. */
    boolean stoppedBySomebodyElse(SQLException e) {
        return PSQLState.QUERY_CANCELED.getState().equals(e.getSQLState())
                && untouched()
                && System.nanoTime() - mayRunUntilNanos < -BLUR.toNanos();
    }

    private void cut() {
        lease.abort();
    }

    @Override
    public void close() {
        onCancel.close();
        onDeadline.cancel(false);
        synchronized (this) {
            over = true;
            if (onSilence != null) {
                onSilence.cancel(false);
            }
        }
    }
}
