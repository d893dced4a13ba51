package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.postgresql.PGConnection;

/**
 * A connection that belongs to one act alone and ends with it. Each statement commits by itself unless a transaction is
 * asked for, and nothing is ever sent twice. Only {@link #cancel} may come from another thread.
 */
public final class Acting implements AutoCloseable {
    /** Since PostgreSQL 14 a server can notice while it computes that its client is gone. */
    private static final int WATCHES_CLIENTS = 14;

    private final Target target;
    private final Connection connection;
    private final Call call;
    private final Call.Handle onCancel;
    private final List<String> notices = new CopyOnWriteArrayList<>();

    private Acting(Target target, Connection connection, Call call) {
        this.target = target;
        this.connection = connection;
        this.call = call;
        this.onCancel = call.onCancel(this::cancel);
    }

    /** What runs between BEGIN and COMMIT. */
    public interface Transaction<T> {
        T run(Acting acting);
    }

    /** Connects as {@code pgcluster-mcp act <id>}; no statement waits longer than the target's time for a lock. */
    public static Acting open(Target target, Call call, String auditId) {
        var named = target.withApplicationName("pgcluster-mcp act " + auditId);
        try {
            var acting = new Acting(named, DriverSettings.of(named).connect(call.timeLeft()), call);
            try {
                acting.requireNoPooler();
                acting.run("SET statement_timeout = 0");
                acting.prepare(false, false);
                return acting;
            } catch (RuntimeException e) {
                acting.close();
                throw e;
            }
        } catch (SQLException e) {
            throw SqlErrors.from(e, named, call);
        }
    }

    private record Backend(int pid) {}

    /** Behind one, settings and locks of the session would stay with a connection that others get. */
    private void requireNoPooler() {
        int pid = list(Backend.class, "SELECT pg_catalog.pg_backend_pid() AS pid")
                .get(0)
                .pid();
        if (pid != backendPid()) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "Acts would reach " + target.label() + " through a pooler, which breaks their locks.",
                    "Set direct_dsn to the address of the server itself; reads may keep the pooler.");
        }
    }

    /**
     * Before each statement. {@code waits} is for what has to wait for old transactions, such as CREATE INDEX
     * CONCURRENTLY; {@code endsWithUs} for what is worth nothing when this process is gone.
     */
    public void prepare(boolean waits, boolean endsWithUs) {
        run("SET lock_timeout = " + (waits ? 0 : target.lockTimeout().toMillis()));
        watchClient(endsWithUs ? "2000" : "0");
    }

    private void watchClient(String millis) {
        try (var statement = connection.createStatement()) {
            if (connection.getMetaData().getDatabaseMajorVersion() >= WATCHES_CLIENTS) {
                statement.execute("SET client_connection_check_interval = " + millis);
            }
        } catch (SQLException e) {
            // Not every platform can; there the statement goes on until it ends and is rolled back then.
            if (!"22023".equals(e.getSQLState())) {
                throw SqlErrors.from(e, target, call);
            }
        }
    }

    /** Runs one statement and answers how many rows it changed, zero where that means nothing. */
    public long run(String sql, @Nullable Object... parameters) {
        try (var statement = prepared(sql, parameters)) {
            statement.execute();
            notices.addAll(Sql.Notices.of(statement.getWarnings()));
            return Math.max(0, statement.getLargeUpdateCount());
        } catch (SQLException e) {
            throw SqlErrors.from(e, target, call);
        }
    }

    /** The same for a step of a plan, which has its parameters as {@code $1}, {@code $2} … */
    public long runNumbered(String sql, List<@Nullable Object> parameters) {
        var bound = ChangeText.bound(sql, parameters);
        return run(bound.text(), bound.values().toArray());
    }

    public <R extends Record> List<R> listNumbered(Class<R> type, String sql, List<@Nullable Object> parameters) {
        var bound = ChangeText.bound(sql, parameters);
        return list(type, bound.text(), bound.values().toArray());
    }

    public <R extends Record> List<R> list(Class<R> type, String sql, @Nullable Object... parameters) {
        try (var statement = prepared(sql, parameters);
                var rows = statement.executeQuery()) {
            var mapper = RowMapper.of(type, rows.getMetaData());
            var records = new ArrayList<R>();
            while (rows.next()) {
                records.add(mapper.map(rows));
            }
            notices.addAll(Sql.Notices.of(statement.getWarnings()));
            return List.copyOf(records);
        } catch (SQLException e) {
            throw SqlErrors.from(e, target, call);
        }
    }

    private PreparedStatement prepared(String sql, @Nullable Object... parameters) throws SQLException {
        var statement = connection.prepareStatement(sql);
        Sql.bind(statement, parameters);
        return statement;
    }

    /** Commits when the work returns, rolls back when it throws. */
    public <T> T inTransaction(Transaction<T> work) {
        try {
            connection.setAutoCommit(false);
            T result;
            try {
                result = work.run(this);
            } catch (RuntimeException e) {
                connection.rollback();
                connection.setAutoCommit(true);
                throw e;
            }
            connection.commit();
            connection.setAutoCommit(true);
            return result;
        } catch (SQLException e) {
            throw SqlErrors.from(e, target, call);
        }
    }

    /** By which the act can be found in pg_stat_activity. */
    public int backendPid() {
        try {
            return connection.unwrap(PGConnection.class).getBackendPID();
        } catch (SQLException e) {
            throw SqlErrors.from(e, target, call);
        }
    }

    /** Asks the server to stop the statement that runs now. */
    public void cancel() {
        try {
            connection.unwrap(PGConnection.class).cancelQuery();
        } catch (SQLException e) {
            // It may run into other stops of the same call, which must happen too; the statement tells what became of
            // it.
            return;
        }
    }

    boolean answers() {
        try {
            return connection.isValid(2);
        } catch (SQLException e) {
            // Only a negative time-out throws.
            return false;
        }
    }

    public List<String> notices() {
        return List.copyOf(notices);
    }

    @Override
    public void close() {
        onCancel.close();
        try {
            connection.close();
        } catch (SQLException e) {
            // What was done is done and was told; how its connection ends changes nothing.
            return;
        }
    }
}
