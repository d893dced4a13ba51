package org.pgcluster.spine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Guard;
import org.pgcluster.testing.Postgres;

/** The logins that {@code docs/roles.sql} makes, on each version: every tool works with them, and each grant is needed. */
class LoginsIT {
    @TempDir
    Path state;

    static List<String> versions() {
        return Postgres.available();
    }

    private static void roles(Postgres server) throws Exception {
        Path psql = Path.of("/usr/bin/psql");
        Assumptions.assumeTrue(Files.isExecutable(psql), "docs/roles.sql needs psql, and there is none");
        sql(server, "postgres", "postgres", "DROP DATABASE IF EXISTS shop WITH (FORCE)");
        for (var role : List.of("mcp_user", "dpg_cluster", "shop")) {
            sql(server, "postgres", "postgres", """
                    DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '%1$s') THEN
                    DROP OWNED BY %1$s; DROP ROLE %1$s; END IF; END $$
                    """.formatted(role));
        }
        sql(server, "postgres", "postgres", "CREATE ROLE shop LOGIN", "CREATE DATABASE shop OWNER shop");
        sql(
                server,
                "shop",
                "shop",
                "CREATE TABLE orders AS SELECT n AS id, n % 7 AS customer FROM generate_series(1, 1000) AS n");
        for (int again = 0; again < 2; again++) {
            var process = new ProcessBuilder(
                            psql.toString(), "-X", "-q", "-h", "127.0.0.1", "-p", String.valueOf(server.port()))
                    .redirectErrorStream(true);
            process.command()
                    .addAll(List.of("-U", "postgres", "-d", "shop", "-v", "owner=shop", "-f", "docs/roles.sql"));
            var running = process.start();
            var said = new String(running.getInputStream().readAllBytes(), UTF_8);
            assertEquals(0, running.waitFor(), said);
        }
    }

    private static void sql(Postgres server, String database, String user, String... statements) throws SQLException {
        try (var connection = server.connect(database, user);
                var statement = connection.createStatement()) {
            for (var one : statements) {
                statement.execute(one);
            }
        }
    }

    private static String dsn(Postgres server, String user) {
        return "postgres://" + user + "@127.0.0.1:" + server.port() + "/shop";
    }

    private Server start(Postgres server) throws Exception {
        return Server.start(
                state,
                false,
                "--coordinator-dsn=" + dsn(server, "mcp_user"),
                "--admin-dsn=" + dsn(server, "dpg_cluster"),
                "--mode=admin",
                "--allow-execute=true");
    }

    private Server.Answer acted(Server server, String tool, Object... arguments) {
        var required = server.call(tool, arguments).asserted("approval_required");
        String name = String.valueOf(((Map<?, ?>) required.get("request")).get("name"));
        var random = new SecureRandom();
        new Guard(state, Optional.empty(), Duration.ofMinutes(5), Duration.ofHours(1), Clock.systemUTC(), random)
                .approve(name, new Approver("a person", Approver.How.CONSOLE), Optional.empty());
        var again = new ArrayList<>(List.of(arguments));
        again.addAll(List.of("approval_token", name));
        return server.call(tool, again.toArray());
    }

    private static int sleeping(Postgres server, String user) throws Exception {
        var thread = new Thread(() -> {
            try {
                sql(server, "shop", user, "SELECT pg_sleep(60)");
            } catch (SQLException e) {
                return; // cancelled, which is what it is for
            }
        });
        thread.setDaemon(true);
        thread.start();
        try (var connection = server.connect("postgres", "postgres");
                var find = connection.prepareStatement("SELECT max(pid) FROM pg_stat_activity WHERE usename = ?"
                        + " AND state = 'active' AND query ~ 'sleep'")) {
            find.setString(1, user);
            for (int tries = 0; tries < 500; tries++) {
                try (var rows = find.executeQuery()) {
                    rows.next();
                    if (rows.getInt(1) != 0) {
                        return rows.getInt(1);
                    }
                }
                Thread.sleep(20);
            }
        }
        throw new AssertionError("nobody sleeps");
    }

    @ParameterizedTest
    @MethodSource("versions")
    @Tag("versions")
    void every_tool_works_with_them(String version) throws Exception {
        var postgres = Postgres.version(version);
        roles(postgres);
        try (var server = start(postgres)) {
            for (var tool : List.of("ping", "server_info", "list_clusters", "cluster_health", "blocking_locks")) {
                var answer = server.call(tool);
                assertFalse(answer.isError(), tool + ": " + answer.text());
                assertFalse(answer.text().contains("permission denied"), tool + ": " + answer.text());
                assertFalse(answer.structured().get("unavailable") instanceof List<?> parts && !parts.isEmpty(), tool);
            }
            var counted = server.call("execute_sql", "sql", "SELECT count(*) FROM orders");
            assertTrue(counted.text().contains("1000"), counted.text());
            var plan = server.call("explain_query", "sql", "SELECT * FROM orders WHERE id = 1");
            assertFalse(plan.isError(), plan.text());

            int pid = sleeping(postgres, "shop");
            assertTrue(server.call("active_queries").text().contains("pg_sleep(60)"));
            acted(server, "cancel_query", "pids", List.of(pid)).asserted("done");
            acted(server, "create_index", "table", "orders", "columns", List.of("customer"))
                    .asserted("done");
            acted(server, "execute_change", "sql", "DELETE FROM orders WHERE id = 1")
                    .asserted("done");
        }
    }

