package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;

/** What a call comes to before anything is connected: port 1 answers nobody. */
class DispatcherTest {
    private static final String NOWHERE = "postgres://reader:hush-hush-hush@127.0.0.1:1/app";

    @TempDir
    Path folder;

    private Answer call(List<String> flags, String tool, Map<String, @Nullable Object> arguments) {
        var all = new ArrayList<>(List.of("--state-dir", folder.resolve("state").toString()));
        all.addAll(flags);
        return call(new Inputs(all, Map.of(), folder, folder, "Linux", "somebody"), tool, arguments);
    }

    private static Answer call(Inputs inputs, String tool, Map<String, @Nullable Object> arguments) {
        var settings = Settings.load(inputs);
        try (var desk = new Dispatcher(new Workshop(settings, "1"))) {
            return desk.call(
                    new Request(tool, arguments, Call.within(Duration.ofSeconds(20)), "a test", Optional.empty()));
        }
    }

    private Answer read(String tool, Map<String, @Nullable Object> arguments) {
        return call(List.of("--dsn", NOWHERE), tool, arguments);
    }

    private static String code(Answer answer) {
        assertTrue(answer.isError(), answer.text());
        return String.valueOf(answer.structured().get("code"));
    }

    @Test
    void an_unknown_tool_names_the_nearest_one() {
        var answer = read("execute_sqll", Map.of());
        assertEquals("NOT_FOUND", code(answer));
        assertEquals("Did you mean execute_sql?", answer.structured().get("hint"));
    }

    @Test
    void all_that_is_wrong_with_the_arguments_is_told_at_once() {
        var answer = read("execute_sql", Map.of("sqll", "SELECT 1", "max_rows", -1));
        assertEquals("INVALID_INPUT", code(answer));
        for (var named : List.of("sqll", "`sql`", "max_rows")) {
            assertTrue(answer.text().contains(named), answer.text());
        }
    }

    @Test
    void a_server_that_only_reads_says_which_key_allows_an_act() {
        var answer = read("create_index", Map.of("table", "orders", "columns", List.of("id")));
        assertEquals("NOT_ALLOWED", code(answer));
        assertTrue(String.valueOf(answer.structured().get("hint")).contains("allow_execute: true"));
    }

    @Test
    void an_argument_of_acts_is_none_of_a_reading_tool() {
        assertEquals("INVALID_INPUT", code(read("execute_sql", Map.of("sql", "SELECT 1", "dry_run", true))));
    }

    @Test
    void what_belongs_to_the_journey_is_checked_like_the_rest() {
        var admin = List.of("--dsn", NOWHERE, "--admin-dsn", NOWHERE, "--mode", "admin", "--allow-execute", "true");
        for (Map<String, @Nullable Object> wrong : List.<Map<String, @Nullable Object>>of(
                Map.of("dry_run", "yes"), Map.of("approval_token", 7), Map.of("cluster", List.of()))) {
            Map<String, @Nullable Object> arguments = new HashMap<>(wrong);
            arguments.put("table", "orders");
            arguments.put("columns", List.of("id"));
            assertEquals("INVALID_INPUT", code(call(admin, "create_index", arguments)), wrong.toString());
        }
    }

    @Test
    void a_faulty_configuration_leaves_the_core_and_is_told_with_every_error() {
        var faulty = List.of("--dsn", NOWHERE, "--max-rows", "many");
        var answer = call(faulty, "execute_sql", Map.of("sql", "SELECT 1"));
        assertEquals("NOT_CONFIGURED", code(answer));
        assertTrue(answer.text().contains("max_rows"), answer.text());
        assertFalse(call(faulty, "server_info", Map.of()).text().contains("hush-hush-hush"));
    }

    @Test
    void without_a_database_the_error_says_how_to_name_one() {
        var answer = call(List.of(), "execute_sql", Map.of("sql", "SELECT 1"));
        assertEquals("NOT_CONFIGURED", code(answer));
        assertTrue(answer.text().contains("PGCLUSTER_MCP_COORDINATOR_DSN"), answer.text());
    }

    @Test
    void reads_are_on_record_where_that_is_wished_also_those_that_fail() throws IOException {
        var flags = List.of("--dsn", NOWHERE, "--audit-reads", "true");
        call(flags, "list_clusters", Map.of());
        call(flags, "execute_sql", Map.of("sql", "SELECT 'hush-hush-hush'"));
        var lines = Files.readAllLines(folder.resolve("state/audit.jsonl"));
        assertEquals(2, lines.size(), lines.toString());
        assertTrue(lines.get(0).contains("\"outcome\":\"done\""), lines.get(0));
        assertTrue(lines.get(1).contains("\"outcome\":\"failed\""), lines.get(1));
        assertFalse(lines.get(1).contains("hush-hush-hush"), lines.get(1));
    }

    @Test
    void where_rows_stay_inside_free_sql_is_neither_listed_nor_run() {
        var deny = List.of("--dsn", NOWHERE, "--row-data", "deny");
        var all = new ArrayList<>(deny);
        all.addAll(List.of("--state-dir", folder.toString()));
        var catalogue = Catalogue.of(Settings.load(new Inputs(all, Map.of(), folder, folder, "Linux", "somebody")));
        assertFalse(catalogue.visible().contains("execute_sql"));
        assertEquals("row_data: deny keeps rows inside", catalogue.switchedOff().get("execute_sql"));
        assertEquals("NOT_ALLOWED", code(call(deny, "execute_sql", Map.of("sql", "SELECT 1"))));
        assertTrue(Catalogue.of(Settings.load(
                        new Inputs(List.of("--dsn", NOWHERE), Map.of(), folder, folder, "Linux", "somebody")))
                .visible()
                .contains("execute_sql"));
    }

