package org.pgcluster.toolsets.citus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A disk of a few hundred kilobytes on which a server puts every new table: what does not fit fails as on any full disk.
 * The tablespace lies inside the data directory, so that a replica has one of its own; only the primary's is small.
 */
final class TightDisk implements AutoCloseable {
    private final String dsn;
    private final Path mounted;

    private TightDisk(String dsn, Path mounted) {
        this.dsn = dsn;
        this.mounted = mounted;
    }

    /** Needs root, as it mounts something. */
    static TightDisk on(String dsn, String size) throws SQLException, IOException, InterruptedException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "to mount a small disk takes root");
        try (Connection connection = CitusLab.connectTo(dsn)) {
            if (CitusLab.psql(connection, "SELECT 1 FROM pg_tablespace WHERE spcname = 'tight'")
                    .isEmpty()) {
                CitusLab.psql(connection, "SET allow_in_place_tablespaces = on");
                CitusLab.psql(connection, "CREATE TABLESPACE tight LOCATION ''");
                CitusLab.psql(connection, "GRANT CREATE ON TABLESPACE tight TO public");
            }
            Path folder = Path.of(CitusLab.psql(
                            connection,
                            "SELECT current_setting('data_directory') || '/pg_tblspc/' || oid FROM pg_tablespace"
                                    + " WHERE spcname = 'tight'")
                    .get(0));
            String inside;
            try (var files = Files.list(folder)) {
                inside = files.findFirst().orElseThrow().getFileName().toString();
            }
            run("mount", "-t", "tmpfs", "-o", "size=" + size + ",uid=" + owner(folder) + ",mode=700", "tight", folder);
            Path again = Files.createDirectory(folder.resolve(inside));
            run("chown", "--reference=" + folder, again);
            CitusLab.psql(connection, "ALTER SYSTEM SET default_tablespace = 'tight'");
            CitusLab.psql(connection, "SELECT pg_reload_conf()");
            return new TightDisk(dsn, folder);
        }
    }

    private static Object owner(Path folder) throws IOException {
        return Files.getAttribute(folder, "unix:uid");
    }

    private static void run(Object... words) throws IOException, InterruptedException {
        List<String> command =
                java.util.Arrays.stream(words).map(String::valueOf).toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command + ": " + said);
        }
    }

    /** What fitted goes where there is room, before the disk is taken away. */
    @Override
    public void close() throws SQLException, IOException, InterruptedException {
        try (Connection connection = CitusLab.connectTo(dsn)) {
            CitusLab.psql(connection, "ALTER SYSTEM RESET default_tablespace");
            CitusLab.psql(connection, "SELECT pg_reload_conf()");
            CitusLab.psql(connection, "SET default_tablespace = ''");
            CitusLab.psql(connection, "SET citus.enable_ddl_propagation = off");
            CitusLab.psql(connection, "SET citus.enable_manual_changes_to_shards = on");
            CitusLab.psql(connection, "ALTER TABLE ALL IN TABLESPACE tight SET TABLESPACE pg_default");
            CitusLab.psql(connection, "ALTER INDEX ALL IN TABLESPACE tight SET TABLESPACE pg_default");
            CitusLab.psql(connection, "CHECKPOINT");
        }
        run("umount", "-l", mounted);
    }
}
