package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Guard;
import org.pgcluster.testing.Postgres;

/** Acts through the real process: what they do is judged on a connection of the test's own. */
@Tag("postgres")
class ActsIT {
    private static final Postgres DATABASE = Postgres.debian15();

    @TempDir
    Path state;

    @BeforeEach
    void fresh_table() throws SQLException {
        sql("DROP TABLE IF EXISTS orders");
        sql("CREATE TABLE orders AS SELECT n AS id, n % 7 AS customer FROM generate_series(1, 1000) AS n");
    }

    private Server server(boolean forms, String... more) throws IOException {
        String dsn = "postgres://postgres@127.0.0.1:" + DATABASE.port() + "/postgres";
        var arguments = new java.util.ArrayList<>(
                List.of("--coordinator-dsn", dsn, "--admin-dsn", dsn, "--allow-execute", "true"));
        if (!List.of(more).contains("--mode")) {
            arguments.addAll(List.of("--mode", "admin"));
        }
        arguments.addAll(List.of(more));
        return Server.start(state, forms, arguments.toArray(String[]::new));
    }

    private String approved(Server.Answer required) {
        required.asserted("approval_required");
        String name = String.valueOf(((Map<?, ?>) required.get("request")).get("name"));
        new Guard(
                        state,
                        Optional.empty(),
                        Duration.ofMinutes(5),
                        Duration.ofHours(1),
                        Clock.systemUTC(),
                        new SecureRandom())
                .approve(name, new Approver("a person", Approver.How.CONSOLE), Optional.empty());
        return name;
    }

    private static Connection connect() throws SQLException {
        return DATABASE.connect("postgres", "postgres");
    }

