package org.pgcluster.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whoever comes from an earlier server brings its variables, flags, files and calls: each works, or says why not. */
class EarlierServersTest {
    private static final String DSN = "postgres://username:password@localhost:5432/mydb?sslmode=disable";

    @TempDir
    Path folder;

    private Setting setting() {
        return new Setting(folder);
    }

    private static String value(Settings settings, String key) {
        return settings.values().stream()
                .filter(one -> one.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new AssertionError(key + " is not set"))
                .shown();
    }

    private static void only(String problem, Settings settings) {
        assertEquals(1, settings.problems().size(), settings.problems().toString());
        assertTrue(
                settings.problems().get(0).text().contains(problem),
                settings.problems().toString());
    }

    @ParameterizedTest(name = "{0}={2} is {1}: {3}")
    @CsvSource({
        "POSTGRES_URL, coordinator_dsn, postgresql://mcp_user@pg-coordinator:5432/distributed_postgres_cluster, postgresql://mcp_user@pg-coordinator:5432/distributed_postgres_cluster",
        "POSTGRES_ADMIN_URL, admin_dsn, postgresql://dpg_cluster@pg-coordinator:5432/distributed_postgres_cluster, postgresql://dpg_cluster@pg-coordinator:5432/distributed_postgres_cluster",
        "MCP_TRANSPORT, transport, stdio, stdio",
        "MCP_READ_ONLY, mode, false, admin",
        "MCP_READ_ONLY, mode, true, read_only",
        "CITUS_MCP_COORDINATOR_DSN, coordinator_dsn, postgres://localhost:5432/mydb?sslmode=disable, postgres://localhost:5432/mydb?sslmode=disable",
        "CITUS_MCP_MODE, mode, read_only, read_only",
        "CITUS_MCP_ALLOW_EXECUTE, allow_execute, false, false",
        "CITUS_MCP_LOG_LEVEL, log_level, info, info",
        "CITUS_MCP_LOG_LEVEL, log_level, debug, debug",
    })
    void each_variable_means_what_it_meant(String variable, String key, String given, String shown) {
        var settings = setting().variable(variable, given).load();
        assertEquals(List.of(), settings.problems());
        assertEquals(shown, value(settings, key));
    }

    @ParameterizedTest(name = "{0}={1}: {2}")
    @CsvSource({
        "MCP_TRANSPORT, sse, transport takes stdio",
        "MCP_TRANSPORT, http, transport takes stdio",
        "CITUS_MCP_APPROVAL_SECRET, secret, sample",
        "MCP_READ_ONLY, maybe, MCP_READ_ONLY takes true or false",
        "ENABLE_CITUS_TOOLS, maybe, ENABLE_CITUS_TOOLS takes true or false",
    })
    void what_cannot_be_is_refused_once_and_with_the_reason(String variable, String given, String problem) {
        only(problem, setting().variable(variable, given).load());
    }

