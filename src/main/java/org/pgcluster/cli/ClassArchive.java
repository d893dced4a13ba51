package org.pgcluster.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The JVM's archive of loaded classes, which makes every later start several times faster. */
final class ClassArchive {
    private static final String SESSION = """
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"install","version":"1"}}}
            {"jsonrpc":"2.0","method":"notifications/initialized"}
            {"jsonrpc":"2.0","id":2,"method":"tools/list"}
            {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"ping","arguments":{}}}
            {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"SELECT 1"}}}
            """;

    /**
     * What a server for one client is started with: the quick compiler, the collector for which the JDK's own archive has
     * ready-made objects, no file of counters for other tools, and a young generation that does not grow with the machine.
     */
    static final List<String> LEAN = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseG1GC", "-XX:-UsePerfData", "-Xmn16m");

    private ClassArchive() {}

    /** Another JAR or another Java has another archive: a stale one would only be passed over. */
    static Path place(Path jar, Path folder) throws IOException {
        long of = Files.size(jar) * 31 + Files.getLastModifiedTime(jar).toMillis();
        return folder.resolve("pgcluster-mcp-" + Long.toHexString(of) + "-" + Runtime.version() + ".jsa");
    }

    /** Runs the server once; false where that gave no archive, and the server starts without one. */
    static boolean make(Path java, Path jar, Path archive, List<String> flags, Map<String, String> environment) {
        try {
            Path cache = Objects.requireNonNull(archive.getParent());
            SafeFile.ownFolder(Objects.requireNonNull(cache.getParent()));
            SafeFile.ownFolder(cache);
            Process process = started(java, jar, archive, flags, environment);
            try (var in = process.getOutputStream()) {
                in.write(SESSION.getBytes(StandardCharsets.UTF_8));
            }
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return false;
            }
            return Files.isRegularFile(archive);
        } catch (IOException e) {
            return false; // an archive only saves time
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Process started(
            Path java, Path jar, Path archive, List<String> flags, Map<String, String> environment) throws IOException {
        List<String> command = new ArrayList<>(List.of(java.toString(), "-Xlog:disable"));
        command.addAll(LEAN);
        command.add("-XX:ArchiveClassesAtExit=" + archive);
        command.addAll(List.of("-jar", jar.toString()));
        command.addAll(flags);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        return builder.start();
    }
}
