package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.checks.DatabaseChecks;
import org.pgcluster.checks.Finding;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.snapshot.DatabaseReading;

/** Faults of a server that take a standby, a gigabyte of WAL, or minutes. */
@Tag("slow")
class HealthFaultsInTimeTest {
    private static final String MEGABYTE =
            "SELECT pg_logical_emit_message(false, 'a', repeat('x', 1000000))" + " FROM generate_series(1, %d)";

    @TempDir
    Path state;

    private static List<Map<?, ?>> findings(Trial trial, String checks) {
        return Trial.list(trial.read("analyze_db_health", "checks", checks).get("findings")).stream()
                .<Map<?, ?>>map(Trial::map)
                .toList();
    }

    private static boolean told(Trial trial, String checks, String id) {
        return findings(trial, checks).stream().anyMatch(one -> id.equals(one.get("id")));
    }

    private static void await(Trial trial, String checks, String id, int seconds) throws InterruptedException {
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        while (!told(trial, checks, id)) {
            assertTrue(
                    System.nanoTime() < deadline,
                    () -> id + " is not in " + trial.read("analyze_db_health", "checks", checks));
            Thread.sleep(1000);
        }
    }

    private static Connection connect(PgServer server) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=postgres");
    }

    @Test
    void a_standby_that_lags_and_one_that_receives_nothing() throws Exception {
        try (PgServer primary = PgServer.start("max_wal_size = 4GB");
                PgServer standby = PgServer.following(primary);
                Trial above = Trial.at("postgres", primary.port(), state);
                Trial below = Trial.at("postgres", standby.port(), state)) {
            above.until("1", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'");
            assertFalse(told(above, "replication", "postgres.standby_behind"));
            assertFalse(told(below, "replication", "database.receiver_missing"));
            below.sql("SELECT pg_wal_replay_pause()");
            above.sql(MEGABYTE.formatted(280));
            await(above, "replication", "postgres.standby_behind", 30);
            List<Map<?, ?>> all = findings(above, "replication");
            assertEquals(1, all.size(), all.toString());
            above.byHand(all.get(0));
            List<String> inside = DatabaseChecks.of(
                            DatabaseReading.of("it", above.context().sql(), Set.of("replication")), OptionalInt.empty())
                    .stream()
                    .map(Finding::id)
                    .toList();
            assertEquals(List.of("database.replica_lags"), inside, "what is told where Patroni watches standbys");
            below.sql("SELECT pg_wal_replay_resume()");
            above.sql("SELECT pg_create_physical_replication_slot('hoards', true)", MEGABYTE.formatted(1100));
            await(above, "replication", "postgres.slot_holds_wal", 30);
            primary.stop();
            await(below, "replication", "database.receiver_missing", 30);
            primary.resume();
        }
    }

    /** What the pace is reckoned from is the last checkpoint; here it is reckoned from two readings a while apart. */
    @Test
    void the_forecast_is_what_two_readings_give_and_who_waits_is_seen() throws Exception {
        try (PgServer server = PgServer.start("max_prepared_transactions = 5");
                Trial trial = Trial.at("postgres", server.port(), state);
                Connection idle = connect(server)) {
            trial.sql("CREATE TABLE held (id int)", "INSERT INTO held VALUES (1)");
            idle.setAutoCommit(false);
            idle.createStatement().execute("LOCK held");
            Thread waiter = new Thread(() -> {
                try (Connection waiting = connect(server)) {
                    waiting.createStatement().execute("SELECT FROM held");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            waiter.start();
            trial.until("1", "SELECT count(*) FROM pg_locks WHERE NOT granted");
            trial.sql("BEGIN", "CREATE TABLE promised (id int)", "PREPARE TRANSACTION 'promised'", "CHECKPOINT");
            long from = System.nanoTime();
            long first = Long.parseLong(trial.one("SELECT split_part(next_xid, ':', 2) FROM pg_control_checkpoint()"));
            trial.sql("DO $$ BEGIN FOR i IN 1..50000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
            assertEquals(
                    Optional.empty(), Optional.ofNullable(transactions(trial).get("per_second")), "too young");
            await(trial, "connection", "postgres.sessions_blocked", 60);
            await(trial, "vacuum", "postgres.prepared_left", 60);
            trial.sql("SELECT pg_sleep(31)");
            Map<?, ?> told = transactions(trial);
            long second = Long.parseLong(trial.one("SELECT pg_current_xact_id()::text::numeric % 4294967296"));
            double pace = (second - first) / ((System.nanoTime() - from) / 1e9);
            assertEquals(pace, figure(told, "per_second"), 0.1 * pace);
            double days = (2_144_483_647.0 - Trial.number(told, "back")) / pace / 86_400;
            assertEquals(days, figure(told, "days_until_stop"), 0.1 * days + 0.1);
            idle.rollback();
            waiter.join();
        }
    }

    @Test
    void the_end_of_the_numbers_is_where_the_server_refuses_to_write() throws Exception {
        try (PgServer server = PgServer.start("wal_level = logical");
                Trial trial = Trial.at("postgres", server.port(), state)) {
            trial.sql("CREATE TABLE t (id int)", "SELECT pg_create_logical_replication_slot('holds', 'pgoutput')");
            long oldest = Long.parseLong(trial.one("SELECT min(datfrozenxid::text::bigint) FROM pg_database"));
            ageTo(server, oldest + 2_144_483_647L - 200);
            trial.sql("INSERT INTO t VALUES (1)");
            Map<?, ?> age = findings(trial, "vacuum").stream()
                    .filter(one -> "postgres.transaction_age".equals(one.get("id")))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(trial.read("analyze_db_health", "checks", "vacuum")));
            assertEquals("critical", age.get("severity"));
            double left = figure(Trial.map(age.get("evidence")), "left");
            assertTrue(left > 100 && left < 300, "left: " + left);
            for (int i = 0; i < left - 10; i++) {
                trial.sql("INSERT INTO t VALUES (2)");
            }
            assertThrows(SQLException.class, () -> {
                for (int i = 0; i < 20; i++) {
                    trial.sql("INSERT INTO t VALUES (3)");
                }
            });
            assertTrue(findings(trial, "vacuum").toString().contains("is refused"));
        }
    }

    /** The log of commits has to reach as far as the numbers. */
    private static void ageTo(PgServer server, long xid) throws Exception {
        server.stop();
        server.program("pg_resetwal", "-x", String.valueOf(xid));
        Path segment = server.folder().resolve("data/pg_xact").resolve(String.format("%04X", xid / 1_048_576));
        Files.write(segment, new byte[262_144]);
        new ProcessBuilder("chown", "postgres", segment.toString()).start().waitFor();
        server.resume();
    }

    private static double figure(Map<?, ?> facts, String field) {
        return ((Number) Objects.requireNonNull(facts.get(field), facts::toString)).doubleValue();
    }

    private static Map<?, ?> transactions(Trial trial) {
        return Trial.list(trial.read("analyze_db_health", "checks", "vacuum").get("ages")).stream()
                .<Map<?, ?>>map(Trial::map)
                .filter(one -> "transaction".equals(one.get("kind")))
                .findFirst()
                .orElseThrow();
    }
}
