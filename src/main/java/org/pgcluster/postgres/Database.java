package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.postgresql.jdbc.PgConnection;

/**
 * One PostgreSQL as one tier sees it. Nothing connects before the first call; whatever was lost is made again by the
 * next one. Threads share it.
 */
public final class Database implements AutoCloseable {
    private static final int RESERVED_CONNECTIONS = 4;
    private static final Duration ABSENCE = Duration.ofSeconds(2);

    private final Pool pool;
    private final Opening opening;
    private final Watchdog watchdog;
    private final Optional<DirectStop> direct;
    private final @Nullable Database reserved;
    private volatile @Nullable Known known;

    private record Known(Capabilities capabilities, int generation, long sinceNanos) {
        /** What is not there may come, and connections that rest do not notice that they lead elsewhere by now. */
        boolean holds(int now) {
            return generation == now
                    && (capabilities.has("citus") || System.nanoTime() - sinceNanos < ABSENCE.toNanos());
        }
    }

    /** What is done inside one reading transaction. */
    interface Work<T> {
        T in(Connection connection, String snapshot, Pool.Lease lease) throws SQLException;
    }

    private Database(Target target, Watchdog watchdog, boolean withReserve) {
        this.pool = new Pool(target);
        this.direct = target.direct().map(dsn -> new DirectStop(target.at(dsn)));
        this.opening = new Opening(target, pool.settings().wantsPrimary());
        this.watchdog = watchdog;
        this.reserved = withReserve ? new Database(target.withPoolSize(RESERVED_CONNECTIONS), watchdog, false) : null;
    }

    public static Database of(Target target) {
        return new Database(target, new Watchdog(), true);
    }

    public Target target() {
        return pool.target();
    }

    /** Connections kept apart for what has to tell why everything else is slow. */
    public Database reserved() {
        return reserved == null ? this : reserved;
    }

    /** Our own queries, bound to a call. */
    public Sql sql(Call call) {
        return new Sql(this, call);
    }

    /** A person's SQL, bound to a call. */
    public FreeSql free(Call call) {
        return new FreeSql(this, call);
    }

    /** Asked once, and again after connections were lost: the server may have become another one. */
    public Capabilities capabilities(Call call) {
        var last = known;
        if (last != null && last.holds(pool.generation())) {
            return last.capabilities();
        }
        var capabilities = Capabilities.ask(sql(call), behindPooler(call));
        known = new Known(capabilities, pool.generation(), System.nanoTime());
        return capabilities;
    }

    public boolean everAnswered() {
        return known != null;
    }

    /** A pooler hands out process numbers of its own. */
    private boolean behindPooler(Call call) {
        return read(call, Opening.Style.CATALOGUE, (connection, snapshot, lease) -> {
            try (var statement = connection.createStatement();
                    var row = statement.executeQuery("SELECT pg_backend_pid()")) {
                row.next();
                return row.getInt(1) != connection.unwrap(PgConnection.class).getBackendPID();
            }
        });
    }

    /**
     * Runs the work in a reading transaction that always ends with ROLLBACK. It is done once more where a pooled
     * connection turned out to be dead, since nothing of it has been returned.
     */
    <T> T read(Call call, Opening.Style style, Work<T> work) {
        return read(call, style, work, SqlErrors.Correction.NONE);
    }

    <T> T read(Call call, Opening.Style style, Work<T> work, SqlErrors.Correction correction) {
        try {
            return once(call, style, work, true);
        } catch (StaleConnection stale) {
            pool.forgetIdle();
        } catch (SQLException e) {
            throw SqlErrors.from(e, pool.target(), call, correction.of(e));
        }
        try {
            return once(call, style, work, false);
        } catch (SQLException | StaleConnection e) {
            var cause = e instanceof SQLException sql ? sql : new SQLException(e);
            throw SqlErrors.from(cause, pool.target(), call, correction.of(cause));
        }
    }

    private <T> T once(Call call, Opening.Style style, Work<T> work, boolean mayBeStale)
            throws SQLException, StaleConnection {
        try (var lease = pool.borrow(call);
                var running = Running.on(lease, call, watchdog, opening.limit(call), direct)) {
            try {
                var snapshot = opening.begin(lease, call, style);
                var result = work.in(lease.connection(), snapshot, lease);
                lease.connection().rollback();
                lease.unhurried();
                return result;
            } catch (SQLException e) {
                boolean dead = SqlErrors.connectionIsLost(e);
                recover(lease, dead);
                if (running.stoppedBySomebodyElse(e)) {
                    throw SqlErrors.stoppedBySomebodyElse(e, pool.target());
                }
                if (dead && mayBeStale && !lease.fresh() && running.untouched() && !SqlErrors.tooLarge(e)) {
                    throw new StaleConnection(e);
                }
                throw e;
            } catch (RuntimeException e) {
                recover(lease, false);
                throw e;
            }
        }
    }

    private static void recover(Pool.Lease lease, boolean dead) {
        if (dead) {
            // A farewell to who does not listen would have to be waited for.
            lease.abort();
        }
        if (lease.spoiled()) {
            return;
        }
        try {
            lease.connection().rollback();
        } catch (SQLException e) {
            // What went wrong first is what gets told; this connection is not used again.
            lease.spoil();
        }
    }

    @Override
    public void close() {
        pool.close();
        if (reserved != null) {
            reserved.close();
            watchdog.close();
        }
    }

    private static final class StaleConnection extends Exception {
        private static final long serialVersionUID = 1L;

        StaleConnection(SQLException cause) {
            super(cause);
        }
    }
}