    @ParameterizedTest
    @MethodSource("versions")
    @Tag("versions")
    void the_reader_can_do_no_more(String version) throws Exception {
        var postgres = Postgres.version(version);
        roles(postgres);
        for (var statement : List.of(
                "INSERT INTO orders VALUES (1, 1)",
                "UPDATE orders SET id = 1",
                "TRUNCATE orders",
                "CREATE TABLE public.mine ()",
                "CREATE TEMP TABLE mine ()",
                "CREATE SCHEMA mine",
                "CREATE EXTENSION dblink",
                "SELECT pg_read_file('/etc/passwd')",
                "COPY (SELECT 1) TO PROGRAM 'true'",
                "SET session_replication_role = replica",
                "SET temp_file_limit = -1",
                "SET log_statement = 'none'",
                "SELECT pg_reload_conf()",
                "SET ROLE shop",
                "UPDATE pg_authid SET rolsuper = true")) {
            assertRefused(postgres, "mcp_user", statement);
        }
        for (var statement : List.of(
                "SET ROLE postgres", "CREATE ROLE mine", "CREATE DATABASE mine", "ALTER SYSTEM SET work_mem = 1")) {
            assertRefused(postgres, "dpg_cluster", statement);
        }
        try (var server = start(postgres)) {
            var hashes = server.call("execute_sql", "sql", "SELECT rolname, rolpassword FROM pg_authid");
            assertTrue(hashes.isError(), hashes.text());
        }
    }

    private static void assertRefused(Postgres postgres, String user, String statement) throws SQLException {
        try (var connection = postgres.connect("shop", user);
                var each = connection.createStatement()) {
            each.execute("SET default_transaction_read_only = off"); // which any session may
            var refused = "";
            try {
                each.execute(statement);
            } catch (SQLException e) {
                refused = String.valueOf(e.getSQLState());
            }
            assertEquals("42501", refused, user + ": " + statement);
        }
    }

    @Test
    @Tag("postgres")
    void without_pg_read_all_data_no_table_is_read() throws Exception {
        var postgres = Postgres.debian15();
        roles(postgres);
        sql(postgres, "shop", "postgres", "REVOKE pg_read_all_data FROM mcp_user");
        try (var server = start(postgres)) {
            var answer = server.call("execute_sql", "sql", "SELECT count(*) FROM orders");
            assertTrue(answer.text().contains("PERMISSION_DENIED"), answer.text());
        }
    }

    @Test
    @Tag("postgres")
    void without_pg_monitor_statements_of_others_are_hidden() throws Exception {
        var postgres = Postgres.debian15();
        roles(postgres);
        sql(postgres, "shop", "postgres", "REVOKE pg_monitor FROM mcp_user");
        int pid = sleeping(postgres, "shop");
        try (var server = start(postgres)) {
            var answer = server.call("active_queries");
            assertFalse(answer.text().contains("pg_sleep(60)"), answer.text());
        }
        sql(postgres, "shop", "postgres", "SELECT pg_terminate_backend(" + pid + ")");
    }

    @Test
    @Tag("postgres")
    void without_the_right_to_silence_the_log_the_body_of_a_function_is_not_judged() throws Exception {
        var postgres = Postgres.debian15();
        roles(postgres);
        sql(
                postgres,
                "shop",
                "shop",
                "CREATE FUNCTION doubled(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'");
        var calls = new Object[] {"sql", "SELECT doubled(id) FROM orders LIMIT 1"};
        try (var server = start(postgres)) {
            var answer = server.call("execute_sql", calls);
            assertFalse(answer.isError(), answer.text());
        }
        sql(postgres, "shop", "postgres", "REVOKE SET ON PARAMETER log_min_messages FROM mcp_user");
        try (var server = start(postgres)) {
            var answer = server.call("execute_sql", calls);
            assertTrue(answer.text().contains("NOT_ALLOWED"), answer.text());
        }
    }

    @Test
    @Tag("postgres")
    void without_pg_signal_backend_nothing_is_cancelled() throws Exception {
        var postgres = Postgres.debian15();
        roles(postgres);
        // An owner's member may signal the owner, so somebody else sleeps here.
        sql(postgres, "shop", "postgres", "CREATE ROLE sleeper LOGIN", "REVOKE pg_signal_backend FROM dpg_cluster");
        int pid = sleeping(postgres, "sleeper");
        try (var server = start(postgres)) {
            var answer = server.call("cancel_query", "pids", List.of(pid));
            assertTrue(answer.text().startsWith("PRECONDITION_FAILED"), answer.text());
            assertTrue(answer.text().contains("pg_signal_backend"), answer.text());
        }
        sql(postgres, "postgres", "postgres", "SELECT pg_terminate_backend(" + pid + ", 5000)", "DROP ROLE sleeper");
    }

    @Test
    @Tag("postgres")
    void without_the_owner_no_index_is_built() throws Exception {
        var postgres = Postgres.debian15();
        roles(postgres);
        sql(postgres, "shop", "postgres", "REVOKE shop FROM dpg_cluster");
        try (var server = start(postgres)) {
            var answer = acted(server, "create_index", "table", "orders", "columns", List.of("customer"));
            assertTrue(answer.text().contains("owner"), answer.text());
        }
    }
}
