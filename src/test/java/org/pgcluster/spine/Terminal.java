package org.pgcluster.spine;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A command on a pseudo terminal, and the person who reads it and types. */
final class Terminal implements AutoCloseable {
    private static final Path SCRIPT = Path.of("/usr/bin/script");

    private final Process process;
    private final Writer keyboard;
    private final StringBuilder screen = new StringBuilder();

    private Terminal(Process process) {
        this.process = process;
        this.keyboard = process.outputWriter(StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "screen");
        reader.setDaemon(true);
        reader.start();
    }

    /** Exactly this line, typed into a shell. */
    static Terminal shell(String line) throws IOException {
        assumeTrue(Files.exists(SCRIPT), "script, which makes terminals, is missing");
        var builder = new ProcessBuilder(SCRIPT.toString(), "-qec", line, "/dev/null").redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.contains("_MCP_") || name.startsWith("PG"));
        builder.environment().put("NO_COLOR", "1");
        return new Terminal(builder.start());
    }

    static Terminal run(String... arguments) throws IOException {
        return shell(command(arguments));
    }

    static String command(String... arguments) {
        var words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-jar",
                System.getProperty("pgcluster.jar", "target/pgcluster-mcp.jar")));
        words.addAll(List.of(arguments));
        return words.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    }

    private void read() {
        try (var out = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)) {
            for (int letter = out.read(); letter >= 0; letter = out.read()) {
                synchronized (screen) {
                    screen.append((char) letter);
                }
            }
        } catch (IOException e) {
            return; // the terminal was closed
        }
    }

    String screen() {
        synchronized (screen) {
            return screen.toString().replace("\r", "");
        }
    }

    Terminal shows(String text) throws InterruptedException {
        long until = System.nanoTime() + 40_000_000_000L;
        while (!screen().contains(text)) {
            if (System.nanoTime() > until || (!process.isAlive() && !screen().contains(text))) {
                throw new AssertionError("`" + text + "` is not on the screen:\n" + screen());
            }
            Thread.sleep(30);
        }
        return this;
    }

    Terminal type(String line) throws IOException {
        keyboard.write(line + "\n");
        keyboard.flush();
        return this;
    }

    int ends() throws InterruptedException {
        if (!process.waitFor(40, TimeUnit.SECONDS)) {
            throw new AssertionError("it goes on:\n" + screen());
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
