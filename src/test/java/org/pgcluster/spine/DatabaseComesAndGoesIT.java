package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.spine.Orders.approved;
import static org.pgcluster.spine.Orders.index;
import static org.pgcluster.spine.Orders.with;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.postgres.Bouncer;
import org.pgcluster.postgres.CuttingProxy;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.testing.Aside;
import org.pgcluster.testing.Postgres;

/** The database stops, starts, changes and is cut off between calls and in the middle of them. */
@Tag("postgres")
class DatabaseComesAndGoesIT {
    private static PgServer database;

    @TempDir
    Path state;

    private Orders orders;

    @BeforeAll
    static void start() throws Exception {
        Postgres.debian15(); // skips where there is none
        database = PgServer.start("log_statement = 'all'");
    }

    @AfterAll
    static void stop() throws Exception {
        database.close();
    }

    @BeforeEach
    void fresh_table() throws Exception {
        orders = Orders.on(database.port());
    }

    private static String first(Server.Answer answer) {
        assertFalse(answer.isError(), answer.text());
        return String.valueOf(((List<?>) ((List<?>) answer.get("rows")).get(0)).get(0));
    }

    @Test
    void the_first_call_after_a_restart_succeeds() throws Exception {
        try (var server = Server.start(state, false, orders.dsn())) {
            assertEquals("1000", first(server.call("execute_sql", "sql", "SELECT count(*) FROM orders")));
            database.restart();
            assertEquals("1000", first(server.call("execute_sql", "sql", "SELECT count(*) FROM orders")));
            database.stop();
            var down = server.call("execute_sql", "sql", "SELECT count(*) FROM orders");
            assertEquals("CONNECTION_FAILED", down.get("code"), down.text());
            assertEquals(true, down.get("retryable"));
            assertFalse(server.call("ping").isError());
            database.resume();
            assertEquals("1000", first(server.call("execute_sql", "sql", "SELECT count(*) FROM orders")));
        }
    }

    @Test
    void a_server_that_started_before_its_database_serves_once_that_is_up() throws Exception {
        database.stop();
        try (var server = Server.start(state, false, orders.dsn())) {
            assertEquals(
                    "CONNECTION_FAILED",
                    server.call("execute_sql", "sql", "SELECT 1").get("code"));
            database.resume();
            assertEquals("1", first(server.call("execute_sql", "sql", "SELECT 1")));
        }
    }

    @Test
    void a_table_that_changes_between_calls_never_surfaces() throws Exception {
        try (var server = Server.start(state, false, orders.dsn())) {
            for (int round = 0; round < 8; round++) {
                var answer =
                        server.call("execute_sql", "sql", "SELECT * FROM orders WHERE id = $1", "params", List.of(7));
                assertEquals("7", first(answer));
                orders.sql("ALTER TABLE orders ADD COLUMN more" + round + " int");
                orders.sql("ALTER TABLE orders ALTER COLUMN customer TYPE " + (round % 2 == 0 ? "bigint" : "int"));
            }
        }
    }

    @Test
    void an_act_after_a_restart_is_done_once() throws Exception {
        try (var server = orders.server(state, false)) {
            Object[] change = {"sql", "UPDATE orders SET customer = customer + 100 WHERE id = 1"};
            long before = orders.number("SELECT customer FROM orders WHERE id = 1");
            String approval = approved(state, server.call("execute_change", change));
            database.restart();
            server.call("execute_change", with(change, "approval_token", approval))
                    .asserted("done");
            assertEquals(before + 100, orders.number("SELECT customer FROM orders WHERE id = 1"));
        }
    }

    @Test
    void an_act_that_cannot_connect_uses_its_approval_not_up() throws Exception {
        try (var server = orders.server(state, false)) {
            String approval = approved(state, server.call("create_index", index("customer")));
            database.stop();
            var refused = server.call("create_index", with(index("customer"), "approval_token", approval));
            assertEquals("CONNECTION_FAILED", refused.get("code"), refused.text());
            database.resume();
            server.call("create_index", with(index("customer"), "approval_token", approval))
                    .asserted("done");
        }
    }

