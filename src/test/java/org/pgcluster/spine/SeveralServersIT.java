package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.spine.Orders.approved;
import static org.pgcluster.spine.Orders.index;
import static org.pgcluster.spine.Orders.with;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Postgres;

/** Several processes of the server beside each other, and one after another that was killed. */
@Tag("postgres")
class SeveralServersIT {
    private static final Postgres DATABASE = Postgres.debian15();
    private static final String ACTS =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgcluster-mcp act %'";

    @TempDir
    Path state;

    @TempDir
    Path otherState;

    private Orders orders;

    @BeforeEach
    void fresh_table() throws Exception {
        orders = Orders.on(DATABASE.port());
        orders.awaits(ACTS, 0);
    }

    /** Begins a build that waits for an old transaction, and does not wait for its answer. */
    private int begun(Server server, String approval) throws Exception {
        int call = server.begin("create_index", with(index("customer"), "approval_token", approval));
        orders.awaits(ACTS + " AND state = 'active' AND query LIKE 'CREATE INDEX%'", 1);
        return call;
    }

    private String operation() throws Exception {
        return String.valueOf(Orders.audit(state).stream()
                .filter(line -> "start".equals(line.get("event")))
                .reduce((first, last) -> last)
                .orElseThrow()
                .get("id"));
    }

    @Test
    void of_two_servers_with_one_approval_at_the_same_moment_one_acts() throws Exception {
        try (var one = orders.server(state, false);
                var two = orders.server(state, false)) {
            for (int round = 0; round < 5; round++) {
                orders.sql("DROP INDEX IF EXISTS orders_customer_idx");
                Object[] arguments = with(
                        index("customer"),
                        "approval_token",
                        approved(state, one.call("create_index", index("customer"))));
                int first = one.begin("create_index", arguments);
                int second = two.begin("create_index", arguments);
                var answers = List.of(one.awaited("create_index", first), two.awaited("create_index", second));
                assertEquals(1, answers.stream().filter(Server.Answer::isError).count(), answers.toString());
                assertEquals(1, orders.indexes());
            }
            assertEquals(
                    5,
                    Orders.events(state).stream().filter("outcome done"::equals).count());
        }
    }

    @Test
    void an_act_of_another_server_on_this_host_or_on_another_one_holds_the_cluster() throws Exception {
        try (var one = orders.server(state, false);
                var here = orders.server(state, false);
                var elsewhere = orders.server(otherState, false)) {
            var mine = approved(state, here.call("create_index", index("id")));
            var theirs = approved(otherState, elsewhere.call("create_index", index("id")));
            var approval = approved(state, one.call("create_index", index("customer")));
            try (var old = orders.oldTransaction()) {
                int call = begun(one, approval);
                var refused = here.call("create_index", with(index("id"), "approval_token", mine));
                assertEquals("CONFLICT", refused.get("code"), refused.text());
                assertTrue(refused.text().contains("create_index since"), refused.text());
                var refusedThere = elsewhere.call("create_index", with(index("id"), "approval_token", theirs));
                assertEquals("CONFLICT", refusedThere.get("code"), refusedThere.text());
                assertTrue(refusedThere.text().contains("another host"), refusedThere.text());
                old.rollback();
                one.awaited("create_index", call).asserted("done");
            }
            here.call("create_index", with(index("id"), "approval_token", mine)).asserted("done");
        }
    }

    @Test
    void what_a_killed_server_left_running_holds_the_cluster_until_it_is_stopped_by_the_next() throws Exception {
        try (var old = orders.oldTransaction()) {
            try (var first = orders.server(state, false)) {
                begun(first, approved(state, first.call("create_index", index("customer"))));
                first.process().destroyForcibly().waitFor();
            }
            orders.awaits(ACTS, 1);
            try (var next = orders.server(state, false);
                    var farAway = orders.server(otherState, false)) {
                var found = next.call("operation_status", "operation", operation());
                assertEquals("left running", found.get("state"), found.text());
                assertEquals("create_index", found.get("tool"));
                for (var server : Map.of(next, state, farAway, otherState).entrySet()) {
                    var approval = approved(server.getValue(), server.getKey().call("create_index", index("id")));
                    var refused = server.getKey().call("create_index", with(index("id"), "approval_token", approval));
                    assertEquals("CONFLICT", refused.get("code"), refused.text());
                    assertTrue(refused.text().contains("operation " + operation()), refused.text());
                }
                var stopped = next.call("operation_cancel", "operation", operation());
                assertEquals("unknown", stopped.get("state"), stopped.text());
                orders.awaits(ACTS, 0);
                old.rollback();
                // The build that was stopped left an invalid index; the next plan says so and drops it first.
                var anew = next.call("create_index", index("customer"));
                assertTrue(anew.text().contains("DROP INDEX CONCURRENTLY"), anew.text());
                next.call("create_index", with(index("customer"), "approval_token", approved(state, anew)))
                        .asserted("done");
            }
        }
    }

