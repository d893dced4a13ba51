package org.pgcluster.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.shape.JsonText;

/** What {@code install} writes is started as the client would, whatever became of the cache since. */
class InstallIT {
    private static final String BEFORE = "{\"theme\": \"dark\", \"mcpServers\": {\"other\": {\"command\": \"x\"}}}";
    private static final String HELLO = """
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}
            {"jsonrpc":"2.0","method":"notifications/initialized"}
            {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_clusters","arguments":{}}}
            """;

    @TempDir
    Path folder = Path.of("");

    private Path file = Path.of("");

    private record Ran(int code, String out, String err) {}

    @BeforeEach
    void a_client_with_a_server_of_its_own() throws IOException {
        file = Files.writeString(folder.resolve("client.json"), BEFORE);
    }

    private Ran run(Map<String, String> environment, String input, List<String> command) throws Exception {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.contains("_MCP_") || name.startsWith("PG"));
        // Whoever runs the tests keeps their own commands.
        builder.environment().put("JAVA_TOOL_OPTIONS", "-Duser.home=" + folder);
        builder.environment().putAll(environment);
        Process process = builder.start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        assertTrue(process.waitFor(90, TimeUnit.SECONDS), String.join(" ", command));
        return new Ran(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private Ran install(Map<String, String> environment, String... more) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(java(), "-jar", System.getProperty("pgcluster.jar", "target/pgcluster-mcp.jar"), "install"));
        command.addAll(
                List.of(more).contains("--workspace")
                        ? List.of("vscode")
                        : List.of("claude-desktop", "--file", file.toString()));
        command.addAll(List.of("--state-dir", folder.resolve("state").toString()));
        command.addAll(List.of(more));
        return run(environment, "", command);
    }

    private static String java() {
        return Path.of(System.getProperty("java.home", ""), "bin/java").toString();
    }

    private Map<?, ?> entry() throws IOException {
        Map<?, ?> whole = (Map<?, ?>) Objects.requireNonNull(JsonText.read(Files.readString(file)));
        return (Map<?, ?>)
                Objects.requireNonNull(((Map<?, ?>) Objects.requireNonNull(whole.get("mcpServers"))).get("pgcluster"));
    }

    private List<String> arguments() throws IOException {
        return ((List<?>) Objects.requireNonNull(entry().get("args")))
                .stream().map(String::valueOf).toList();
    }

    private Path archive() throws IOException {
        return Path.of(arguments().stream()
                .filter(argument -> argument.startsWith("-XX:SharedArchiveFile="))
                .findFirst()
                .orElseThrow()
                .substring("-XX:SharedArchiveFile=".length()));
    }

    /** As the client starts it, and nothing but JSON-RPC on stdout. */
    private void assertThatTheEntryWorks(String java) throws Exception {
        List<String> command = new ArrayList<>(List.of(java));
        command.addAll(arguments());
        Map<String, String> environment = new java.util.TreeMap<>();
        if (entry().get("env") instanceof Map<?, ?> given) {
            given.forEach((name, value) -> environment.put(String.valueOf(name), String.valueOf(value)));
        }
        var ran = run(environment, HELLO, command);
        assertEquals(0, ran.code(), ran.err());
        var lines = ran.out().lines().toList();
        assertEquals(2, lines.size(), ran.out());
        for (var line : lines) {
            assertTrue(((Map<?, ?>) Objects.requireNonNull(JsonText.read(line))).containsKey("result"), line);
        }
        assertTrue(ran.out().contains("127.0.0.1:1"), ran.out());
    }

    @Test
    void an_entry_starts_the_server_with_a_cache_a_lost_one_and_a_broken_one() throws Exception {
        assertEquals(0, install(Map.of(), "--yes", "--dsn", "postgres://reader:hush-hush@127.0.0.1:1/app").code);
        assertFalse(String.join(" ", arguments()).contains("hush-hush"));
        assertTrue(Files.size(archive()) > 1_000_000);
        assertThatTheEntryWorks(java());

        Files.write(archive(), new byte[] {1, 2, 3});
        assertThatTheEntryWorks(java());
        Files.delete(archive());
        assertThatTheEntryWorks(java());
    }

    @Test
    void another_java_passes_the_cache_over() throws Exception {
        Path other = Path.of("/usr/lib/jvm/temurin-25-jdk-amd64/bin/java");
        Assumptions.assumeTrue(Files.isExecutable(other), "needs a second JDK in " + other);
        assertEquals(0, install(Map.of(), "--yes", "--dsn", "postgres://reader@127.0.0.1:1/app").code);
        assertThatTheEntryWorks(other.toString());
    }

    @Test
    void a_dump_of_threads_is_no_line_for_the_client() throws Exception {
        install(Map.of(), "--yes", "--dsn", "postgres://reader@127.0.0.1:1/app");
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(arguments());
        Path said = folder.resolve("said");
        Process server =
                new ProcessBuilder(command).redirectError(said.toFile()).start();
        try (var out = server.inputReader();
                var in = server.outputWriter()) {
            in.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
            in.flush();
            assertEquals("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", out.readLine());
            new ProcessBuilder("kill", "-QUIT", String.valueOf(server.pid()))
                    .start()
                    .waitFor();
            long deadline = System.nanoTime() + 10_000_000_000L;
            while (!Files.readString(said).contains("Full thread dump")) {
                assertTrue(System.nanoTime() < deadline, "no dump was written");
                Thread.sleep(20);
            }
            in.write("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
            in.flush();
            assertEquals("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", out.readLine());
        } finally {
            server.destroyForcibly();
        }
    }

    @Test
    void it_merges_keeps_the_earlier_file_repeats_itself_and_goes_again() throws Exception {
        String[] same = {"--yes", "--dsn", "postgres://reader@127.0.0.1:1/app"};
        install(Map.of(), same);
        assertEquals(BEFORE, Files.readString(folder.resolve("client.json.bak")));
        assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));

        String once = Files.readString(file);
        assertTrue(install(Map.of(), same).out().contains("stands there already"));
        assertEquals(once, Files.readString(file));
        assertEquals(BEFORE, Files.readString(folder.resolve("client.json.bak")));

        assertTrue(install(Map.of(), "--remove", "--dry-run").out().contains("\"pgcluster\" goes"));
        assertEquals(once, Files.readString(file));
        assertEquals(0, install(Map.of(), "--remove", "--yes").code);
        assertEquals(JsonText.read(BEFORE), JsonText.read(Files.readString(file)));
        assertTrue(install(Map.of(), "--remove", "--yes").out().contains("nothing was written"));
    }

    @Test
    void what_was_configured_by_variables_goes_into_the_clients_env_and_nothing_else_does() throws Exception {
        var variables = Map.of(
                "PGHOST",
                "127.0.0.1",
                "PGPORT",
                "1",
                "PGUSER",
                "reader",
                "PGPASSWORD",
                "hush-hush",
                "CITUS_MCP_MAX_ROWS",
                "7");
        var ran = install(variables, "--yes");
        assertEquals(0, ran.code(), ran.err());
        assertFalse(ran.out().contains("hush-hush"), ran.out());
        Map<?, ?> env = (Map<?, ?>) Objects.requireNonNull(entry().get("env"));
        variables.forEach((name, value) -> assertEquals(value, env.get(name)));
        assertFalse(env.containsKey("PATH"));
        assertThatTheEntryWorks(java());
    }

    @Test
    void a_file_that_lies_in_the_working_directory_is_not_trusted_for_good() throws Exception {
        Path planted = Files.writeString(
                folder.resolve("pgcluster-mcp.yaml"), "coordinator_dsn: postgres://reader@127.0.0.1:1/app\n");
        var ran = install(Map.of(), "--yes");
        assertEquals(2, ran.code(), ran.out());
        assertTrue(ran.err().contains("--config " + planted), ran.err());
        assertEquals(BEFORE, Files.readString(file));
        assertEquals(0, install(Map.of(), "--yes", "--config", planted.toString()).code);
        assertThatTheEntryWorks(java());
    }

    @Test
    void the_command_runs_what_its_name_says_and_a_strangers_file_stays() throws Exception {
        Path command = folder.resolve(".local/bin/pgcluster-mcp");
        assertTrue(install(Map.of(), "--yes").out().contains("put " + command.getParent() + " on your PATH"));
        var ran = run(Map.of(), "", List.of(command.toString(), "--version"));
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().startsWith("pgcluster-mcp "), ran.out());

        Files.writeString(command, "mine");
        assertTrue(install(Map.of(), "--yes").out().contains("somebody else's"));
        assertEquals("mine", Files.readString(command));
    }

    @Test
    void a_projects_file_takes_no_password_and_moves_what_vs_code_does_not_read() throws Exception {
        Path shared = Files.createDirectories(folder.resolve(".vscode")).resolve("mcp.json");
        String old = "{\"mcpServers\":{\"citus-mcp\":{\"command\":\"c\",\"args\":[]}}}";
        Files.writeString(shared, old);
        var refused = install(Map.of(), "--workspace", "--yes", "--dsn", "postgres://reader:hush-hush@127.0.0.1:1/app");
        assertEquals(2, refused.code(), refused.out());
        assertTrue(refused.err().contains("holds a password"), refused.err());
        assertEquals(old, Files.readString(shared));

        var done = install(Map.of(), "--workspace", "--yes", "--dsn", "postgres://reader@127.0.0.1:1/app");
        assertEquals(0, done.code(), done.err());
        assertTrue(done.out().contains("which this client does not read: citus-mcp"), done.out());
        Map<?, ?> whole = (Map<?, ?>) Objects.requireNonNull(JsonText.read(Files.readString(shared)));
        assertEquals(java.util.Set.of("servers"), whole.keySet());
        assertEquals(
                java.util.Set.of("citus-mcp", "pgcluster"),
                ((Map<?, ?>) Objects.requireNonNull(whole.get("servers"))).keySet());
        assertEquals(old, Files.readString(shared.resolveSibling("mcp.json.bak")));
    }

    @Test
    void whoever_allows_acts_is_told_how_to_keep_consent_to_people() throws Exception {
        String[] reading = {"--yes", "--dsn", "postgres://reader@127.0.0.1:1/app"};
        assertFalse(install(Map.of(), reading).out().contains("sudo"));
        var acting = install(
                Map.of(
                        "PGCLUSTER_MCP_MODE", "admin",
                        "PGCLUSTER_MCP_ALLOW_EXECUTE", "true",
                        "PGCLUSTER_MCP_ADMIN_DSN", "postgres://admin@127.0.0.1:1/app"),
                reading);
        assertTrue(acting.out().contains("approve; sudo asks for a password"), acting.out());
    }

    /** Whoever runs it may let a group write what they make; requests and consent lie in the same folder later. */
    @Test
    void the_state_folder_is_the_users_own_from_the_beginning() throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "umask 002; exec \"$@\"", "sh", java(), "-jar"));
        command.addAll(List.of(System.getProperty("pgcluster.jar", "target/pgcluster-mcp.jar"), "install", "cursor"));
        command.addAll(List.of(
                "--yes",
                "--file",
                file.toString(),
                "--state-dir",
                folder.resolve("state").toString()));
        var ran = run(Map.of(), "", command);
        assertEquals(0, ran.code(), ran.err());
        for (var made : List.of("state", "state/cache")) {
            assertEquals(
                    PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(folder.resolve(made)));
        }
    }

    @Test
    void a_configuration_with_a_password_that_others_can_read_is_named() throws Exception {
        Path open = Files.writeString(
                folder.resolve("open.yaml"), "coordinator_dsn: postgres://reader:hush-hush@127.0.0.1:1/app\n");
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        var ran = install(Map.of(), "--yes", "--config", open.toString());
        assertTrue(ran.out().contains("Others can read " + open + ". chmod 600 " + open), ran.out());
        assertFalse(Files.readString(file).contains("hush-hush"));
    }

    @Test
    void a_file_that_is_no_text_and_an_answer_that_nobody_gives_change_nothing() throws Exception {
        byte[] other = "{}".getBytes(StandardCharsets.UTF_16);
        Files.write(file, other);
        var ran = install(Map.of(), "--yes");
        assertTrue(ran.err().contains(file + " is no text in UTF-8"), ran.err());
        assertEquals(2, ran.code());
        assertArrayEquals(other, Files.readAllBytes(file));

        Files.writeString(file, BEFORE);
        var asked = install(Map.of());
        assertTrue(asked.err().contains("add --yes"), asked.err());
        assertEquals(BEFORE, Files.readString(file));
    }
}
