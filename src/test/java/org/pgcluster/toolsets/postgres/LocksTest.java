package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.testing.Postgres;
import org.postgresql.PGConnection;

/** Chains of waiting sessions, as the database itself made them. */
@Tag("versions")
class LocksTest {
    @TempDir
    Path state;

    private static int pid(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    private static void begin(Connection connection, String sql) throws SQLException {
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void waiting(Trial trial, Connection connection, String sql) throws Exception {
        Thread thread = new Thread(() -> {
            try (var statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException e) {
                return; // the test ends the wait by closing who is waited for, or the connection itself
            }
        });
        thread.setDaemon(true);
        thread.start();
        trial.until("1", "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = " + pid(connection));
    }

    private Trial trial(String version, String login) throws SQLException {
        Trial trial = Trial.as(login, Postgres.version(version), state);
        trial.sql(
                "DROP TABLE IF EXISTS a, b, c",
                "CREATE TABLE a (id int)",
                "CREATE TABLE b (id int)",
                "CREATE TABLE c (id int)",
                "DROP ROLE IF EXISTS unprivileged",
                "CREATE ROLE unprivileged LOGIN");
        return trial;
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "18"})
    void the_head_of_a_chain_of_three_is_named_first(String version) throws Exception {
        try (Trial trial = trial(version, "postgres");
                var first = trial.connect();
                var second = trial.connect();
                var third = trial.connect()) {
            begin(first, "LOCK TABLE a");
            begin(second, "LOCK TABLE b");
            waiting(trial, second, "LOCK TABLE a");
            waiting(trial, third, "SELECT * FROM b");
            Map<?, ?> answer = trial.read("blocking_locks");
            Map<?, ?> root = Trial.map(Trial.list(answer.get("root_blockers")).get(0));
            assertEquals(1, Trial.list(answer.get("root_blockers")).size(), answer.toString());
            assertEquals((long) pid(first), Trial.number(root, "pid"));
            assertEquals(2L, Trial.number(root, "holds_up"));
            assertEquals("idle in transaction", root.get("state"));
            List<?> waits = Trial.list(answer.get("waits"));
            assertEquals((long) pid(second), Trial.number(Trial.map(waits.get(0)), "waiting_pid"));
            assertEquals((long) pid(third), Trial.number(Trial.map(waits.get(1)), "waiting_pid"));
            assertTrue(trial.read("active_queries").toString().contains("blocked_by=[" + pid(second) + "]"));
            first.rollback();
            second.rollback();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void a_prepared_transaction_that_holds_a_lock_is_named(String version) throws Exception {
        try (Trial trial = trial(version, "postgres");
                var waiter = trial.connect()) {
            trial.sql("BEGIN; LOCK TABLE c; PREPARE TRANSACTION 'forgotten one'");
            try {
                waiting(trial, waiter, "SELECT * FROM c");
                var answer = trial.call("blocking_locks");
                assertTrue(answer.text().contains("prepared transaction forgotten one"), answer.text());
            } finally {
                trial.sql("ROLLBACK PREPARED 'forgotten one'");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void a_role_that_may_not_look_is_not_told_that_nobody_waits(String version) throws Exception {
        try (Trial owner = trial(version, "postgres");
                Trial trial = Trial.as("unprivileged", Postgres.version(version), state);
                var first = owner.connect();
                var second = owner.connect()) {
            begin(first, "LOCK TABLE a");
            waiting(owner, second, "SELECT * FROM a");
            var answer = trial.call("blocking_locks");
            assertFalse(answer.text().contains("Nobody waits"), answer.text());
            assertTrue(answer.text().contains("hidden from this role"), answer.text());
            assertTrue(answer.text().contains(String.valueOf(pid(first))), answer.text());
            var active = trial.call("active_queries");
            assertTrue(active.text().contains("hidden from this role"), active.text());
            first.rollback();
        }
    }
}
