package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Postgres;

/** Reading through the real process. */
@Tag("postgres")
class ReadsIT {
    private static final Postgres DATABASE = Postgres.debian15();
    private static final String DSN = "postgres://postgres@127.0.0.1:" + DATABASE.port() + "/postgres";

    @TempDir
    Path state;

    private static long sleepers() throws SQLException {
        try (var connection = DATABASE.connect("postgres", "postgres");
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT count(*) FROM pg_stat_activity"
                        + " WHERE query LIKE '%pg_sleep(25)%' AND state = 'active' AND pid <> pg_backend_pid()")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static void awaitSleepers(long wanted, Duration patience) throws Exception {
        long until = System.nanoTime() + patience.toNanos();
        while (sleepers() != wanted) {
            assertTrue(System.nanoTime() < until, sleepers() + " sleep, not " + wanted);
            Thread.sleep(20);
        }
    }

    @Test
    void every_reading_tool_answers_what_its_schema_says() throws Exception {
        try (var server = Server.start(state, false, DSN)) {
            for (String tool : new String[] {
                "ping", "server_info", "list_clusters", "cluster_health", "active_queries", "blocking_locks"
            }) {
                assertFalse(server.call(tool).isError(), tool);
            }
            assertFalse(server.call("execute_sql", "sql", "SELECT 1 AS one").isError());
            assertFalse(server.listed().contains("execute_change"));
        }
    }

    @Test
    void a_write_is_refused() throws Exception {
        try (var server = Server.start(state, false, DSN)) {
            assertTrue(server.call("execute_sql", "sql", "CREATE TABLE written (id int)")
                    .isError());
            assertTrue(server.call("execute_change", "sql", "CREATE TABLE written (id int)")
                    .isError());
        }
    }

    @Test
    void a_cancelled_call_stops_its_query_within_a_second() throws Exception {
        try (var server = Server.start(state, false, DSN)) {
            int call = server.begin("execute_sql", "sql", "SELECT pg_sleep(25)");
            awaitSleepers(1, Duration.ofSeconds(10));
            server.cancel(call);
            awaitSleepers(0, Duration.ofSeconds(1));
            assertFalse(server.call("ping").isError());
        }
    }

    @Test
    void a_server_told_to_end_leaves_no_query_behind() throws Exception {
        try (var server = Server.start(state, false, DSN)) {
            server.begin("execute_sql", "sql", "SELECT pg_sleep(25)");
            awaitSleepers(1, Duration.ofSeconds(10));
            server.process().destroy();
            awaitSleepers(0, Duration.ofSeconds(5));
        }
    }

    @Test
    void a_faulty_configuration_leaves_the_core_and_says_so() throws Exception {
        try (var server = Server.start(state, false, DSN, "--max-rows", "many")) {
            assertTrue(server.instructions().contains("max_rows"), server.instructions());
            assertFalse(server.listed().contains("execute_sql"));
            assertTrue(server.listed().contains("server_info"));
        }
    }

    @Test
    void a_database_that_is_down_is_said_to_be() throws Exception {
        try (var server = Server.start(state, false, "postgres://postgres@127.0.0.1:1/postgres")) {
            var answer = server.call("execute_sql", "sql", "SELECT 1");
            assertTrue(answer.isError(), answer.text());
            assertEquals(true, answer.text().contains("CONNECTION_FAILED"), answer.text());
        }
    }
}
