package org.pgcluster.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A real PostgreSQL server of one version, started once for the test run and stopped at its end. */
public final class Postgres {
    private static final Map<String, Postgres> RUNNING = new ConcurrentHashMap<>();
    private static final Path BINARIES = Path.of("target", "postgres-binaries");
    private static final Path HOME = Path.of(System.getProperty("java.io.tmpdir"), "pgcluster-postgres");
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql/15");

    private final String version;
    private final Path install;
    private final Path data;
    private final int port;

    private Postgres(String version, Path install, Path data, int port) {
        this.version = version;
        this.install = install;
        this.data = data;
        this.port = port;
    }

    /** The versions whose binaries are here, such as 15 and 18, and {@code debian15} where Debian's is installed. */
    public static List<String> available() {
        List<String> found = new ArrayList<>();
        for (String version : List.of("14", "15", "16", "17", "18")) {
            if (Files.exists(archive(version))) {
                found.add(version);
            }
        }
        if (Files.exists(DEBIAN)) {
            found.add("debian15");
        }
        return Collections.unmodifiableList(found);
    }

    public static Postgres version(String version) {
        if (version.equals("debian15")) {
            return debian15();
        }
        Assumptions.assumeTrue(
                Files.exists(archive(version)), "PostgreSQL " + version + " is missing: " + archive(version));
        return RUNNING.computeIfAbsent(
                version, asked -> start(asked, unpacked(asked), "shared_preload_libraries = 'pg_stat_statements'\n"));
    }

    public static Postgres debian15() {
        Assumptions.assumeTrue(Files.exists(DEBIAN), "Debian's PostgreSQL 15 is not installed in " + DEBIAN);
        String preload = hasCitus() ? "citus,pg_stat_statements" : "pg_stat_statements";
        return RUNNING.computeIfAbsent(
                "debian15", asked -> start(asked, DEBIAN, "shared_preload_libraries = '" + preload + "'\n"));
    }

    /**
     * A hot standby that streams from a primary of its own, made of the copy of a server at rest, since these binaries
     * have no pg_basebackup. {@code first} runs on the primary before.
     */
    public static Postgres standby(String version, String... first) {
        String primary = version + " primary";
        RUNNING.computeIfAbsent(primary, asked -> {
            Assumptions.assumeTrue(
                    Files.exists(archive(version)), "PostgreSQL " + version + " is missing: " + archive(version));
            Postgres server = start(version, unpacked(version), "shared_preload_libraries = 'pg_stat_statements'\n");
            try (Connection connection = server.connect("postgres", "postgres");
                    var statement = connection.createStatement()) {
                for (String sql : first) {
                    statement.execute(sql);
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            return server;
        });
        return RUNNING.computeIfAbsent(
                version + " standby", asked -> RUNNING.get(primary).follower());
    }

    private Postgres follower() {
        try {
            Path copy = Files.createTempDirectory(HOME, "data-" + version + "-");
            int free;
            try (ServerSocket socket = new ServerSocket(0)) {
                free = socket.getLocalPort();
            }
            asPostgres("pg_ctl", "-D", data + "/db", "-m", "fast", "-w", "stop");
            run(
                    "sh",
                    "-c",
                    "cp -a '" + data + "/db' '" + copy + "/db' && cd '" + copy + "' && echo \"port = " + free
                            + "\nprimary_conninfo = 'host=127.0.0.1 port=" + port
                            + " user=postgres'\nhot_standby_feedback = on\""
                            + " >> db/postgresql.conf && touch db/standby.signal && chown -R --reference='" + data
                            + "/db' .");
            asPostgres("pg_ctl", "-D", data + "/db", "-l", data + "/log", "-w", "-t", "60", "start");
            Postgres standby = new Postgres(version, install, copy, free);
            standby.asPostgres("pg_ctl", "-D", copy + "/db", "-l", copy + "/log", "-w", "-t", "60", "start");
            Runtime.getRuntime().addShutdownHook(new Thread(standby::stop));
            return standby;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static boolean hasCitus() {
        return Files.exists(DEBIAN.resolve("lib/citus.so"));
    }

    public String version() {
        return version;
    }

    public int port() {
        return port;
    }

    public Path data() {
        return data;
    }

    public Connection connect(String database, String user) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=" + user + "&password=none");
    }

    /** A connection that sends a text as it is, in one piece. */
    public Connection connectWithoutSplitting(String database, String user) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=" + user
                + "&password=none&preferQueryMode=simple");
    }

    private static Path archive(String version) {
        return BINARIES.resolve(version + ".jar");
    }

    private static Path unpacked(String version) {
        Path target = HOME.resolve(version);
        if (!Files.exists(target.resolve("bin/postgres"))) {
            make(target);
            String jar = archive(version).toAbsolutePath().toString();
            run("sh", "-c", "unzip -p '" + jar + "' '*.txz' | tar -xJ -C '" + target + "'");
        }
        return target;
    }

    private static Postgres start(String version, Path install, String settings) {
        try {
            make(HOME);
            Path data = Files.createTempDirectory(HOME, "data-" + version + "-");
            if (isRoot()) {
                run("chown", "postgres", data.toString());
            }
            int port;
            try (ServerSocket free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }
            Postgres server = new Postgres(version, install, data, port);
            server.asPostgres(
                    "initdb", "-N", "-D", data + "/db", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale");
            Path extra = Files.writeString(data.resolve("test.conf"), settings + """
                            port = %d
                            listen_addresses = '127.0.0.1'
                            unix_socket_directories = ''
                            fsync = off
                            wal_level = logical
                            max_prepared_transactions = 5
                            """.formatted(port));
            run("sh", "-c", "cat '" + extra + "' >> '" + data + "/db/postgresql.conf'");
            server.asPostgres("pg_ctl", "-D", data + "/db", "-l", data + "/log", "-w", "-t", "60", "start");
            Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void stop() {
        asPostgres("pg_ctl", "-D", data + "/db", "-m", "immediate", "stop");
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private void asPostgres(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        // PostgreSQL refuses to run as root.
        if (isRoot()) {
            command.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        command.add(install.resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        run(command.toArray(String[]::new));
    }

    private static void run(String... command) {
        try {
            Path output = Files.createTempFile("pgcluster-postgres", ".log");
            Process process = new ProcessBuilder(command)
                    .directory(Path.of("/").toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            boolean ended = process.waitFor(90, TimeUnit.SECONDS);
            String said = Files.readString(output);
            Files.delete(output);
            if (!ended || process.exitValue() != 0) {
                process.destroy();
                throw new IllegalStateException(String.join(" ", command) + ": " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
