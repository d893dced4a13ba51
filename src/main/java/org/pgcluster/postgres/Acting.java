package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.postgresql.PGConnection;

/**
 * A connection that belongs to one act alone and ends with it. Each statement commits by itself unless a transaction is
 * asked for, and nothing is ever sent twice. Only {@link #cancel} may come from another thread.
 */
public final class Acting implements AutoCloseable {
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
        var settings = DriverSettings.of(named);
        var properties = new Properties();
        properties.putAll(settings.properties());
        try {
            var acting = new Acting(named, DriverManager.getConnection(settings.url(), properties), call);
            acting.waitForLocksAtMost(named.lockTimeout().toMillis());
            return acting;
        } catch (SQLException e) {
            throw SqlErrors.from(e, named, call);
        }
    }

    private void waitForLocksAtMost(long millis) {
        run("SET lock_timeout = " + millis);
    }

    /** As every step does that is not made to wait. */
    public void waitForLocksAsConfigured() {
        waitForLocksAtMost(target.lockTimeout().toMillis());
    }

    /** For what has to wait for old transactions, such as CREATE INDEX CONCURRENTLY. */
    public void waitForLocksWithoutLimit() {
        waitForLocksAtMost(0);
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