    @ParameterizedTest(name = "{0} {1}: {3}")
    @CsvSource(
            delimiter = '|',
            value = {
                "''|''|patroni_member_list|patroni_urls is not configured",
                "''|''|haproxy_backend_health|haproxy_urls is not configured",
                "''|''|pgbouncer_status|pgbouncer_dsns is not configured",
                "-citus|''|pgbouncer_status|pgbouncer_dsns is not configured",
                "-citus|''|citus_activity|toolsets leaves out citus",
                "-patroni, -citus|''|patroni_member_list|toolsets leaves out patroni",
                "core,postgres|''|pgbouncer_status|toolsets leaves out pgbouncer",
                "''|false|citus_activity|ENABLE_CITUS_TOOLS=false in the environment leaves out citus and tables",
                "citus|false|citus_activity|ENABLE_CITUS_TOOLS=false in the environment leaves out citus and tables",
            })
    void a_toolset_that_is_off_names_the_key_that_would_list_it(
            String toolsets, String citus, String tool, String why) {
        var flags = new ArrayList<>(List.of("--dsn", NOWHERE));
        flags.addAll(toolsets.isEmpty() ? List.of() : List.of("--toolsets=" + toolsets));
        Map<String, String> variables = citus.isEmpty() ? Map.of() : Map.of("ENABLE_CITUS_TOOLS", citus);
        var settings = Settings.load(new Inputs(flags, variables, folder, folder, "Linux", "somebody"));
        assertEquals(List.of(), settings.problems());
        assertEquals(why, Catalogue.of(settings).switchedOff().get(tool));
    }

    @Test
    void what_beats_the_mode_is_named_where_it_is_in_the_way() {
        var flags = List.of("--dsn", NOWHERE, "--admin-dsn", NOWHERE, "--mode", "admin", "--allow-execute", "true");
        var inputs = new Inputs(flags, Map.of("MCP_READ_ONLY", "true"), folder, folder, "Linux", "somebody");
        var hint = String.valueOf(
                call(inputs, "create_index", Map.of()).structured().get("hint"));
        assertTrue(hint.contains("MCP_READ_ONLY"), hint);
        var left = List.of("--dsn", NOWHERE, "--admin-dsn", NOWHERE, "--mode", "plan", "--acts", "-create_index");
        assertTrue(call(left, "create_index", Map.of()).text().contains("acts leaves it out"));
    }

    @Test
    void a_request_that_could_never_run_is_refused_with_the_way_to_the_commands() {
        var plan = List.of("--dsn", NOWHERE, "--admin-dsn", NOWHERE, "--mode", "plan");
        var answer = call(
                plan,
                "citus_request_approval_token",
                Map.of("action", "create_index", "arguments", Map.of("table", "orders", "columns", List.of("id"))));
        assertEquals("NOT_ALLOWED", code(answer));
        assertTrue(answer.text().contains("Call create_index itself"), answer.text());
    }

    @Test
    void a_change_given_to_the_reader_is_told_which_key_lists_the_act() {
        var answer = read("execute_sql", Map.of("sql", "DELETE FROM t"));
        assertEquals("NOT_ALLOWED", code(answer));
        assertTrue(answer.text().contains("not listed here: mode: plan, or"), answer.text());
        var admin = List.of("--dsn", NOWHERE, "--admin-dsn", NOWHERE, "--mode", "plan");
        assertFalse(call(admin, "execute_sql", Map.of("sql", "DELETE FROM t"))
                .text()
                .contains("not listed"));
    }

    @Test
    void health_of_nothing_is_no_critical_finding() {
        var answer = call(List.of(), "cluster_health", Map.of());
        assertEquals("NOT_CONFIGURED", code(answer));
        assertTrue(answer.text().contains("PGCLUSTER_MCP_COORDINATOR_DSN"), answer.text());
        var proxy = List.of("--haproxy-urls", "http://127.0.0.1:1/stats");
        var health = call(proxy, "cluster_health", Map.of());
        assertFalse(health.text().contains("not configured could not be read"), health.text());
        assertTrue(health.text().contains("127.0.0.1:1"), health.text());
    }

    @Test
    void a_file_that_was_passed_over_is_told_where_nothing_is_configured() throws IOException {
        var file = Files.writeString(folder.resolve("pgcluster-mcp.yaml"), "coordinator_dsn: " + NOWHERE);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        var answer = call(List.of(), "execute_sql", Map.of("sql", "SELECT 1"));
        assertEquals("NOT_CONFIGURED", code(answer));
        assertTrue(answer.text().contains("is passed over"), answer.text());
    }

    @Test
    void only_acts_can_be_asked_for() {
        var admin = List.of("--dsn", NOWHERE, "--admin-dsn", NOWHERE, "--mode", "plan");
        assertEquals("INVALID_INPUT", code(call(admin, "citus_request_approval_token", Map.of("action", "ping"))));
        assertEquals("NOT_FOUND", code(call(admin, "citus_request_approval_token", Map.of("action", "drop"))));
    }
}
