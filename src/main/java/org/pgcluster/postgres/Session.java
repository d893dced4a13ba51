package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * A pooled connection, and whether the server's session behind it keeps our settings. Used by one call at a time; only
 * what it began may be asked from another thread.
 */
final class Session {
    private enum Keeps {
        NOT_ASKED,
        SETTINGS,
        NOTHING
    }

    private final Connection connection;
    private Keeps keeps = Keeps.NOT_ASKED;
    private volatile DirectStop.@Nullable Begun begun;

    Session(Connection connection) {
        this.connection = connection;
    }

    Connection connection() {
        return connection;
    }

    /** What runs here now, for who has to stop it from outside. */
    void began(DirectStop.@Nullable Begun transaction) {
        begun = transaction;
    }

    Optional<DirectStop.Begun> begun() {
        return Optional.ofNullable(begun);
    }

    boolean asked() {
        return keeps != Keeps.NOT_ASKED;
    }

    boolean keepsSettings() {
        return keeps == Keeps.SETTINGS;
    }

    /** Which process the login was told; behind a transaction pooler another one answers. */
    int process() throws SQLException {
        return connection.unwrap(PgConnection.class).getBackendPID();
    }

    /** Settings that hold until the connection ends: {@code selected} is a list for SELECT, in front of it a comma. */
    boolean keep(String selected) throws SQLException {
        connection.setAutoCommit(true);
        try (var statement = connection.createStatement();
                // No row, and nothing set, where the session belongs to a pooler.
                var row = statement.executeQuery(
                        "SELECT 1" + selected + " WHERE pg_catalog.pg_backend_pid() = " + process())) {
            keeps = row.next() ? Keeps.SETTINGS : Keeps.NOTHING;
            return keepsSettings();
        } finally {
            connection.setAutoCommit(false);
        }
    }

    /** The session turned out to be a pooler's. */
    void keepsNothing() {
        keeps = Keeps.NOTHING;
    }

    /** After DISCARD ALL. */
    void forget() {
        keeps = Keeps.NOT_ASKED;
    }
}
