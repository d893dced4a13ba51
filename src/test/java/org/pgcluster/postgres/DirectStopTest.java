package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pgcluster.testing.Aside;

@Tag("postgres")
class DirectStopTest {
    @Test
    void only_the_very_transaction_is_stopped_whoever_has_its_process() throws Exception {
        try (var server = PgServer.start();
                var connection = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=postgres");
                var watcher = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=postgres")) {
            connection.setAutoCommit(false);
            int process;
            long micros;
            try (var statement = connection.createStatement();
                    var row = statement.executeQuery(
                            "SELECT pg_backend_pid(), (extract(epoch FROM now()) * 1000000)::int8")) {
                row.next();
                process = row.getInt(1);
                micros = row.getLong(2);
            }
            var ended = Aside.supply(() -> {
                try (var statement = connection.createStatement()) {
                    statement.execute("SELECT pg_sleep(60)");
                    return "slept";
                } catch (SQLException e) {
                    return e.getSQLState();
                }
            });
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            String active = "";
            while (!active.equals("active") && System.nanoTime() < until) {
                try (var statement = watcher.createStatement();
                        var row = statement.executeQuery("SELECT state FROM pg_stat_activity WHERE pid = " + process)) {
                    row.next();
                    active = String.valueOf(row.getString(1));
                }
            }
            var stop = new DirectStop(PgServer.target(server.dsn(), 1));
            assertFalse(stop.stop(new DirectStop.Begun(process, micros - 1)));
            assertTrue(stop.stop(new DirectStop.Begun(process, micros)));
            assertEquals("57014", ended.get(30, TimeUnit.SECONDS));
        }
    }
}
