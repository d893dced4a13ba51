package org.pgcluster.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.shape.JsonText;

/** The real JAR as a child process, as people and scripts run it. */
class CommandsIT {
    private static final String NOBODY = "postgres://reader:hush-hush@127.0.0.1:1/app";

    @TempDir
    Path folder = Path.of("");

    private record Ran(int code, String text) {}

    private Ran run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("java", "-jar", System.getProperty("pgcluster.jar", "")));
        command.addAll(List.of(arguments));
        Path output = folder.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().keySet().removeIf(name -> name.contains("_MCP_") || name.startsWith("PG"));
        builder.environment()
                .put("PGCLUSTER_MCP_STATE_DIR", folder.resolve("state").toString());
        Process process = builder.start();
        process.getOutputStream().close();
        int code = process.waitFor();
        return new Ran(code, Files.readString(output, StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"serve", "call list_clusters"})
    void what_is_odd_in_the_configuration_is_said_on_stderr_and_never_among_the_answers(String words) throws Exception {
        List<String> command = new ArrayList<>(List.of("java", "-jar", System.getProperty("pgcluster.jar", "")));
        command.addAll(List.of(words.split(" ", -1)));
        Path said = folder.resolve("errors");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(folder.resolve("output").toFile())
                .redirectError(said.toFile());
        builder.environment()
                .put("PGCLUSTER_MCP_STATE_DIR", folder.resolve("state").toString());
        builder.environment().put("PGCLUSTER_MCP_COORDINATOR_DSN", NOBODY);
        builder.environment().put("CITUS_MCP_COORDINATOR_DSN", NOBODY + "_old");
        Process process = builder.start();
        try (var in = process.outputWriter(StandardCharsets.UTF_8)) {
            in.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                    + "\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"x\",\"version\":\"1\"}}}\n");
        }
        assertEquals(0, process.waitFor());
        String errors = Files.readString(said, StandardCharsets.UTF_8);
        assertTrue(errors.contains("CITUS_MCP_COORDINATOR_DSN differs from"), errors);
        assertTrue(!errors.contains("hush-hush"), errors);
        String answers = Files.readString(folder.resolve("output"), StandardCharsets.UTF_8);
        assertTrue(!answers.isBlank() && !answers.contains("differs"), answers);
        if (words.equals("serve")) {
            assertEquals(1, answers.lines().count(), answers);
            assertTrue(JsonText.read(answers.strip()) instanceof Map<?, ?>, answers);
        }
    }

    @Test
    void the_version_and_the_help_end_well() throws Exception {
        assertTrue(run("--version").text().startsWith("pgcluster-mcp "));
        var help = run("check", "--help");
        assertEquals(0, help.code());
        assertTrue(help.text().contains("--state-dir"), help.text());
    }

    @Test
    void a_dsn_in_the_wrong_place_is_told_and_its_password_is_not() throws Exception {
        var before = run(NOBODY, "call", "ping");
        assertEquals(2, before.code());
        assertTrue(before.text().contains("The command comes first: pgcluster-mcp call"), before.text());
        var behind = run("call", "ping", NOBODY);
        assertEquals(2, behind.code());
        assertTrue(behind.text().contains("--dsn says where the database is"), behind.text());
        assertTrue(!before.text().contains("hush-hush") && !behind.text().contains("hush-hush"), behind.text());
    }

    @Test
    void config_says_where_a_value_is_from_and_shows_no_password() throws Exception {
        var ran = run("config", NOBODY, "--max-rows", "7");
        assertEquals(0, ran.code());
        assertTrue(ran.text().contains("= 7   (flag --max-rows)"), ran.text());
        assertTrue(!ran.text().contains("hush-hush"), ran.text());
    }

    @Test
    void tools_lists_what_clients_are_answered() throws Exception {
        assertTrue(run("tools", NOBODY).text().contains("cluster_health"));
        assertTrue(run("tools", NOBODY, "--format", "json").text().startsWith("[{"));
    }

    @Test
    void check_of_a_server_that_is_not_there_fails_and_says_so_as_data() throws Exception {
        var ran = run("check", NOBODY, "--format", "json");
        assertEquals(1, ran.code());
        assertTrue(ran.text().startsWith("{\"ok\":false"), ran.text());
    }

    @Test
    void check_of_a_server_that_is_there_succeeds_whatever_it_warns_of() throws Exception {
        try (var server = PgServer.start()) {
            var dsn = "postgres://postgres@127.0.0.1:" + server.port() + "/postgres";
            var text = run("check", dsn);
            assertEquals(0, text.code(), text.text());
            assertTrue(text.text().contains("works   default, reading: postgres at postgres"), text.text());
            assertTrue(text.text().contains("warning default, reading: postgres is a superuser"), text.text());
            assertTrue(text.text().strip().endsWith("All that must work works."), text.text());
            var json = run("check", dsn, "--format", "json");
            assertEquals(0, json.code(), json.text());
            var data = (Map<?, ?>) Objects.requireNonNull(JsonText.read(json.text()));
            assertEquals(true, data.get("ok"));
            var first = (Map<?, ?>) ((List<?>) Objects.requireNonNull(data.get("found"))).get(0);
            assertEquals("works", first.get("verdict"));
            assertEquals("default, reading", first.get("what"));
        }
    }

    @Test
    void check_of_a_faulty_configuration_fails_and_names_the_key() throws Exception {
        var ran = run("check", NOBODY, "--max-rows", "none");
        assertEquals(1, ran.code());
        assertTrue(ran.text().contains("max_rows takes a whole number"), ran.text());
    }

    @Test
    void a_misspelt_command_is_no_connection_string() throws Exception {
        var ran = run("chekc", "--dsn", NOBODY);
        assertEquals(2, ran.code());
        assertTrue(ran.text().contains("There is no command chekc. Did you mean check?"), ran.text());
    }

    @Test
    void call_of_an_unknown_tool_names_the_nearest_one() throws Exception {
        var ran = run("call", "execute_sq", "--dsn", NOBODY);
        assertEquals(1, ran.code());
        assertTrue(ran.text().contains("Did you mean execute_sql?"), ran.text());
    }

    @Test
    void a_pipe_cannot_approve() throws Exception {
        assertEquals("Nothing waits.", run("approve").text().strip());
        var ran = run("approve", "calm-otter-11");
        assertEquals(1, ran.code());
        assertTrue(ran.text().contains("Only a person at a terminal"), ran.text());
    }

    @Test
    void install_shows_the_entry_without_its_password_and_a_dry_run_writes_nothing() throws Exception {
        Path file = folder.resolve("client.json");
        var ran = run("install", "claude-desktop", "--dry-run", "--file", file.toString(), "--dsn", NOBODY);
        assertEquals(0, ran.code());
        assertTrue(ran.text().contains("PGCLUSTER_MCP_COORDINATOR_DSN"), ran.text());
        assertTrue(!ran.text().contains("hush-hush"), ran.text());
        assertTrue(Files.notExists(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"estate.yaml", "closed/estate.yaml"})
    void a_file_that_somebody_else_may_read_is_told_with_who_may_not(String name) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can become somebody else");
        Path open = Files.createTempDirectory(Path.of("/tmp"), "commands");
        try {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path jar = Files.copy(Path.of(System.getProperty("pgcluster.jar", "")), open.resolve("it.jar"));
            Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("rw-r--r--"));
            Path closed = Files.createDirectory(open.resolve("closed"));
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
            Path file = Files.writeString(open.resolve(name), "coordinator_dsn: " + NOBODY + "\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            Process process = new ProcessBuilder(
                            "runuser",
                            "-u",
                            "nobody",
                            "--",
                            "java",
                            "-jar",
                            jar.toString(),
                            "config",
                            "--config",
                            file.toString())
                    .directory(open.toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            assertTrue(said.contains(file + " may not be read by nobody, who runs this: correct owner or mode"), said);
        } finally {
            for (String left : new String[] {"closed/estate.yaml", "closed", "estate.yaml", "it.jar", ""}) {
                Files.deleteIfExists(open.resolve(left));
            }
        }
    }
}
