package org.pgcluster.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.config.Secret;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

class AuditTest {
    private static final String ODD = "a\u2028b\u0000c\u0085\"\\\n\t\ud800 €😀";

    @TempDir
    Path folder;

    private Audit audit(Path file) {
        return new Audit(
                file,
                "db-1",
                "ann",
                Clock.fixed(Instant.parse("2026-11-21T10:00:00Z"), ZoneOffset.UTC),
                new Masks(List.of(new Secret("s3cr3t!"))),
                new SecureRandom());
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        var parser = new ObjectMapper();
        var lines = new ArrayList<JsonNode>();
        for (var line : Files.readAllLines(file)) {
            lines.add(parser.readTree(line));
        }
        return lines;
    }

    private static void writeAll(Entry entry) {
        entry.request("amber-heron-41", "f1");
        entry.approval("amber-heron-41", "ann", "console", "f1");
        entry.start("amber-heron-41", "ann", "console", "f1");
        entry.step(1, 2, "ALTER ROLE a PASSWORD 'x'; -- s3cr3t! " + ODD);
        entry.outcome("done", "Created with s3cr3t!.", "{\"valid\":true,\"dsn\":\"password=x\"}");
        entry.read("done", Duration.ofMillis(12));
    }

    @Test
    void each_event_is_one_line_that_another_parser_reads() throws IOException {
        var file = folder.resolve("state/audit.jsonl");
        var entry = audit(file).entry("claude", "create_index", "prod", "{\"table\":\"a\",\"note\":\"s3cr3t!\"}");
        writeAll(entry);

        var lines = lines(file);
        assertEquals(
                List.of("request", "approval", "start", "step", "outcome", "read"),
                lines.stream().map(line -> line.get("event").asText()).toList());
        for (var line : lines) {
            assertEquals("2026-11-21T10:00:00Z", line.get("time").asText());
            assertEquals(entry.id(), line.get("id").asText());
            assertEquals("db-1", line.get("host").asText());
            assertEquals("ann", line.get("user").asText());
            assertEquals("claude", line.get("client").asText());
            assertEquals("create_index", line.get("tool").asText());
            assertEquals("prod", line.get("cluster").asText());
        }
        assertEquals("a", lines.get(2).get("input").get("table").asText());
        assertEquals("console", lines.get(2).get("how").asText());
        assertEquals("f1", lines.get(2).get("fingerprint").asText());
        assertEquals(
                "ALTER ROLE a PASSWORD '••••'; -- •••• " + ODD,
                lines.get(3).get("statement").asText());
        assertTrue(lines.get(4).get("proof").get("valid").asBoolean());
        assertFalse(Files.readString(file).contains("s3cr3t!"));
        assertFalse(Files.readString(file).contains("password=x"));
    }

    @Test
    void folder_and_file_are_their_owners_alone() throws IOException {
        var file = folder.resolve("state/audit.jsonl");
        writeAll(audit(file).entry("claude", "create_index", "prod", "{}"));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("state"))));
    }

    @Test
    void every_line_that_cannot_be_written_throws() throws IOException {
        var blocked = Files.writeString(folder.resolve("file"), "").resolve("audit.jsonl");
        for (var file : List.of(blocked, folder, Path.of("/dev/full"))) {
            Assumptions.assumeTrue(
                    !file.equals(Path.of("/dev/full")) || Files.exists(file), "this system has no /dev/full");
            var entry = audit(file).entry("claude", "create_index", "prod", "{}");
            var refused = assertThrows(ToolException.class, () -> entry.start("n", "ann", "console", "f"));
            assertEquals(ErrorCode.NOT_CONFIGURED, refused.code());
            assertThrows(ToolException.class, () -> entry.step(1, 1, "x"));
            assertThrows(ToolException.class, () -> entry.read("done", Duration.ZERO));
        }
    }

    @Test
    void a_rotated_file_is_followed() throws IOException {
        var file = folder.resolve("audit.jsonl");
        var entry = audit(file).entry("claude", "create_index", "prod", "{}");
        entry.start("n", "ann", "console", "f");
        Files.move(file, folder.resolve("audit.jsonl.1"));
        entry.step(1, 1, "x");
        assertEquals(1, lines(file).size());
        assertEquals(1, lines(folder.resolve("audit.jsonl.1")).size());
    }

    @Test
    void half_a_line_does_not_swallow_the_next() throws IOException {
        var file = folder.resolve("audit.jsonl");
        var entry = audit(file).entry("claude", "create_index", "prod", "{}");
        entry.start("n", "ann", "console", "f");
        Files.writeString(file, "{\"time\":\"20", StandardOpenOption.APPEND);
        entry.step(1, 1, "x");
        var lines = Files.readAllLines(file);
        assertEquals(3, lines.size());
        assertTrue(new ObjectMapper().readTree(lines.get(2)).has("statement"));
    }

    @Test
    void several_processes_share_the_file_and_no_line_is_torn() throws Exception {
        var file = folder.resolve("audit.jsonl");
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var processes = new ArrayList<Process>();
        for (var host : List.of("one", "two", "three")) {
            processes.add(new ProcessBuilder(
                            java,
                            "-cp",
                            System.getProperty("java.class.path"),
                            Appender.class.getName(),
                            file.toString(),
                            host,
                            "300")
                    .inheritIO()
                    .start());
        }
        for (var process : processes) {
            assertEquals(0, process.waitFor());
        }
        var lines = lines(file);
        assertEquals(900, lines.size());
        assertEquals(
                900,
                lines.stream()
                        .map(line -> line.get("host").asText() + line.get("step"))
                        .distinct()
                        .count());
    }
}