    private static void sql(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long number(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static long indexes() throws SQLException {
        return number("SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass");
    }

    @Test
    void an_approved_index_is_built_once_and_written_down() throws Exception {
        try (var server = server(false)) {
            Object[] index = {"table", "orders", "columns", List.of("customer")};
            server.call("create_index", "table", "orders", "columns", List.of("customer"), "dry_run", true)
                    .asserted("planned");
            String approval = approved(server.call("create_index", index));
            assertEquals(0, indexes());
            var other = server.call(
                    "create_index", "table", "orders", "columns", List.of("id"), "approval_token", approval);
            assertTrue(other.isError() && other.text().contains("columns"), other.text());
            server.call("create_index", "table", "orders", "columns", List.of("customer"), "approval_token", approval)
                    .asserted("done");
            assertEquals(1, indexes());
            sql("DROP INDEX orders_customer_idx");
            var again = server.call(
                    "create_index", "table", "orders", "columns", List.of("customer"), "approval_token", approval);
            assertTrue(again.isError(), again.text());
            assertEquals(0, indexes());
            String audit = Files.readString(state.resolve("audit.jsonl"));
            assertTrue(audit.contains("CREATE INDEX CONCURRENTLY") && audit.contains("done"), audit);
        }
    }

    @Test
    void a_table_that_was_made_anew_voids_the_approval() throws Exception {
        try (var server = server(false)) {
            String approval = approved(server.call("create_index", "table", "orders", "columns", List.of("customer")));
            fresh_table();
            var refused = server.call(
                    "create_index", "table", "orders", "columns", List.of("customer"), "approval_token", approval);
            assertTrue(refused.text().contains("PLAN_CHANGED"), refused.text());
            assertEquals(0, indexes());
        }
    }

    @Test
    void a_change_beyond_its_rows_is_rolled_back() throws Exception {
        try (var server = server(false)) {
            String change = "UPDATE orders SET customer = -1";
            String approval = approved(server.call("execute_change", "sql", change, "max_rows_affected", 999));
            var refused =
                    server.call("execute_change", "sql", change, "max_rows_affected", 999, "approval_token", approval);
            assertTrue(refused.isError() && refused.text().contains("1000 rows"), refused.text());
            assertEquals(0, number("SELECT count(*) FROM orders WHERE customer = -1"));
        }
    }

    @Test
    void a_form_decides() throws Exception {
        try (var server = server(true)) {
            Object[] index = {"table", "orders", "columns", List.of("customer")};
            server.answeringForms("decline", Map.of());
            var declined = server.call("create_index", index);
            assertTrue(declined.isError() && declined.text().contains("declined"), declined.text());
            assertEquals(0, indexes());
            server.answeringForms("accept", Map.of());
            server.call("create_index", index);
            assertEquals(0, indexes(), "a bare accept without the ticked consent");
            server.answeringForms("accept", Map.of("consent", true));
            server.call("create_index", index).asserted("done");
            assertEquals(1, indexes());
        }
    }

    @Test
    void a_long_build_is_followed_cancelled_and_leaves_nothing() throws Exception {
        try (var server = server(false, "--act-lock-timeout-ms", "1000");
                var blocker = connect()) {
            sql("CREATE TABLE IF NOT EXISTS elsewhere (id int)");
            blocker.setAutoCommit(false);
            blocker.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            blocker.createStatement().execute("SELECT count(*) FROM elsewhere");
            String approval = approved(server.call("create_index", "table", "orders", "columns", List.of("customer")));
            var running = server.call(
                    "create_index", "table", "orders", "columns", List.of("customer"), "approval_token", approval);
            Object operation = running.asserted("running").get("operation");
            var followed = server.call("operation_status", "operation", operation);
            assertEquals("running", followed.get("state"), followed.text());
            assertTrue(followed.text().contains("waits for session"), followed.text());
            var second = server.call("create_index", "table", "orders", "columns", List.of("id"));
            var conflict = server.call(
                    "create_index", "table", "orders", "columns", List.of("id"), "approval_token", approved(second));
            assertTrue(conflict.text().contains("CONFLICT"), conflict.text());
            server.call("operation_cancel", "operation", operation);
            var ended = server.call("operation_status", "operation", operation, "wait_seconds", 10);
            assertEquals("failed", ended.get("state"), ended.text());
            assertTrue(ended.text().contains("Nothing is left behind"), ended.text());
            assertEquals(0, indexes());
        }
    }

    @Test
    @Tag("slow")
    void what_a_killed_server_left_running_is_found_by_the_next() throws Exception {
        try (var blocker = connect()) {
            sql("CREATE TABLE IF NOT EXISTS elsewhere (id int)");
            blocker.setAutoCommit(false);
            blocker.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            blocker.createStatement().execute("SELECT count(*) FROM elsewhere");
            Object operation;
            try (var first = server(false)) {
                Object[] index = {"table", "orders", "columns", List.of("customer")};
                String approval = approved(first.call("create_index", index));
                operation = first.call(
                                "create_index",
                                "table",
                                "orders",
                                "columns",
                                List.of("customer"),
                                "approval_token",
                                approval)
                        .asserted("running")
                        .get("operation");
                first.process().destroyForcibly().waitFor();
            }
            try (var next = server(false)) {
                var found = next.call("operation_status", "operation", operation);
                assertEquals("left running", found.get("state"), found.text());
                assertTrue(found.text().contains("CREATE INDEX"), found.text());
                blocker.rollback();
            }
        }
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (number("SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass AND indisvalid") == 0) {
            assertTrue(System.nanoTime() < deadline, "the statement did not go on");
            Thread.sleep(100);
        }
    }

    @Test
    void cancelling_a_query_ends_that_query_and_no_other() throws Exception {
        try (var server = server(false);
                var victim = connect();
                var bystander = connect()) {
            int pid = victim.unwrap(org.postgresql.PGConnection.class).getBackendPID();
            var slept = new java.util.concurrent.CompletableFuture<String>();
            new Thread(() -> {
                        try {
                            slept.complete(
                                    String.valueOf(victim.createStatement().execute("SELECT pg_sleep(30)")));
                        } catch (SQLException e) {
                            slept.complete(String.valueOf(e.getSQLState()));
                        }
                    })
                    .start();
            while (number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = " + pid) == 0) {
                Thread.sleep(20);
            }
            String approval = approved(server.call("cancel_query", "pids", List.of(pid)));
            server.call("cancel_query", "pids", List.of(pid), "approval_token", approval)
                    .asserted("done");
            assertEquals("57014", slept.get(5, java.util.concurrent.TimeUnit.SECONDS));
            assertTrue(bystander.isValid(2));
        }
    }

    @Test
    void a_session_that_moved_on_is_not_touched() throws Exception {
        try (var server = server(false);
                var victim = connect();
                var statement = victim.createStatement()) {
            int pid = victim.unwrap(org.postgresql.PGConnection.class).getBackendPID();
            statement.execute("SELECT 1");
            String approval = approved(server.call("cancel_query", "pids", List.of(pid), "terminate", true));
            statement.execute("SELECT 2");
            var refused =
                    server.call("cancel_query", "pids", List.of(pid), "terminate", true, "approval_token", approval);
            assertTrue(refused.text().contains("PLAN_CHANGED"), refused.text());
            assertTrue(victim.isValid(2));
        }
    }

    @Test
    void where_the_audit_cannot_be_written_nothing_is_done() throws Exception {
        try (var server = server(false, "--audit-file", "/proc/nowhere/audit.jsonl")) {
            var refused = server.call("create_index", "table", "orders", "columns", List.of("customer"));
            assertTrue(refused.isError(), refused.text());
            assertEquals(0, indexes());
        }
    }

    @Test
    void mode_plan_only_plans_and_acts_are_filtered_by_name() throws Exception {
        try (var server = server(false, "--mode", "plan", "--acts", "create_index")) {
            assertFalse(server.listed().contains("execute_change"));
            server.call("create_index", "table", "orders", "columns", List.of("customer"))
                    .asserted("planned");
            assertEquals(0, indexes());
        }
    }
}
