package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    private static final String DSN = "postgres://u:hush@localhost:1/d";

    @TempDir
    Path folder;

    private Setting setting() {
        return new Setting(folder);
    }

    private static ClusterSettings only(Settings settings) {
        assertEquals(List.of(), settings.problems());
        return Setting.cluster(settings, "default");
    }

    private static void assertProblem(Settings settings, String source, String text) {
        for (var problem : settings.problems()) {
            if (problem.source().contains(source) && problem.text().contains(text)) {
                return;
            }
        }
        throw new AssertionError("no problem from " + source + " with " + text + " in " + settings.problems());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PGCLUSTER_MCP_COORDINATOR_DSN",
                "CITUS_MCP_COORDINATOR_DSN",
                "POSTGRES_URL",
                "DATABASE_URI",
            })
    void every_name_of_the_coordinator_works(String name) {
        var cluster = only(setting().variable(name, DSN).load());
        assertEquals(Optional.of(Dsn.parse(DSN)), cluster.coordinator());
    }

    @ParameterizedTest
    @CsvSource({
        "PGCLUSTER_MCP_COORDINATOR_DSN, CITUS_MCP_COORDINATOR_DSN",
        "CITUS_MCP_COORDINATOR_DSN, POSTGRES_URL",
        "POSTGRES_URL, DATABASE_URI",
    })
    void among_two_names_the_first_counts_and_the_difference_is_told(String first, String second) {
        var settings = setting()
                .variable(second, "postgres://u@localhost/other")
                .variable(first, DSN)
                .load();
        assertEquals("d", only(settings).coordinator().orElseThrow().database());
        assertTrue(settings.warnings().get(0).text().contains(second + " differs from " + first));
    }

    @Test
    void every_key_has_its_flag_its_variables_and_its_place_in_a_file() {
        for (var key : Keys.ALL) {
            assertEquals(key, Keys.byFlag(key.flag()));
            assertEquals(key, Keys.byUpperName(key.variable().substring("PGCLUSTER_MCP_".length())));
            assertEquals(key, Keys.byFileName(key.name()));
        }
    }

    @Test
    void a_flag_beats_a_variable_and_a_variable_beats_the_file() {
        var setting = setting()
                .inHome(".config/pgcluster-mcp/config.yaml", "max_rows: 1\nmax_concurrent_calls: 2\npool_size: 3\n")
                .variable("CITUS_MCP_MAX_ROWS", "11")
                .variable("PGCLUSTER_MCP_MAX_CONCURRENT_CALLS", "12")
                .arguments(DSN, "--max-rows=21");
        var settings = setting.load();
        assertEquals(21, settings.server().maxRows());
        assertEquals(12, settings.server().maxConcurrentCalls());
        assertEquals(3, only(settings).poolSize());
        assertTrue(settings.values().stream()
                .anyMatch(value ->
                        value.key().equals("pool_size") && value.source().endsWith("config.yaml:3")));
    }

    @Test
    void no_secret_is_shown() {
        var settings = setting()
                .arguments(DSN, "--admin-password", "hush", "--worker-dsns", "postgres://a:hush@localhost/x")
                .variable("PATRONI_URL", "http://p:hush@localhost:8008")
                .load();
        assertFalse(settings.values().toString().contains("hush"));
        assertFalse(only(settings).toString().contains("hush"));
    }

    /** In an address where the key takes one, and bare where it does not. */
    @Test
    void no_key_that_may_hold_a_secret_shows_it_from_any_source() {
        for (var key : Keys.ALL) {
            if (!key.secret()) {
                continue;
            }
            var value = switch (key.form()) {
                case DSN, DSNS -> "postgres://u:hush-hush-hush-hush@localhost/d";
                case URLS -> "http://u:hush-hush-hush-hush@localhost:8008/stats";
                default -> "hush-hush-hush-hush";
            };
            var own = folder.resolve(key.upperName());
            var from = List.of(
                    new Setting(own.resolve("a")).arguments(key.flag(), value),
                    new Setting(own.resolve("b")).variable(key.variable(), value),
                    new Setting(own.resolve("c"))
                            .inHome(".config/pgcluster-mcp/config.yaml", key.name() + ": " + value + "\n"),
                    new Setting(own.resolve("d"))
                            .inHome("secret", value)
                            .variable(key.variable() + "_FILE", "~/secret"));
            for (var one : from) {
                var settings = one.load();
                var shown =
                        settings.values().toString() + settings.problems() + settings.warnings() + settings.server();
                assertTrue(shown.contains(key.name()), key + ": " + shown);
                assertFalse(shown.contains("hush"), key + ": " + shown);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--max-rows|0|max_rows takes a whole number from 1",
                "--max-rows|many|max_rows takes a whole number",
                "--mode|root|mode takes read_only, plan, admin",
                "--log-format|xml|log_format takes text, json",
                "--log-level|loud|log_level takes debug",
                "--transport|http|transport takes stdio",
                "--approval-secret|your-secret-key-here|sample",
                "--approval-secret|secret|sample",
                "--approval-secret|fifteen-letters|at least 16",
                "--allow-execute|true|admin_dsn",
                "--default-cluster|other|default_cluster takes the name of a cluster, one of default",
                "--toolsets|core,patrony|did you mean patroni",
                "--acts|cancel_qery|did you mean cancel_query",
                "--acts|postgres,-create_indx|did you mean create_index",
                "--acts|whatever_it_is|names of acts and of toolsets",
                "--patroni-urls|ftp://x|http",
                "--haproxy-urls|tcp:h|port",
                "--max-row|1|Did you mean --max-rows",
                "--patroni-cert-file|x.pem|go together",
                "--coordinator-password-file|nowhere|cannot be read",
                "--admin-dsn|postgres://u:${NOWHERE}@localhost/d|${NOWHERE}",
                "--config|nowhere.yaml|does not exist",
                "--config|/|is a folder",
            })
    void what_is_wrong_is_told_with_what_it_takes(String flag, String value, String text) {
        assertProblem(setting().arguments(DSN, flag, value).load(), "flag", text);
    }

    /** Each tool of the catalogue that changes something; the packed list has its kind in the third column. */
    @Test
    void every_act_that_exists_may_be_named() throws IOException {
        try (var lines = Files.lines(Path.of("src/main/resources/catalogue.tsv"))) {
            var acts = lines.map(line -> line.split("\t"))
                    .filter(columns -> columns.length > 4 && columns[4].contains("\"approval_token\""))
                    .map(columns -> columns[1])
                    .toList();
            assertFalse(acts.isEmpty());
            assertEquals(
                    List.of(),
                    acts.stream().filter(act -> !ActNames.ALL.contains(act)).toList());
        }
    }

    @Test
    void all_problems_come_at_once_with_their_lines() {
        var settings = setting()
                .inHome(
                        ".config/citus-mcp/config.yaml",
                        "coordinator_dns: x\nmode: root\nhttp_port: 1\nmax_rows: -1\nmode: plan\n")
                .load();
        assertEquals(4, settings.problems().size(), settings.problems().toString());
        assertProblem(settings, "config.yaml:1", "Did you mean coordinator_dsn?");
        assertProblem(settings, "config.yaml:2", "mode takes");
        assertProblem(settings, "config.yaml:4", "max_rows takes");
        assertProblem(settings, "config.yaml:5", "stands here and on line 2");
        assertTrue(
                settings.warnings().stream().anyMatch(warning -> warning.key().equals("http_port")));
    }

    @Test
    void read_only_beats_everything() {
        var settings = setting()
                .variable("MCP_READ_ONLY", "true")
                .arguments(DSN, "--mode", "admin")
                .load();
        assertEquals(Mode.READ_ONLY, only(settings).mode());
    }

    @Test
    void not_read_only_means_the_mode_and_no_more() {
        var cluster =
                only(setting().variable("MCP_READ_ONLY", "false").arguments(DSN).load());
        assertEquals(Mode.ADMIN, cluster.mode());
        assertFalse(cluster.allowExecute());
    }

    @Test
    void citus_tools_can_be_taken_out() {
        var settings =
                setting().arguments(DSN).variable("ENABLE_CITUS_TOOLS", "false").load();
        assertEquals(List.of("core", "postgres"), settings.server().toolsets());
    }

    @Test
    void instances_of_the_environment_are_clusters() {
        var settings = setting()
                .variable("PSQL_INSTANCE_PROD_HOST", "localhost")
                .variable("PSQL_INSTANCE_PROD_PORT", "5433")
                .variable("PSQL_INSTANCE_PROD_PASSWORD", "it's")
                .variable("PSQL_INSTANCE_PROD_MAX_OPEN_CONNS", "25")
                .variable("PSQL_INSTANCE_DEV_EAST_HOST", "localhost")
                .load();
        assertEquals(
                List.of("dev_east", "prod"), List.copyOf(settings.clusters().keySet()));
        var prod = Setting.cluster(settings, "prod");
        assertEquals(25, prod.poolSize());
        assertEquals(Optional.of(Dsn.parse("postgres://postgres:it%27s@localhost:5433/postgres")), prod.coordinator());
    }

    @Test
    void a_file_of_nested_urls_works() {
        setting().inHome("c.json", """
                {"postgres": {"coordinator_url": "postgresql://a:p@localhost:5432/x",
                              "direct_coordinator_url": "postgresql://b:q@127.0.0.1:6/postgres"},
                 "patroni": {"api_url": "http://localhost:8008"},
                 "haproxy": {"stats_url": "http://localhost:8404/stats;csv"}}""");
        var cluster = only(setting()
                .arguments("-c", folder.resolve("home/c.json").toString())
                .load());
        assertEquals(Dsn.parse("postgres://a:p@127.0.0.1:6/x"), cluster.direct().orElseThrow());
        assertEquals(List.of("http://localhost:8008"), cluster.patroniUrls());
        assertEquals(List.of("http://localhost:8404/stats;csv"), cluster.haproxyUrls());
    }

    @Test
    void workers_inherit_what_they_leave_out_but_no_password_of_another_user() {
        var workers = only(setting()
                        .arguments(DSN + "?sslmode=require", "--worker-dsns")
                        .arguments("postgres://localhost:2,postgres://w@localhost:3")
                        .load())
                .workers();
        assertEquals(Dsn.parse("postgres://u:hush@localhost:2/d?sslmode=require"), workers.get(0));
        assertEquals(Dsn.parse("postgres://w@localhost:3/d?sslmode=require"), workers.get(1));
    }

    @Test
    void overrides_win_and_acts_go_to_the_direct_host() {
        var cluster = only(setting()
                .arguments(DSN, "--coordinator-user", "x", "--coordinator-password", "y")
                .arguments("--admin-dsn", "postgres://a:b@localhost:7/d", "--admin-user", "z")
                .arguments("--direct-dsn", "postgres://n:m@localhost:9/no?sslmode=require")
                .load());
        assertEquals(
                Dsn.parse("postgres://x:y@localhost:1/d"), cluster.coordinator().orElseThrow());
        assertEquals(
                Dsn.parse("postgres://z:b@localhost:9/d?sslmode=require"),
                cluster.admin().orElseThrow());
        assertEquals(
                Dsn.parse("postgres://x:y@localhost:9/d?sslmode=require"),
                cluster.direct().orElseThrow());
    }

    @Test
    void a_password_from_a_variable_cannot_change_the_connection() {
        var dsn = only(setting()
                        .variable("PW", "a@b/c d?")
                        .arguments("postgres://u:${PW}@localhost/d")
                        .load())
                .coordinator()
                .orElseThrow();
        assertEquals("a@b/c d?", dsn.password().orElseThrow().reveal());
    }

    @Test
    void a_secret_may_stand_in_a_file_of_its_own() {
        var setting = setting().inHome("pw", "x${y}\n");
        var cluster = only(setting.arguments("postgres://u@localhost/d")
                .variable(
                        "CITUS_MCP_COORDINATOR_PASSWORD_FILE",
                        setting.home().resolve("pw").toString())
                .load());
        assertEquals(
                "x${y}",
                cluster.coordinator().orElseThrow().password().orElseThrow().reveal());
    }

    @Test
    void libpq_completes_the_default_cluster() {
        var cluster = only(setting()
                .inHome(".pg_service.conf", "[s]\ndbname=sd\nhost=localhost\n")
                .inHome(".pgpass", "localhost:*:sd:pu:p\\:w\n")
                .variable("PGSERVICE", "s")
                .variable("PGUSER", "pu")
                .load());
        assertEquals(
                Dsn.parse("postgres://pu:p%3Aw@localhost/sd"),
                cluster.coordinator().orElseThrow());
    }

    @Test
    void a_password_file_that_others_may_read_is_passed_over() {
        var settings = setting()
                .inHomeWith("rw-r--r--", ".pgpass", "*:*:*:*:hush\n")
                .arguments("postgres://u@localhost/d")
                .load();
        assertTrue(only(settings).coordinator().orElseThrow().password().isEmpty());
        assertTrue(settings.warnings().get(0).text().contains("chmod 600"));
    }

    @ParameterizedTest
    @CsvSource({
        "postgres://u@far.example.com/d, '', far.example.com",
        "postgres://u@localhost/d, http://far.example.com:8008, far.example.com",
        "postgres://u@127.0.0.1.example.com/d, '', 127.0.0.1.example.com",
    })
    void self_approval_is_for_loopback_only(String dsn, String patroni, String host) {
        var settings = setting()
                .arguments(dsn, "--approval", "self", "--patroni-urls=" + patroni)
                .load();
        assertProblem(settings, "flag --approval", host + " is not");
    }

    @Test
    void acts_need_a_login_of_their_own_wherever_a_database_is_configured() {
        var acting = setting().variable("PGCLUSTER_MCP_MODE", "admin").variable("PGCLUSTER_MCP_ALLOW_EXECUTE", "true");
        assertProblem(acting.variable("PGCLUSTER_MCP_COORDINATOR_DSN", DSN).load(), "ALLOW_EXECUTE", "needs admin_dsn");
    }

    @Test
    void acts_on_an_estate_without_any_database_need_no_login_of_one() {
        var cluster = only(setting()
                .variable("PGCLUSTER_MCP_MODE", "admin")
                .variable("PGCLUSTER_MCP_ALLOW_EXECUTE", "true")
                .variable("PATRONI_URL", "http://localhost:8008")
                .load());
        assertTrue(cluster.allowExecute());
        assertEquals(Optional.empty(), cluster.admin());
    }

    @Test
    void clear_text_passwords_off_loopback_need_leave() {
        var remote = "postgres://u:p@far.example.com/d?sslmode=disable";
        assertProblem(setting().arguments(remote).load(), "argument", "allow_plaintext");
        only(setting().arguments(remote, "--allow-plaintext").load());
    }

    @Test
    void named_clusters_keep_their_keys_apart() {
        var settings = setting()
                .inHome(".config/pgcluster-mcp/config.yaml", """
                        default_cluster: b
                        clusters:
                          a: {coordinator_dsn: "postgres://localhost/a", mode: plan, expect: {workers: 2}}
                          b:
                            coordinator_dsn: postgres://localhost/b
                            max_rows: 1
                        mode: admin
                        """)
                .variable("CITUS_MCP_POOL_SIZE", "2")
                .load();
        assertEquals(3, settings.problems().size(), settings.problems().toString());
        assertProblem(settings, ":6", "whole server");
        assertProblem(settings, ":7", "belongs to a cluster");
        assertProblem(settings, "CITUS_MCP_POOL_SIZE", "there is none");
        assertEquals(List.of("a", "b"), List.copyOf(settings.clusters().keySet()));
        assertEquals(2, Setting.cluster(settings, "a").expect().workers().orElseThrow());
    }

    @Test
    void nothing_configured_is_no_problem() {
        assertTrue(only(setting().load()).coordinator().isEmpty());
    }
}
