package org.pgcluster.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A PgBouncer of its own, with the users {@code boss} (admin) and {@code looker} (statistics), password geheim. */
public final class PgBouncerProcess implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;

    private final Process process;
    private final int port;

    private PgBouncerProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    public static void assumeInstalled() {
        Programs.named("pgbouncer");
    }

    public static PgBouncerProcess start(Path folder, String authentication, String... more) throws IOException {
        return before(folder, "host=127.0.0.1 port=1 dbname=app", authentication, more);
    }

    /** {@code target} is where its database {@code app} leads. */
    public static PgBouncerProcess before(Path folder, String target, String authentication, String... more)
            throws IOException {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        readable(folder);
        Path users = Files.writeString(folder.resolve("users.txt"), "\"boss\" \"geheim\"\n\"looker\" \"geheim\"\n");
        Path settings = Files.writeString(folder.resolve("pgbouncer.ini"), """
                [databases]
                app = %s
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = %s
                auth_file = %s
                admin_users = boss
                stats_users = looker
                %s
                """.formatted(
                        target, port, authentication, users, String.join("\n", more)));
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) { // it refuses to run as root
            command.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        command.addAll(List.of(Programs.named("pgbouncer").toString(), settings.toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("pgbouncer.log").toFile())
                .start();
        var started = new PgBouncerProcess(process, port);
        started.awaitPort(folder);
        return started;
    }

    /** A certificate for one name that is its own authority. */
    public static Map<String, Path> certificate(Path folder, String name) throws IOException {
        Path key = folder.resolve("key.pem");
        Path certificate = folder.resolve("certificate.pem");
        Process made = new ProcessBuilder(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=" + name,
                        "-addext",
                        "subjectAltName=DNS:" + name,
                        "-keyout",
                        key.toString(),
                        "-out",
                        certificate.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            Assumptions.assumeTrue(made.waitFor(30, TimeUnit.SECONDS) && made.exitValue() == 0, "openssl made no key");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        return Map.of("key", key, "certificate", certificate);
    }

    private static void readable(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void awaitPort(Path folder) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try (var probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > until) {
                    close();
                    throw new IOException(Files.readString(folder.resolve("pgbouncer.log")), e);
                }
                java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
            }
        }
    }

    public int port() {
        return port;
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
