package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.spine.Orders.index;
import static org.pgcluster.spine.Orders.with;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Postgres;

/** A person is asked by the client, and every way in which they may answer. */
@Tag("postgres")
class FormsIT {
    private static final Postgres DATABASE = Postgres.debian15();

    @TempDir
    Path state;

    private Orders orders;

    @BeforeEach
    void fresh_table() throws SQLException {
        orders = Orders.on(DATABASE.port());
    }

    private List<Object> events() throws IOException {
        return Orders.events(state);
    }

    @Test
    void consent_in_the_form_carries_the_same_call_to_its_end_and_is_on_record() throws Exception {
        try (var server = orders.server(state, true)) {
            server.answeringForms("accept", Map.of("consent", true));
            server.call("create_index", index("customer")).asserted("done");
            assertEquals(1, orders.indexes());
            assertEquals(List.of("request", "approval", "start", "step", "outcome done"), events());
            var approval = Orders.audit(state).get(1);
            assertEquals("form", approval.get("how"));
            assertEquals("spine 1", approval.get("approver"));
            assertTrue(String.valueOf(server.forms().get(0)).contains("CREATE INDEX CONCURRENTLY"));
        }
    }

    @Test
    void a_declined_form_does_nothing_and_leaves_no_request() throws Exception {
        try (var server = orders.server(state, true)) {
            server.answeringForms("decline", Map.of());
            var declined = server.call("create_index", index("customer"));
            assertEquals("NOT_ALLOWED", declined.get("code"), declined.text());
            assertEquals(0, orders.indexes());
            assertEquals(List.of(), Orders.guard(state).waiting());
        }
    }

    @Test
    void a_closed_form_leaves_the_console() throws Exception {
        try (var server = orders.server(state, true)) {
            server.answeringForms("cancel", Map.of());
            var waits = server.call("create_index", index("customer"));
            assertTrue(waits.text().contains("closed without an answer"), waits.text());
            String approval = Orders.approved(state, waits);
            server.call("create_index", with(index("customer"), "approval_token", approval))
                    .asserted("done");
        }
    }

    @Test
    void a_destructive_act_wants_the_name_of_the_cluster_typed_in_the_form() throws Exception {
        try (var server = orders.server(state, true)) {
            Object[] change = {"sql", "DELETE FROM orders WHERE id = 1", "max_rows_affected", 1};
            server.answeringForms("accept", Map.of("consent", true, "typed", "Default"));
            assertEquals("NOT_ALLOWED", server.call("execute_change", change).get("code"));
            assertEquals(1000, orders.number("SELECT count(*) FROM orders"));
            server.answeringForms("accept", Map.of("typed", "default"));
            server.call("execute_change", change).asserted("done");
            assertEquals(999, orders.number("SELECT count(*) FROM orders"));
        }
    }

    /** The patience of a form is longer than the deadline of its call, and the person's time is not the call's. */
    @Test
    @Tag("slow")
    void a_form_that_nobody_answers_is_withdrawn_and_the_console_takes_over() throws Exception {
        try (var server = orders.server(state, true)) {
            var waits = server.call("create_index", index("customer"));
            assertTrue(waits.text().contains("Nobody answered the form yet"), waits.text());
            var withdrawn = (Map<?, ?>) server.told().get(server.told().size() - 1);
            assertEquals("notifications/cancelled", withdrawn.get("method"));
            assertTrue(withdrawn
                    .toString()
                    .contains(String.valueOf(server.forms().get(0).get("id"))));
            assertFalse(server.call("ping").isError());
            String approval = Orders.approved(state, waits);
            server.call("create_index", with(index("customer"), "approval_token", approval))
                    .asserted("done");
        }
    }

    @Test
    void a_form_holds_no_slot_while_it_waits() throws Exception {
        try (var server = orders.server(state, true, "--max-concurrent-calls", "1")) {
            int waiting = server.begin("create_index", index("customer"));
            while (server.forms().isEmpty()) {
                Thread.sleep(20);
            }
            assertFalse(server.call("execute_sql", "sql", "SELECT 1").isError());
            server.cancel(waiting);
            assertFalse(server.call("ping").isError());
            assertEquals(0, orders.indexes());
        }
    }

    @Test
    void under_approval_form_a_client_without_forms_is_told_which_key_decides() throws Exception {
        try (var server = orders.server(state, false, "--approval", "form")) {
            var refused = server.call("create_index", index("customer"));
            assertEquals("NOT_ALLOWED", refused.get("code"));
            assertTrue(refused.text().contains("approval: human"), refused.text());
        }
    }

    @Test
    void a_full_disk_for_the_audit_takes_the_form_back_and_uses_nothing_up() throws Exception {
        Path audit = state.resolve("audit.jsonl");
        try (var server = orders.server(state, false)) {
            var waits = server.call("create_index", index("customer"));
            String approval = Orders.approved(state, waits);
            Files.move(audit, state.resolve("kept"));
            Files.createDirectory(audit);
            var refused = server.call("create_index", with(index("customer"), "approval_token", approval));
            assertEquals("NOT_CONFIGURED", refused.get("code"), refused.text());
            assertEquals(0, orders.indexes());
            Files.delete(audit);
            Files.move(state.resolve("kept"), audit);
            server.call("create_index", with(index("customer"), "approval_token", approval))
                    .asserted("done");
        }
    }
}
