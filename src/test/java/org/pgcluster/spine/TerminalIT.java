package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.spine.Orders.with;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Postgres;

/** A person at a terminal, and what is none. */
@Tag("postgres")
class TerminalIT {
    private static final Postgres DATABASE = Postgres.debian15();

    @TempDir
    Path state;

    private Orders orders;

    @BeforeEach
    void fresh_table() throws SQLException {
        orders = Orders.on(DATABASE.port());
    }

    private String[] call(String tool, List<String> arguments, String... more) {
        var all = new ArrayList<>(List.of("call", tool));
        all.addAll(arguments);
        all.addAll(orders.flags(more));
        all.addAll(List.of("--state-dir", state.toString()));
        return all.toArray(String[]::new);
    }

    private String[] index(String... more) {
        return call("create_index", List.of("table=orders", "columns=customer"), more);
    }

    private static String commandIn(Server.Answer required) {
        return String.valueOf(((Map<?, ?>) required.get("request")).get("command"));
    }

    @Test
    void an_act_is_shown_asked_for_done_and_proved_in_one_go() throws Exception {
        try (var terminal = Terminal.run(index())) {
            terminal.shows("Type yes to approve:");
            assertTrue(terminal.screen().contains("CREATE INDEX CONCURRENTLY"), terminal.screen());
            assertEquals(0, orders.indexes());
            assertEquals(0, terminal.type("yes").ends(), terminal.screen());
            assertTrue(terminal.screen().contains("is built and valid"), terminal.screen());
            assertEquals(1, orders.indexes());
            assertEquals(List.of("request", "approval", "start", "step", "outcome done"), Orders.events(state));
            assertEquals("console", Orders.audit(state).get(1).get("how"));
        }
    }

    @Test
    void a_no_leaves_nothing() throws Exception {
        try (var terminal = Terminal.run(index())) {
            assertEquals(1, terminal.shows("Type yes").type("no").ends());
            terminal.shows("Not approved; nothing was done.");
        }
        assertEquals(0, orders.indexes());
        assertEquals(List.of(), Orders.guard(state).waiting());
        assertEquals(List.of("request"), Orders.events(state));
    }

    @Test
    void a_destructive_act_wants_the_name_of_the_cluster() throws Exception {
        String[] delete = call("execute_change", List.of("sql=DELETE FROM orders WHERE id <= 3"));
        try (var terminal = Terminal.run(delete)) {
            assertEquals(
                    1, terminal.shows("Type the cluster's name").type("yes").ends());
        }
        assertEquals(1000, orders.number("SELECT count(*) FROM orders"));
        try (var terminal = Terminal.run(delete)) {
            assertEquals(
                    0, terminal.shows("Type the cluster's name").type("default").ends(), terminal.screen());
        }
        assertEquals(997, orders.number("SELECT count(*) FROM orders"));
    }

    @Test
    void without_a_terminal_the_command_that_approves_is_printed_and_runs_as_printed() throws Exception {
        var process = new ProcessBuilder("sh", "-c", Terminal.command(Orders.and(index(), "--json")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertEquals(3, process.waitFor(), said);
        assertEquals(0, orders.indexes());
        try (var server = orders.server(state, false)) {
            var required = server.call("create_index", Orders.index("customer"));
            assertTrue(said.contains(Orders.requested(required)), "the same request still waits: " + said);
            assertTrue(required.text().contains(commandIn(required)), required.text());
            try (var terminal = Terminal.shell(commandIn(required))) {
                terminal.shows("Type yes to approve:").type("yes");
                assertEquals(0, terminal.ends(), terminal.screen());
                terminal.shows("Approved.");
            }
            server.call("create_index", with(Orders.index("customer"), "approval_token", Orders.requested(required)))
                    .asserted("done");
        }
    }

    @Test
    void the_printed_command_refuses_where_nobody_sits() throws Exception {
        try (var server = orders.server(state, false)) {
            var required = server.call("create_index", Orders.index("customer"));
            var piped = new ProcessBuilder("sh", "-c", "yes | " + commandIn(required))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(piped.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertTrue(said.contains("Only a person at a terminal can approve"), said);
            var refused = server.call(
                    "create_index", with(Orders.index("customer"), "approval_token", Orders.requested(required)));
            assertEquals("APPROVAL_INVALID", refused.get("code"));
            assertTrue(refused.text().contains("not approved yet"), refused.text());
        }
    }

    @Test
    void in_mode_plan_the_plan_is_printed_and_nobody_is_asked() throws Exception {
        try (var terminal = Terminal.run(index("--mode", "plan"))) {
            assertEquals(0, terminal.ends(), terminal.screen());
            assertTrue(terminal.screen().contains("CREATE INDEX CONCURRENTLY"), terminal.screen());
            assertFalse(terminal.screen().contains("Type yes"), terminal.screen());
        }
        assertEquals(0, orders.indexes());
    }

    @Test
    void where_acts_are_not_allowed_there_is_no_act() throws Exception {
        for (String[] mode :
                new String[][] {{"--mode", "read_only"}, {"--mode", "admin", "--allow-execute", "false"}}) {
            var flags = new ArrayList<>(List.of(
                    "call",
                    "create_index",
                    "table=orders",
                    "columns=customer",
                    "--dsn",
                    orders.dsn(),
                    "--admin-dsn",
                    orders.dsn(),
                    "--state-dir",
                    state.toString()));
            flags.addAll(List.of(mode));
            try (var terminal = Terminal.run(flags.toArray(String[]::new))) {
                assertEquals(1, terminal.ends(), terminal.screen());
                terminal.shows("NOT_ALLOWED");
                terminal.shows("allow_execute");
            }
        }
        assertEquals(0, orders.indexes());
    }

    @Test
    void under_self_the_assistant_approves_on_loopback_and_nowhere_else() throws Exception {
        try (var server = orders.server(state, false, "--approval", "self")) {
            Object[] asked = {
                "action", "create_index", "arguments", Map.of("table", "orders", "columns", List.of("customer"))
            };
            String token = String.valueOf(
                    server.call("citus_request_approval_token", asked).get("token"));
            server.call("create_index", with(Orders.index("customer"), "approval_token", token))
                    .asserted("done");
            assertEquals("self", Orders.audit(state).get(1).get("how"));
        }
        String away = "postgres://postgres@192.0.2.1:5432/postgres";
        try (var server = Server.start(
                state,
                false,
                "--dsn",
                away,
                "--admin-dsn",
                away,
                "--mode",
                "admin",
                "--allow-execute",
                "true",
                "--approval",
                "self")) {
            assertTrue(server.instructions().contains("loopback"), server.instructions());
            assertFalse(server.listed().contains("create_index"));
        }
    }
}
