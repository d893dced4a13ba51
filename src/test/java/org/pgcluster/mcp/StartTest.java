package org.pgcluster.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients start a server for each session and wait for its greeting: what they wait for stays small. */
class StartTest {
    private static final String HELLO = """
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",\
            "capabilities":{},"clientInfo":{"name":"start","version":"1"}}}
            """;

    private static final List<String> NOT_BEFORE_THE_GREETING = List.of(
            "org.pgcluster.toolsets.",
            "org.pgcluster.postgres.",
            "org.pgcluster.cli.",
            "org.postgresql.",
            "io.modelcontextprotocol.",
            "com.fasterxml.",
            "reactor.",
            "picocli.",
            "org.slf4j.",
            "java.util.regex.",
            "java.util.stream.");

    /** The last class that the greeting needs: it writes it. What comes behind it, nobody waits for. */
    private static final String WRITES_THE_GREETING = "org.pgcluster.mcp.Outlet$Writer";

    @TempDir
    Path folder;

    @Test
    void the_greeting_waits_for_no_tool_driver_sdk_command_line_or_logger() throws Exception {
        List<String> loaded = loadedUntilTheGreeting();

        assertTrue(loaded.contains("org.pgcluster.dispatch.Catalogue"), () -> "no class of ours in " + loaded);
        assertEquals(List.of(), loaded.stream().filter(StartTest::heavy).toList());
    }

    /** The first lambda of a process brings a hundred classes with it. */
    @Test
    void the_greeting_waits_for_no_lambda() throws Exception {
        assertEquals(
                List.of(),
                loadedUntilTheGreeting().stream()
                        .filter(name -> name.startsWith("org.pgcluster.") && name.contains("$$Lambda"))
                        .toList());
    }

    private static boolean heavy(String name) {
        return NOT_BEFORE_THE_GREETING.stream().anyMatch(name::startsWith);
    }

    private List<String> loadedUntilTheGreeting() throws IOException, InterruptedException {
        Path log = folder.resolve("loaded.txt");
        Process server = start(log);
        try (var answers = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
            server.getOutputStream().write(HELLO.getBytes(StandardCharsets.UTF_8));
            server.getOutputStream().flush();
            String greeting = answers.readLine();
            assertTrue(greeting != null && greeting.contains("serverInfo"), () -> "greeted with " + greeting);
            server.getOutputStream().close();
            assertTrue(server.waitFor(30, TimeUnit.SECONDS), "the server outlived its client");
        } finally {
            server.destroyForcibly();
        }
        List<String> names = new ArrayList<>();
        for (String line : Files.readAllLines(log)) {
            String name = line.strip().split(" ", 2)[0];
            if (name.equals(WRITES_THE_GREETING)) {
                return names;
            }
            names.add(name);
        }
        throw new AssertionError(WRITES_THE_GREETING + " was never loaded");
    }

    private Process start(Path log) throws IOException {
        var builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load=info:file=" + log + ":none",
                "-cp",
                System.getProperty("java.class.path"),
                "org.pgcluster.Main",
                "postgresql://nobody@127.0.0.1:1/nothing");
        builder.environment().keySet().removeIf(name -> name.contains("MCP_") || name.startsWith("JAVA_TOOL"));
        builder.directory(folder.toFile()); // no file of the working directory
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        return builder.start();
    }
}
