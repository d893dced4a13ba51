package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A PgBouncer in transaction mode before a server, on a free port. */
public final class Bouncer implements AutoCloseable {
    private static final Path PGBOUNCER = Path.of("/usr/sbin/pgbouncer");

    private final PgServer server;
    private final int port;
    private Process process;

    private Bouncer(PgServer server, int port, Process process) {
        this.server = server;
        this.port = port;
        this.process = process;
    }

    public static Bouncer before(PgServer server) throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(PGBOUNCER), "PgBouncer is not installed in " + PGBOUNCER);
        int port = PgServer.freePort();
        Files.writeString(
                server.folder().resolve("pgbouncer.ini"), """
                [databases]
                * = host=127.0.0.1 port=%d user=postgres
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                default_pool_size = 2
                client_idle_timeout = 1
                server_login_retry = 1
                query_wait_timeout = 5
                logfile = %s/bouncer.log
                """.formatted(server.port(), port, server.folder()));
        return new Bouncer(server, port, started(server, port));
    }

    public int port() {
        return port;
    }

    void restart() throws IOException, InterruptedException {
        close();
        process = started(server, port);
    }

    private static Process started(PgServer server, int port) throws IOException, InterruptedException {
        var started = new ProcessBuilder(
                        "runuser",
                        "-u",
                        "postgres",
                        "--",
                        PGBOUNCER.toString(),
                        server.folder().resolve("pgbouncer.ini").toString())
                .redirectErrorStream(true)
                .redirectOutput(server.folder().resolve("bouncer.out").toFile())
                .start();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (started.isAlive() && System.nanoTime() < until) {
            try (var probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
                assertTrue(probe.isConnected());
                return started;
            } catch (IOException e) {
                // Not yet.
                Thread.sleep(100);
            }
        }
        throw new IOException("PgBouncer did not start");
    }

    @Override
    public void close() throws InterruptedException {
        // runuser does not hand a kill on: what it started would keep the port, and outlive the tests.
        for (var bouncer : process.descendants().toList()) {
            bouncer.destroyForcibly();
            while (bouncer.isAlive()) {
                Thread.sleep(10);
            }
        }
        process.destroyForcibly();
        process.waitFor();
    }
}