    @Test
    void one_server_follows_and_stops_what_another_one_runs() throws Exception {
        try (var old = orders.oldTransaction();
                var one = orders.server(state, false);
                var other = orders.server(state, false)) {
            int call = begun(one, approved(state, one.call("create_index", index("customer"))));
            long asked = System.nanoTime();
            var running = other.call("operation_status", "operation", operation(), "wait_seconds", 3);
            assertTrue(System.nanoTime() - asked > 2_900_000_000L, running.text());
            assertEquals("running", running.get("state"), running.text());
            assertTrue(running.text().contains("waits for session"), running.text());
            var stopped = other.call("operation_cancel", "operation", operation());
            assertEquals("failed", stopped.get("state"), stopped.text());
            assertTrue(stopped.text().contains("Nothing is left behind"), stopped.text());
            assertTrue(one.awaited("create_index", call).isError());
            assertEquals(0, orders.indexes());
            old.rollback();
        }
    }

    @Test
    void how_an_act_ended_is_told_by_a_server_that_was_not_there() throws Exception {
        String operation;
        try (var one = orders.server(state, false)) {
            String approval = approved(state, one.call("create_index", index("customer")));
            operation = String.valueOf(one.call("create_index", with(index("customer"), "approval_token", approval))
                    .asserted("done")
                    .get("operation"));
        }
        try (var next = orders.server(state, false)) {
            var ended = next.call("operation_status", "operation", operation);
            assertEquals("done", ended.get("state"), ended.text());
            assertTrue(ended.text().contains("is built and valid"), ended.text());
            var late = next.call("operation_cancel", "operation", operation);
            assertEquals("PRECONDITION_FAILED", late.get("code"));
            for (var odd : List.of("../../approval.key", "000000000000", "")) {
                var unknown = next.call("operation_status", "operation", odd);
                assertEquals("NOT_FOUND", unknown.get("code"), odd);
                assertTrue(
                        unknown.text().contains("The last acts here: " + operation + " (create_index on default"),
                        unknown.text());
            }
        }
    }

    @Test
    void a_server_told_to_end_lets_go_of_its_act_and_writes_that_down() throws Exception {
        try (var old = orders.oldTransaction()) {
            try (var first = orders.server(state, false)) {
                begun(first, approved(state, first.call("create_index", index("customer"))));
                first.process().destroy();
                assertTrue(first.process().waitFor(5, java.util.concurrent.TimeUnit.SECONDS));
            }
            var last = Orders.audit(state).get(Orders.audit(state).size() - 1);
            assertEquals("left running", last.get("outcome"));
            assertEquals(operation(), last.get("id"));
            orders.awaits(ACTS + " AND state = 'active'", 1);
            old.rollback();
            orders.awaits("SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass AND indisvalid", 1);
        }
    }

    @Test
    void a_change_whose_server_was_killed_is_ended_and_rolled_back() throws Exception {
        try (var first = orders.server(state, false)) {
            Object[] change = {"sql", "UPDATE orders SET customer = -1 WHERE id = 1 AND pg_sleep(60) IS NOT NULL"};
            String approval = approved(state, first.call("execute_change", change));
            first.begin("execute_change", with(change, "approval_token", approval));
            orders.awaits(ACTS + " AND state = 'active' AND query LIKE 'UPDATE%'", 1);
            first.process().destroyForcibly().waitFor();
            orders.awaits(ACTS, 0);
            assertEquals(0, orders.number("SELECT count(*) FROM orders WHERE customer = -1"));
        }
    }
}
