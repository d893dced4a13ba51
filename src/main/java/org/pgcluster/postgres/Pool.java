package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Places;
import org.postgresql.jdbc.PgConnection;

/**
 * A few connections to one target, made when first needed by the thread that needs them, so that a server that is down
 * is told at once and in its own words. Threads share it.
 */
final class Pool implements AutoCloseable {
    private static final Duration TRUSTED = Duration.ofSeconds(30);
    private static final Duration LONGEST_RESET = Duration.ofSeconds(3);
    private static final Duration LONGEST_CHECK = Duration.ofSeconds(2);
    private static final Duration KEPT = Duration.ofMinutes(10);

    private final Target target;
    private final DriverSettings settings;
    private final Semaphore room;
    private final Places places;
    private final Deque<Idle> idle = new ArrayDeque<>();
    private final AtomicInteger generation = new AtomicInteger();
    private boolean closed;

    private record Idle(Session session, long sinceNanos) {
        Connection connection() {
            return session.connection();
        }

        boolean restedFor(Duration time) {
            return System.nanoTime() - sinceNanos > time.toNanos();
        }
    }

    Pool(Target target) {
        this.target = target;
        this.settings = DriverSettings.of(target);
        this.room = new Semaphore(target.poolSize(), true);
        this.places = new Places(
                "connection to " + target.label(),
                "active_queries shows what holds them; pool_size is how many there are.");
    }

    Target target() {
        return target;
    }

    DriverSettings settings() {
        return settings;
    }

    /** Grows whenever a connection had to be thrown away: what was learned about the server may be wrong since. */
    int generation() {
        return generation.get();
    }

    Lease borrow(Call call) throws SQLException {
        long place = places.enter(call, millis -> room.tryAcquire(millis, TimeUnit.MILLISECONDS));
        try {
            var rested = rested(call);
            if (rested != null) {
                return new Lease(rested, false, place);
            }
            return new Lease(new Session(open(call)), true, place);
        } catch (SQLException | RuntimeException e) {
            left(place);
            throw e;
        }
    }

    private void left(long place) {
        places.left(place);
        room.release();
    }

    private @Nullable Session rested(Call call) {
        while (true) {
            Idle newest;
            synchronized (idle) {
                newest = idle.pollFirst();
            }
            if (newest == null) {
                return null;
            }
            if (newest.restedFor(KEPT)) {
                discard(newest.connection());
            } else if (!newest.restedFor(TRUSTED) || answers(newest.connection(), call)) {
                return newest.session();
            } else {
                generation.incrementAndGet();
                abort(newest.connection());
                forgetIdle(); // to find each of them silent would take the whole call
            }
        }
    }

    /** A server that hangs must leave the call some of its time to say so in its own words. */
    private static boolean answers(Connection connection, Call call) {
        long quarter = call.timeLeft().toMillis() / 4;
        try {
            connection.setNetworkTimeout(Runnable::run, (int) Math.max(1, Math.min(LONGEST_CHECK.toMillis(), quarter)));
            boolean valid = connection.isValid((int) LONGEST_CHECK.toSeconds());
            connection.setNetworkTimeout(Runnable::run, 0);
            return valid;
        } catch (SQLException e) {
            // It was closed meanwhile.
            return false;
        }
    }

    private Connection open(Call call) throws SQLException {
        var connection = settings.connect(call.timeLeft());
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        return connection;
    }

    private void discard(Connection connection) {
        generation.incrementAndGet();
        closeQuietly(connection);
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            // It is being thrown away: how it ends changes nothing.
            return;
        }
    }

    /** After one connection turned out to be dead the others are too: the next calls get new ones. */
    void forgetIdle() {
        for (var one : emptied()) {
            generation.incrementAndGet();
            abort(one.connection());
        }
    }

    private List<Idle> emptied() {
        synchronized (idle) {
            var all = List.copyOf(idle);
            idle.clear();
            return all;
        }
    }

    private static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            // Already closed, which is what was wanted.
            return;
        }
    }

    @Override
    public void close() {
        synchronized (idle) {
            closed = true;
        }
        emptied().forEach(one -> discard(one.connection()));
    }

    /** A connection in use by one call; {@link #spoil} and {@link #abort} may come from other threads. */
    final class Lease implements AutoCloseable {
        private final Session session;
        private final Connection connection;
        private final boolean fresh;
        private final long place;
        private volatile boolean spoiled;
        private boolean mustReset;
        private boolean hurried;

        private Lease(Session session, boolean fresh, long place) {
            this.session = session;
            this.connection = session.connection();
            this.fresh = fresh;
            this.place = place;
        }

        Session session() {
            return session;
        }

        Connection connection() {
            return connection;
        }

        boolean fresh() {
            return fresh;
        }

        boolean spoiled() {
            return spoiled;
        }

        /** It will be thrown away instead of going back. */
        void spoil() {
            spoiled = true;
        }

        /** Until {@link #unhurried} an answer that stays out this long means that the connection is dead. */
        void hurry(Duration longest) throws SQLException {
            hurried = true;
            connection.setNetworkTimeout(Runnable::run, (int) Math.max(1, longest.toMillis()));
        }

        void unhurried() throws SQLException {
            if (hurried) {
                hurried = false;
                connection.setNetworkTimeout(Runnable::run, 0);
            }
        }

        /** What a statement may have left in the session goes before anybody else sees it. */
        void resetBeforeReuse() {
            mustReset = true;
        }

        private void reset() {
            try {
                // Whoever waits for this call's answer must not wait for a reset that never ends.
                connection.setNetworkTimeout(Runnable::run, (int) LONGEST_RESET.toMillis());
                if (isPooledElsewhere()) {
                    // The session behind a transaction pooler is not ours to reset.
                    spoiled = true;
                    return;
                }
                connection.setAutoCommit(true);
                try (var statement = connection.createStatement()) {
                    session.forget();
                    statement.execute("DISCARD ALL");
                }
                connection.setAutoCommit(false);
                connection.setNetworkTimeout(Runnable::run, 0);
            } catch (SQLException e) {
                // A session that cannot be reset is not used again.
                spoiled = true;
            }
        }

        private boolean isPooledElsewhere() throws SQLException {
            try (var statement = connection.createStatement();
                    var row = statement.executeQuery("SELECT pg_catalog.pg_backend_pid()")) {
                row.next();
                return row.getInt(1) != connection.unwrap(PgConnection.class).getBackendPID();
            } finally {
                connection.rollback();
            }
        }

        void abort() {
            spoiled = true;
            Pool.abort(connection);
        }

        @Override
        public void close() {
            if (mustReset && !spoiled) {
                reset();
            }
            boolean kept = false;
            if (!spoiled) {
                synchronized (idle) {
                    kept = !closed;
                    if (kept) {
                        idle.addFirst(new Idle(session, System.nanoTime()));
                    }
                }
            }
            if (!kept) {
                discard(connection);
            }
            left(place);
        }
    }
}
