package org.pgcluster.postgres;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;

/** A PostgreSQL of its own for a test class, on a free port, gone afterwards. */
public final class PgServer implements AutoCloseable {
    private static final Path BINARIES = Path.of("/usr/lib/postgresql/15/bin");

    private static final Path FALSE_CLOCK = Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1");

    private final Path folder;
    private final int port;
    private final List<String> surroundings;

    private PgServer(Path folder, int port, List<String> surroundings) {
        this.folder = folder;
        this.port = port;
        this.surroundings = surroundings;
    }

    public static PgServer start(String... settings) throws IOException, InterruptedException {
        return start(List.of(), settings);
    }

    /** Its clock is ahead by what stands in that file, such as {@code +2h}, from the moment that it is written. */
    public static PgServer startWithClock(Path ahead, String... settings) throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(FALSE_CLOCK), "Debian's faketime is not installed in " + FALSE_CLOCK);
        return start(
                List.of(
                        "LD_PRELOAD=" + FALSE_CLOCK,
                        "FAKETIME_TIMESTAMP_FILE=" + ahead,
                        "FAKETIME_NO_CACHE=1",
                        "FAKETIME_DONT_FAKE_MONOTONIC=1"),
                settings);
    }

    private static PgServer start(List<String> surroundings, String... settings)
            throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(BINARIES), "Debian's PostgreSQL 15 is not installed in " + BINARIES);
        var folder = Files.createTempDirectory(Path.of("/tmp"), "pgaccess-");
        var server = new PgServer(folder, freePort(), surroundings);
        run(List.of("chown", "postgres", folder.toString()), Optional.empty());
        server.asPostgres(
                BINARIES.resolve("initdb").toString(),
                "-D",
                server.data(),
                "-A",
                "trust",
                "-U",
                "postgres",
                "-N",
                "-k",
                "-E",
                "UTF8");
        var configuration = new ArrayList<>(List.of(
                "listen_addresses = '127.0.0.1'",
                "port = " + server.port,
                "unix_socket_directories = '" + folder + "'",
                "fsync = off",
                "timezone = 'America/New_York'",
                "shared_buffers = 32MB"));
        configuration.addAll(List.of(settings));
        Files.writeString(folder.resolve("data/postgresql.auto.conf"), String.join("\n", configuration) + "\n");
        server.resume();
        return server;
    }

    /** A standby of its own folder and port that follows {@code primary}. */
    public static PgServer following(PgServer primary) throws IOException, InterruptedException {
        var folder = Files.createTempDirectory(Path.of("/tmp"), "pgaccess-");
        var server = new PgServer(folder, freePort(), List.of());
        run(List.of("chown", "postgres", folder.toString()), Optional.empty());
        server.asPostgres(
                BINARIES.resolve("pg_basebackup").toString(),
                "-D",
                server.data(),
                "-R",
                "-c",
                "fast",
                "-h",
                "127.0.0.1",
                "-p",
                String.valueOf(primary.port),
                "-U",
                "postgres");
        Files.writeString(
                folder.resolve("data/postgresql.auto.conf"),
                "\nport = " + server.port + "\nunix_socket_directories = '" + folder + "'\n",
                StandardOpenOption.APPEND);
        server.resume();
        return server;
    }

    public void promote() throws IOException, InterruptedException {
        control("promote");
    }

    public static int freePort() throws IOException {
        try (var probe = new ServerSocket(0)) {
            return probe.getLocalPort();
        }
    }

    public int port() {
        return port;
    }

    public Path folder() {
        return folder;
    }

    public void resume() throws IOException, InterruptedException {
        control("start", "-l", folder.resolve("log").toString());
    }

    public void stop() throws IOException, InterruptedException {
        control("stop", "-m", "fast");
    }

    public void restart() throws IOException, InterruptedException {
        control("restart", "-m", "fast", "-l", folder.resolve("log").toString());
    }

    private void control(String action, String... more) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(BINARIES.resolve("pg_ctl").toString(), "-w", "-D", data(), action));
        command.addAll(List.of(more));
        asPostgres(command.toArray(String[]::new));
    }

    /** Every process stands still, as on a host without memory; the kernel still takes connections for it. */
    public void freeze() throws IOException, InterruptedException {
        signal("-STOP");
    }

    public void thaw() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String which) throws IOException, InterruptedException {
        var postmaster = Long.parseLong(
                Files.readAllLines(folder.resolve("data/postmaster.pid")).get(0));
        var pids = new StringBuilder().append(postmaster);
        ProcessHandle.of(postmaster).stream()
                .flatMap(ProcessHandle::children)
                .forEach(child -> pids.append(' ').append(child.pid()));
        // Some of them may just be ending, which is no matter.
        run(List.of("sh", "-c", "kill " + which + " " + pids + " || true"), Optional.empty());
    }

    public void reload() throws IOException, InterruptedException {
        control("reload");
    }

    public void psql(String sql) throws IOException, InterruptedException {
        asPostgres(
                BINARIES.resolve("psql").toString(),
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                folder.toString(),
                "-p",
                String.valueOf(port),
                "-d",
                "postgres",
                "-c",
                sql);
    }

    public void psqlFile(Path script) throws IOException, InterruptedException {
        asPostgres(
                BINARIES.resolve("psql").toString(),
                "-X",
                "-q",
                "-h",
                folder.toString(),
                "-p",
                String.valueOf(port),
                "-d",
                "postgres",
                "-f",
                script.toString());
    }

    Dsn dsn() {
        return dsn(new Address("127.0.0.1", port));
    }

    Dsn dsn(Address... hosts) {
        return new Dsn(List.of(hosts), "postgres", Optional.of("postgres"), Optional.empty(), Map.of());
    }

    static Target target(Dsn dsn, int poolSize) {
        return target(dsn, poolSize, false);
    }

    static Target target(Dsn dsn, int poolSize, boolean allowPlaintext) {
        return new Target(
                "127.0.0.1:" + dsn.hosts().get(0).port(),
                dsn,
                Duration.ofSeconds(3),
                Duration.ofSeconds(30),
                poolSize,
                true,
                "pgcluster-mcp read",
                Duration.ofSeconds(2),
                allowPlaintext,
                true);
    }

    /** A program of the client, as somebody types it who works on this server. */
    public void client(String command) throws IOException, InterruptedException {
        asPostgres("PGHOST=127.0.0.1", "PGPORT=" + port, "PATH=" + BINARIES + ":/usr/bin:/bin", "sh", "-c", command);
    }

    /** Another program of the server, on its data. */
    public void program(String name, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(BINARIES.resolve(name).toString(), "-D", data()));
        command.addAll(List.of(arguments));
        asPostgres(command.toArray(String[]::new));
    }

    private String data() {
        return folder.resolve("data").toString();
    }

    private void asPostgres(String... command) throws IOException, InterruptedException {
        var whole = new ArrayList<>(List.of("runuser", "-u", "postgres", "--", "env"));
        whole.addAll(surroundings);
        whole.addAll(List.of(command));
        run(whole, Optional.of(folder));
    }

    private static void run(List<String> command, Optional<Path> folder) throws IOException, InterruptedException {
        var output = Files.createTempFile("pgaccess", ".out");
        var process = new ProcessBuilder(command)
                .directory(folder.map(Path::toFile).orElse(null))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(command + " failed:\n" + Files.readString(output));
        }
        Files.delete(output);
    }

    @Override
    public void close() throws IOException {
        try {
            control("stop", "-m", "immediate");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            // A test may have stopped it already; the folder goes all the same.
            System.err.println(e.getMessage());
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
