package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.testing.Postgres;

/** A server of Citus on a disk of its own that fills up. */
@Tag("slow")
class DiskNearlyFullTest {
    private static final long DISK = 400L << 20;

    @TempDir
    Path state;

    private static void run(Object... words) throws Exception {
        List<String> command = List.of(words).stream().map(String::valueOf).toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), command + ": " + said);
    }

    private static String wal(Trial trial) {
        return String.valueOf(trial.read("analyze_db_health", "checks", "wal").get("findings"));
    }

    @Test
    void what_is_left_of_the_disk_is_told_before_it_is_gone() throws Exception {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "to mount a small disk takes root");
        Assumptions.assumeTrue(Postgres.hasCitus(), "Citus is not installed for PostgreSQL 15");
        try (PgServer server = PgServer.start("shared_preload_libraries = 'citus'")) {
            server.psql("CREATE EXTENSION citus");
            server.stop();
            Path data = server.folder().resolve("data");
            Path before = server.folder().resolve("before");
            Files.move(data, before);
            Files.createDirectory(data);
            run("mount", "-t", "tmpfs", "-o", "size=" + DISK, "small", data);
            try {
                run("cp", "-a", before + "/.", data);
                run("chown", "--reference=" + before, data);
                run("chmod", "700", data);
                server.resume();
                try (Trial trial = Trial.at("postgres", server.port(), state)) {
                    assertFalse(wal(trial).contains("disk_nearly_full"), wal(trial));
                    long free = Files.getFileStore(data).getUsableSpace();
                    run("fallocate", "-l", free - DISK * 7 / 100, data.resolve("filler"));
                    assertTrue(wal(trial).contains("disk_nearly_full, severity=warning"), wal(trial));
                    run("fallocate", "-l", free - DISK * 3 / 100, data.resolve("filler"));
                    assertTrue(wal(trial).contains("disk_nearly_full, severity=critical"), wal(trial));
                } finally {
                    server.stop();
                }
            } finally {
                run("umount", data);
                Files.delete(data);
                Files.move(before, data);
                server.resume();
            }
        }
    }
}
