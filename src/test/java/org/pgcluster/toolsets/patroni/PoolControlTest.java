package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Aside;
import org.pgcluster.testing.Eventually;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.PgBouncerProcess;
import org.pgcluster.testing.Postgres;

/** A real PgBouncer before a real PostgreSQL, controlled while clients wait, work and hold transactions open. */
@Tag("postgres")
@Timeout(120)
class PoolControlTest {
    private static final String ACT = "pgbouncer_control";

    @TempDir
    Path folder;

    private @Nullable PgBouncerProcess running;

    @BeforeEach
    void start() throws IOException {
        PgBouncerProcess.assumeInstalled();
        running = PgBouncerProcess.before(
                folder,
                "host=127.0.0.1 port=" + Postgres.debian15().port() + " dbname=postgres user=postgres",
                "trust",
                "pool_mode = transaction",
                "default_pool_size = 3",
                "ignore_startup_parameters = extra_float_digits");
    }

    @AfterEach
    void end() {
        bouncer().close();
    }

    private PgBouncerProcess bouncer() {
        return Objects.requireNonNull(running);
    }

    private Lab acting() {
        return Lab.with(
                folder,
                Map.of(
                        "pgbouncer_dsns",
                                "postgres://boss@127.0.0.1:" + bouncer().port() + "/pgbouncer",
                        "admin_dsn", "postgres://nobody@127.0.0.1:1/none",
                        "mode", "admin",
                        "allow_execute", "true",
                        "approval", "self"));
    }

    private Connection client() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:"
                + bouncer().port() + "/app?user=boss&prepareThreshold=0&socketTimeout=60&sslmode=disable");
    }

    private static String asked(Connection client, String sql) throws SQLException {
        try (var statement = client.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    private static CompletableFuture<String> waiting(Connection client) {
        return Aside.supply(() -> {
            try {
                return asked(client, "SELECT 'served'");
            } catch (SQLException e) {
                return String.valueOf(e.getMessage());
            }
        });
    }

    private static long waiting(Lab lab) {
        return Lab.rows(lab.call("pgbouncer_status"), "pools").stream()
                .mapToLong(pool -> ((Number) Objects.requireNonNull(pool.get("waiting"))).longValue())
                .sum();
    }

    private static Map<?, ?> database(Lab lab) {
        return Lab.rows(lab.call("pgbouncer_status"), "databases").get(0);
    }

    @Test
    void clients_of_a_paused_database_wait_and_are_served_once_it_is_resumed() throws Exception {
        try (Lab lab = acting();
                Connection one = client();
                Connection other = client()) {
            asked(one, "SELECT 1");
            asked(other, "SELECT 1");
            Answer paused = Acting.done(lab, ACT, "action", "pause", "database", "app");
            assertFalse(paused.isError(), paused.text());
            var first = waiting(one);
            var second = waiting(other);
            Eventually.see(
                    "two that wait",
                    () -> waiting(lab) == 2 ? "" : lab.call("pgbouncer_status").text());
            assertEquals(true, database(lab).get("paused"));
            assertFalse(first.isDone() || second.isDone());
            Answer plan = lab.call(ACT, "action", "resume", "database", "app", "dry_run", true);
            assertTrue(plan.text().contains("(2 clients)"), plan.text());
            Answer resumed = Acting.done(lab, ACT, "action", "resume", "database", "app");
            assertFalse(resumed.isError(), resumed.text());
            assertEquals(List.of("served", "served"), List.of(first.get(), second.get()));
        }
    }

    @Test
    void a_pause_that_a_transaction_holds_up_is_resumed_and_nobody_waits_on() throws Exception {
        try (Lab lab = acting();
                Connection holds = client();
                Connection other = client()) {
            holds.setAutoCommit(false);
            asked(holds, "SELECT 1");
            asked(other, "SELECT 1");
            var act = Aside.supply(
                    () -> Acting.done(lab, ACT, "action", "pause", "database", "app", "timeout_seconds", 3));
            Eventually.see(
                    "the pause", () -> Boolean.TRUE.equals(database(lab).get("paused")) || act.isDone() ? "" : "no");
            var waits = waiting(other);
            Answer answer = act.get();
            assertEquals("CONFLICT", answer.structured().get("code"), answer.text());
            assertTrue(answer.text().contains("did not end within 3 s and was resumed"), answer.text());
            assertEquals("served", waits.get());
            assertEquals(false, database(lab).get("paused"));
            assertEquals("1", asked(holds, "SELECT 1"), "the transaction that held it up goes on");
        }
    }

    @Test
    void a_kill_says_beforehand_whom_it_hits_and_hits_them() throws Exception {
        try (Lab lab = acting();
                Connection one = client();
                Connection other = client()) {
            asked(one, "SELECT 1");
            asked(other, "SELECT 1");
            Answer plan = lab.call(ACT, "action", "kill", "database", "app", "dry_run", true);
            assertTrue(plan.text().contains("2 clients lose their connection"), plan.text());
            Answer killed = Acting.done(lab, ACT, "action", "kill", "database", "app");
            assertFalse(killed.isError(), killed.text());
            assertThrows(SQLException.class, () -> asked(one, "SELECT 1"));
            assertThrows(SQLException.class, () -> asked(other, "SELECT 1"));
            assertEquals(true, database(lab).get("paused"), "PgBouncer leaves it paused");
            assertTrue(killed.text().contains("1 of 1 databases are paused"), killed.text());
            Acting.done(lab, ACT, "action", "resume", "database", "app");
            try (Connection again = client()) {
                assertEquals("1", asked(again, "SELECT 1"));
            }
        }
    }

    @Test
    void a_reconnect_gives_the_same_client_another_server_connection() throws Exception {
        try (Lab lab = acting();
                Connection client = client()) {
            String before = asked(client, "SELECT pg_backend_pid()");
            Answer answer = Acting.done(lab, ACT, "action", "reconnect", "database", "app");
            assertFalse(answer.isError(), answer.text());
            Eventually.see("another server connection", () -> {
                try {
                    return asked(client, "SELECT pg_backend_pid()").equals(before) ? before : "";
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertNotEquals(before, asked(client, "SELECT pg_backend_pid()"));
        }
    }

    @Test
    void a_reload_reads_the_file_again() throws Exception {
        try (Lab lab = acting();
                Connection client = client()) {
            asked(client, "SELECT 1");
            Path file = folder.resolve("pgbouncer.ini");
            Files.writeString(file, Files.readString(file).replace("default_pool_size = 3", "default_pool_size = 7"));
            Answer answer = Acting.done(lab, ACT, "action", "reload");
            assertFalse(answer.isError(), answer.text());
            Eventually.see("the new size", () -> {
                Object room =
                        Lab.rows(lab.call("pgbouncer_status"), "pools").get(0).get("room");
                return Objects.equals(room, 7) || Objects.equals(room, 7L) ? "" : "" + room;
            });
        }
    }

    @Test
    void a_login_of_statistics_is_refused_by_the_plan() {
        try (Lab lab = Lab.with(
                folder,
                Map.of(
                        "pgbouncer_dsns",
                                "postgres://looker@127.0.0.1:" + bouncer().port() + "/pgbouncer",
                        "admin_dsn", "postgres://nobody@127.0.0.1:1/none",
                        "mode", "admin",
                        "allow_execute", "true",
                        "approval", "self"))) {
            Answer answer = lab.call(ACT, "action", "pause", "database", "app", "dry_run", true);
            assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
            assertTrue(answer.text().contains("it is not in admin_users"), answer.text());
        }
    }
}
