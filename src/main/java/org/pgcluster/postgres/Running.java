package org.pgcluster.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLState;

/**
 * What one call runs on one connection, which can be stopped from outside: by the client or at the deadline. Threads
 * share it. A stopped lease is spoiled under the lock, so that the stop can never hit what another call runs on it.
 */
final class Running implements AutoCloseable {
    /** How long the server may take to obey before the connection is cut. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private static final Duration BLUR = Duration.ofMillis(50);

    /** A cancel that comes between two statements of a transaction hits none, so it is said again until one ends. */
    private static final Duration AGAIN = Duration.ofMillis(100);

    /** How long a cancel may take before it counts as lost on its way. */
    private static final Duration LOST = Duration.ofMillis(300);

    private final Pool.Lease lease;
    private final Optional<DirectStop> direct;
    private final Watchdog watchdog;
    private final Call.Handle onCancel;
    private final Watchdog.Alarm onDeadline;
    private Watchdog.@Nullable Alarm onSilence;
    private final long mayRunUntilNanos;
    private final Duration grace;
    private boolean over;
    private boolean wasCut;

    private Running(Pool.Lease lease, Call call, Watchdog watchdog, Duration limit, Optional<DirectStop> direct) {
        this.direct = direct;
        this.mayRunUntilNanos = System.nanoTime() + limit.toNanos();
        this.lease = lease;
        this.watchdog = watchdog;
        this.grace = shorter(GRACE, Duration.ofNanos(call.timeLeft().toNanos() / 4));
        this.onDeadline = watchdog.in(call.timeLeft().minus(grace), this::stop);
        this.onCancel = call.onCancel(this::stop);
    }

    /** {@code direct} leads past what is in between. */
    static Running on(Pool.Lease lease, Call call, Watchdog watchdog, Duration limit, Optional<DirectStop> direct) {
        return new Running(lease, call, watchdog, limit, direct);
    }

    /** Asks the server to stop; where it does not answer, cuts the connection, at the deadline at the latest. */
    private void stop() {
        synchronized (this) {
            if (over || wasCut) {
                return;
            }
            lease.spoil();
            if (onSilence == null) {
                onSilence = watchdog.in(grace, this::cut);
                var begun = lease.session().begun();
                if (begun.isPresent()) {
                    direct.ifPresent(way -> watchdog.in(LOST, () -> stopDirectly(way, begun.get())));
                }
            }
        }
        try {
            lease.connection().unwrap(PGConnection.class).cancelQuery();
            watchdog.in(AGAIN, this::stop);
        } catch (SQLException e) {
            // The server cannot be asked any more: the cut after the grace ends the call.
            lease.spoil();
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
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

    /** A cut ends our waiting; behind a proxy the statement may run on. */
    private void stopDirectly(DirectStop way, DirectStop.Begun begun) {
        synchronized (this) {
            if (over && !wasCut) {
                return;
            }
        }
        way.stop(begun);
    }

    private void cut() {
        synchronized (this) {
            wasCut = true;
        }
        lease.abort();
    }

    @Override
    public void close() {
        onCancel.close();
        onDeadline.cancel();
        synchronized (this) {
            over = true;
            if (onSilence != null) {
                onSilence.cancel();
            }
        }
    }
}