    @Test
    void citus_tools_are_there_when_enabled() {
        var settings = setting().variable("ENABLE_CITUS_TOOLS", "true").load();
        assertTrue(settings.server().toolsets().containsAll(List.of("citus", "tables")));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "coordinator_user, myuser, myuser",
        "coordinator_password, mypassword, ••••",
        "mode, read_only, read_only",
        "mode, admin, admin",
        "allow_execute, false, false",
        "cache_ttl_seconds, 5, 5",
        "enable_caching, true, true",
        "max_rows, 200, 200",
        "max_text_bytes, 200000, 200000",
        "connect_timeout_seconds, 10, 10",
        "statement_timeout_ms, 30000, 30000",
        "log_level, info, info",
    })
    void each_key_of_a_citus_mcp_file_works(String key, String given, String shown) {
        var settings = setting()
                .inHome(".config/citus-mcp/config.yaml", "coordinator_dsn: " + DSN + "\n" + key + ": " + given + "\n")
                .load();
        assertEquals(List.of(), settings.problems());
        assertEquals(shown, value(settings, key));
        assertTrue(settings.values().stream()
                .anyMatch(one -> one.key().equals(key) && one.source().endsWith("config.yaml:2")));
    }

    @Test
    void workers_may_be_separated_by_commas_in_the_file() {
        var settings = setting()
                .inHome(
                        ".config/citus-mcp/config.yaml",
                        "coordinator_dsn: " + DSN + "\n"
                                + "worker_dsns: postgres://user:pass@localhost:1/db,postgres://user:pass@localhost:2/db\n")
                .load();
        assertEquals(List.of(), settings.problems());
        assertEquals(2, Setting.cluster(settings, "default").workers().size());
    }

    @ParameterizedTest
    @CsvSource({"your-secret-key", "your-secret-key-here"})
    void the_samples_of_a_secret_are_no_secret(String sample) {
        var settings = setting()
                .inHome(
                        ".config/citus-mcp/config.yaml",
                        "coordinator_dsn: " + DSN + "\nadmin_dsn: " + DSN
                                + "\nmode: admin\nallow_execute: true\napproval_secret: " + sample + "\n")
                .load();
        only("sample", settings);
    }

    @ParameterizedTest(name = "{0} {1}: {2}={3}")
    @CsvSource({
        "--coordinator-dsn, postgres://localhost/x, coordinator_dsn, postgres://localhost/x",
        "--mode, read_only, mode, read_only",
        "--transport, stdio, transport, stdio",
    })
    void each_flag_works(String flag, String given, String key, String shown) {
        var settings = setting().arguments(flag, given).load();
        assertEquals(List.of(), settings.problems());
        assertEquals(shown, value(settings, key));
    }

    @Test
    void a_server_over_http_is_one_clear_refusal() {
        only(
                "transport takes stdio",
                setting()
                        .arguments("--transport", "http", "--host", "0.0.0.0", "--port", "3000")
                        .load());
    }

    @Test
    void a_port_for_http_is_told_to_mean_nothing() {
        var settings = setting()
                .variable("HTTP_API_PORT", "8080")
                .variable("GIN_MODE", "release")
                .load();
        assertEquals(List.of(), settings.problems());
        assertEquals(1, settings.warnings().size(), settings.warnings().toString());
        assertTrue(settings.warnings().get(0).text().contains("HTTP_API_PORT"));
    }

    @ParameterizedTest
    @CsvSource({"--config, json", "-c, json", "CITUS_MCP_CONFIG, toml", "CITUS_MCP_CONFIG, yaml"})
    void a_file_is_named_by_flag_or_variable_in_each_format(String how, String format) {
        var setting = setting()
                .inHome("mine.json", "{\"coordinator_dsn\": \"" + DSN + "\", \"max_rows\": 7}")
                .inHome("mine.toml", "coordinator_dsn = \"" + DSN + "\"\nmax_rows = 7\n")
                .inHome("mine.yaml", "coordinator_dsn: " + DSN + "\nmax_rows: 7\n");
        var file = setting.home().resolve("mine." + format).toString();
        var settings = how.startsWith("-")
                ? setting.arguments(how, file).load()
                : setting.variable(how, file).load();
        assertEquals(List.of(), settings.problems());
        assertEquals(7, settings.server().maxRows());
    }

    @ParameterizedTest
    @CsvSource({"home/xdg/citus-mcp/config.yaml", "home/.config/citus-mcp/config.yaml", "work/citus-mcp.yaml"})
    void a_file_is_found_where_it_was_looked_for(String place) {
        var text = "coordinator_dsn: " + DSN + "\nmax_rows: 7\n";
        var setting = setting();
        if (place.startsWith("work/")) {
            setting.inWork(place.substring(5), text);
        } else {
            setting.inHome(place.substring(5), text);
        }
        if (place.contains("xdg")) {
            setting.variable("XDG_CONFIG_HOME", setting.home().resolve("xdg").toString());
        }
        var settings = setting.load();
        assertEquals(List.of(), settings.problems());
        assertEquals(7, settings.server().maxRows());
    }

    @Test
    void nested_urls_of_hosts_with_a_password_say_what_clear_text_takes() {
        var text = """
                {"postgres": {
                   "coordinator_url": "postgresql://admin:password@haproxy:5432/distributed_postgres_cluster%1$s",
                   "direct_coordinator_url": "postgresql://admin:password@coordinator-1:5432/postgres%1$s"},
                 "patroni": {"api_url": "http://coordinator-1:8008"},
                 "haproxy": {"stats_url": "http://haproxy:8404/stats;csv"}}""";
        for (var mode : List.of("", "?sslmode=require")) {
            var setting = setting().inHome("config.json", text.formatted(mode));
            var settings = setting.arguments(
                            "--config", setting.home().resolve("config.json").toString())
                    .load();
            assertEquals(List.of(), settings.problems());
            var cluster = Setting.cluster(settings, "default");
            assertEquals(
                    "coordinator-1",
                    cluster.direct().orElseThrow().hosts().get(0).host());
            assertEquals(
                    "distributed_postgres_cluster",
                    cluster.direct().orElseThrow().database());
            assertEquals(List.of("http://coordinator-1:8008"), cluster.patroniUrls());
            assertEquals(List.of("http://haproxy:8404/stats;csv"), cluster.haproxyUrls());
        }
    }

    @Test
    void an_instance_of_the_registry_brings_each_of_its_variables() {
        var settings = setting()
                .variable("PSQL_INSTANCE_PROD_HOST", "localhost")
                .variable("PSQL_INSTANCE_PROD_PORT", "5432")
                .variable("PSQL_INSTANCE_PROD_USER", "testuser")
                .variable("PSQL_INSTANCE_PROD_PASSWORD", "testpass")
                .variable("PSQL_INSTANCE_PROD_DATABASE", "testdb")
                .variable("PSQL_INSTANCE_PROD_SSLMODE", "disable")
                .variable("PSQL_INSTANCE_PROD_MAX_OPEN_CONNS", "25")
                .variable("PSQL_INSTANCE_PROD_MAX_IDLE_CONNS", "10")
                .load();
        assertEquals(List.of(), settings.problems());
        var prod = Setting.cluster(settings, "prod");
        assertEquals(
                Dsn.parse("postgres://testuser:testpass@localhost:5432/testdb?sslmode=disable"),
                prod.coordinator().orElseThrow());
        assertEquals(25, prod.poolSize());
    }

    @ParameterizedTest
    @CsvSource({
        "postgres://postgres:secret@localhost:5432/mydb?sslmode=disable, disable, ''",
        "postgres://admin:secret@citus-coord.example.com:5432/production?sslmode=require, require, ''",
        "postgres://user:pass@host:5432/db?sslmode=require&search_path=myschema, require, myschema",
    })
    void each_form_of_the_connection_string_works(String given, String sslmode, String searchPath) {
        var settings = setting().arguments(given).load();
        assertEquals(List.of(), settings.problems());
        var parameters =
                Setting.cluster(settings, "default").coordinator().orElseThrow().parameters();
        assertEquals(sslmode, parameters.get("sslmode"));
        assertTrue(parameters.toString().contains(searchPath), parameters.toString());
    }

    /** The packed catalogue: toolset, name, kind, reach, declaration. */
    @ParameterizedTest(name = "{0}({1})")
    @CsvSource({
        "ping, message",
        "server_info, ''",
        "citus_request_approval_token, action",
        "citus_request_approval_token, ttl_seconds",
    })
    void each_tool_of_the_server_itself_takes_what_it_took(String tool, String argument) throws IOException {
        var declared = Files.readAllLines(Path.of("src/main/resources/catalogue.tsv")).stream()
                .filter(line -> line.split("\t", 3)[1].equals(tool))
                .findFirst()
                .orElseThrow(() -> new AssertionError(tool));
        var input = declared.substring(declared.indexOf("\"inputSchema\""), declared.indexOf("\"outputSchema\""));
        assertTrue(argument.isEmpty() || input.contains("\"" + argument + "\":{"), input);
    }
}
