package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.spine.Orders.approved;
import static org.pgcluster.spine.Orders.index;
import static org.pgcluster.spine.Orders.with;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Postgres;

/** One server for several estates, one of which takes connections and never says a word. */
@Tag("postgres")
class SeveralClustersIT {
    private static final Postgres DATABASE = Postgres.debian15();

    @TempDir
    Path state;

    private Orders orders;
    private ServerSocket silent;

    @BeforeEach
    void fresh_table() throws Exception {
        orders = Orders.on(DATABASE.port());
        silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        silent.close();
    }

    private Server server() throws IOException {
        Path file =
                Files.writeString(state.resolve("estates.yaml"), """
                clusters:
                  shop:
                    coordinator_dsn: %1$s
                    admin_dsn: %1$s
                    mode: admin
                    allow_execute: true
                  twin:
                    coordinator_dsn: %1$s
                    admin_dsn: %1$s
                    mode: admin
                    allow_execute: true
                  archive:
                    coordinator_dsn: %1$s
                  dark:
                    coordinator_dsn: postgres://postgres@127.0.0.1:%2$d/postgres
                    connect_timeout_seconds: 4
                """.formatted(orders.dsn(), silent.getLocalPort()));
        return Server.start(state, false, "--config", file.toString());
    }

    @Test
    void a_silent_cluster_neither_slows_nor_breaks_another_one() throws Exception {
        try (var server = server()) {
            int dark = server.begin("execute_sql", "cluster", "dark", "sql", "SELECT 1");
            for (int i = 0; i < 20; i++) {
                var answer = server.call("execute_sql", "cluster", "shop", "sql", "SELECT count(*) FROM orders");
                assertFalse(answer.isError(), answer.text());
                assertTrue(answer.text().startsWith("shop: "), answer.text());
            }
            assertFalse(server.answered(dark), "the silent cluster answered first");
            var answer = server.awaited("execute_sql", dark);
            assertEquals("CONNECTION_FAILED", answer.get("code"), answer.text());
        }
    }

    @Test
    void who_leaves_the_cluster_out_is_told_which_there_are() throws Exception {
        try (var server = server()) {
            for (var tool : new String[] {"execute_sql", "create_index"}) {
                var refused = tool.equals("execute_sql")
                        ? server.call(tool, "sql", "SELECT 1")
                        : server.call(tool, index("customer"));
                assertEquals("INVALID_INPUT", refused.get("code"));
                assertTrue(refused.text().contains("shop, twin, archive, dark"), refused.text());
            }
        }
    }

    @Test
    void an_approval_is_good_on_its_own_cluster_only_and_its_plan_begins_with_the_name() throws Exception {
        try (var server = server()) {
            var required = server.call("create_index", with(index("customer"), "cluster", "shop"));
            assertTrue(required.text().startsWith("shop: "), required.text());
            String approval = approved(state, required);
            var refused =
                    server.call("create_index", with(index("customer"), "cluster", "twin", "approval_token", approval));
            assertEquals("APPROVAL_INVALID", refused.get("code"));
            assertTrue(refused.text().contains("approved shop, called twin"), refused.text());
            assertEquals(0, orders.indexes());
            server.call("create_index", with(index("customer"), "cluster", "shop", "approval_token", approval))
                    .asserted("done");
            assertEquals("shop", Orders.audit(state).get(0).get("cluster"));
        }
    }

    @Test
    void a_cursor_goes_on_in_its_own_cluster_only() throws Exception {
        try (var server = server()) {
            var first = server.call("list_available_extensions", "cluster", "shop", "limit", 1);
            String cursor = String.valueOf(((Map<?, ?>) first.get("rest")).get("cursor"));
            var refused = server.call("list_available_extensions", "cluster", "twin", "limit", 1, "cursor", cursor);
            assertEquals("INVALID_INPUT", refused.get("code"));
            assertTrue(refused.text().contains("same cluster"), refused.text());
            var next = server.call("list_available_extensions", "cluster", "shop", "limit", 1, "cursor", cursor);
            assertFalse(next.isError(), next.text());
        }
    }

    @Test
    void an_act_on_a_cluster_that_is_only_read_names_the_key() throws Exception {
        try (var server = server()) {
            var refused = server.call("create_index", with(index("customer"), "cluster", "archive"));
            assertEquals("NOT_ALLOWED", refused.get("code"));
            assertTrue(refused.text().contains("allow_execute"), refused.text());
        }
    }
}
