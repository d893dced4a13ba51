package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.postgres.PgServer;

/** Faults that nothing but hours make, on a server whose clock is put ahead. */
@Tag("slow")
class HealthFaultsOfAgeTest {
    @TempDir
    Path state;

    private static String title(Trial trial, String id) {
        return Trial.list(
                        trial.read("analyze_db_health", "checks", "connection").get("findings"))
                .stream()
                .<Map<?, ?>>map(Trial::map)
                .filter(one -> id.equals(one.get("id")))
                .map(one -> String.valueOf(one.get("title")))
                .findFirst()
                .orElse("");
    }

    private static Connection connect(PgServer server) throws SQLException {
        Connection connection =
                DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=postgres");
        connection.setAutoCommit(false);
        return connection;
    }

    @Test
    void transactions_that_have_been_open_for_an_hour_at_work_and_idle() throws Exception {
        Path ahead = Files.createTempFile(Path.of("/tmp"), "pgclock-", "");
        Files.setPosixFilePermissions(ahead, PosixFilePermissions.fromString("rw-r--r--"));
        Files.writeString(ahead, "+0");
        try (PgServer server = PgServer.startWithClock(ahead);
                Trial trial = Trial.at("postgres", server.port(), state);
                Connection idle = connect(server);
                Connection busy = connect(server)) {
            idle.createStatement().execute("SELECT pg_advisory_xact_lock(7)");
            Thread waits = new Thread(() -> {
                try (var statement = busy.createStatement()) {
                    statement.execute("SELECT pg_advisory_xact_lock(7)");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            waits.start();
            trial.until("1", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'");
            assertEquals("", title(trial, "postgres.old_transaction"));
            assertEquals("", title(trial, "postgres.idle_in_transaction"));
            Files.writeString(ahead, "+61m");
            String atWork = title(trial, "postgres.old_transaction");
            assertTrue(atWork.matches("Session \\d+ has been in one transaction for 3[67]\\d\\d s"), atWork);
            String forgotten = title(trial, "postgres.idle_in_transaction");
            assertTrue(forgotten.matches("Session \\d+ has been idle in its transaction for 3[67]\\d\\d s"), forgotten);
            idle.rollback();
            waits.join(30_000);
            assertFalse(waits.isAlive());
            busy.rollback();
            assertEquals("", title(trial, "postgres.old_transaction"));
        } finally {
            Files.delete(ahead);
        }
    }
}