    @Test
    void a_network_cut_in_the_middle_of_a_step_leaves_its_outcome_unknown_and_sends_nothing_twice() throws Exception {
        try (var network = CuttingProxy.to(database.port());
                var old = orders.oldTransaction();
                var server = orders.server(
                        state, false, "--direct-dsn", "postgres://127.0.0.1:" + network.port() + "/postgres")) {
            Object[] wanted = with(index("customer"), "name", "cut_off");
            String approval = approved(state, server.call("create_index", wanted));
            int call = server.begin("create_index", with(wanted, "approval_token", approval));
            String building = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                    + " AND application_name LIKE 'pgcluster-mcp act %' AND query LIKE 'CREATE INDEX%'";
            orders.awaits(building, 1);
            network.cut();
            var unknown = server.awaited("create_index", call);
            assertEquals("OUTCOME_UNKNOWN", unknown.get("code"), unknown.text());
            assertEquals(false, unknown.get("retryable"));
            var followed = server.call("operation_status", "operation", unknown.get("operation"));
            assertEquals("left running", followed.get("state"), followed.text());
            var again = approved(state, server.call("create_index", index("id")));
            var refused = server.call("create_index", with(index("id"), "approval_token", again));
            assertEquals("CONFLICT", refused.get("code"), refused.text());
            old.rollback();
            orders.awaits("SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass AND indisvalid", 1);
            assertEquals(
                    "outcome unknown",
                    Orders.events(state).stream()
                            .filter(event -> String.valueOf(event).startsWith("outcome"))
                            .findFirst()
                            .orElseThrow());
            String log = Files.readString(database.folder().resolve("log"));
            assertEquals(2, log.split("LOG:.*execute.*CREATE INDEX CONCURRENTLY \"cut_off\"", -1).length, log);
        }
    }

    @Test
    @Tag("slow")
    void a_step_waits_for_a_lock_no_longer_than_configured_and_names_who_holds_it() throws Exception {
        try (var holder = orders.connect();
                var server = orders.server(state, false, "--act-lock-timeout-ms", "2500")) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
            Object[] change = {"sql", "UPDATE orders SET customer = 0 WHERE id = 1"};
            String approval = approved(state, server.call("execute_change", change));
            var conflict = Aside.supply(() -> server.call("execute_change", with(change, "approval_token", approval)));
            var told = conflict.get(15, java.util.concurrent.TimeUnit.SECONDS);
            assertEquals("CONFLICT", told.get("code"), told.text());
            assertTrue(told.text().contains("held up by session"), told.text());
        }
    }

    @Test
    void acts_refuse_a_pooler_that_reads_may_pass() throws Exception {
        try (var bouncer = Bouncer.before(database)) {
            String pooled = "postgres://postgres@127.0.0.1:" + bouncer.port() + "/postgres";
            String[] admin = {
                "--coordinator-dsn", pooled, "--admin-dsn", pooled, "--mode", "admin", "--allow-execute", "true"
            };
            try (var server = Server.start(state, false, admin)) {
                assertEquals("1000", first(server.call("execute_sql", "sql", "SELECT count(*) FROM orders")));
                String approval = approved(state, server.call("create_index", index("customer")));
                var refused = server.call("create_index", with(index("customer"), "approval_token", approval));
                assertEquals("NOT_CONFIGURED", refused.get("code"), refused.text());
                assertTrue(refused.text().contains("direct_dsn"), refused.text());
                assertEquals(0, orders.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"));
                try (var direct = Server.start(state, false, Orders.and(admin, "--direct-dsn", orders.dsn()))) {
                    String anew = approved(state, direct.call("create_index", index("customer")));
                    direct.call("create_index", with(index("customer"), "approval_token", anew))
                            .asserted("done");
                }
            }
        }
    }
}
