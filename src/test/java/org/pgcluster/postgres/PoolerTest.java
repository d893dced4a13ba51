package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** PgBouncer in transaction mode between the pool and a server, and what happens when either goes away. */
@Tag("postgres")
@Timeout(90)
class PoolerTest {
    private static final Path PGBOUNCER = Path.of("/usr/sbin/pgbouncer");

    private PgServer server;
    private int port;
    private Process bouncer;

    record Seen(int n) {}

    @BeforeEach
    void start() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(PGBOUNCER), "PgBouncer is not installed in " + PGBOUNCER);
        server = PgServer.start();
        port = PgServer.freePort();
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
        bouncer = startBouncer();
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        bouncer.destroyForcibly();
        bouncer.waitFor();
        server.close();
    }

    private Process startBouncer() throws IOException, InterruptedException {
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
        for (int i = 0; i < 100; i++) {
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

    private Database database() {
        return Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", port)), 2));
    }

    private static int ask(Database database) {
        return database.sql(Call.within(Duration.ofSeconds(20)))
                .one(Seen.class, "SELECT 1 AS n")
                .n();
    }

    @Test
    void a_client_that_was_evicted_for_idleness_is_not_told() throws InterruptedException {
        try (var database = database()) {
            assertEquals(1, ask(database));
            Thread.sleep(2500);
            assertEquals(1, ask(database));
        }
    }

    @Test
    void a_restart_of_the_server_behind_it_costs_no_call() throws IOException, InterruptedException {
        try (var database = database()) {
            assertEquals(1, ask(database));
            server.restart();
            assertEquals(1, ask(database));
        }
    }

    @Test
    void a_restart_of_the_pooler_costs_no_call() throws IOException, InterruptedException {
        try (var database = database()) {
            assertEquals(1, ask(database));
            bouncer.destroyForcibly();
            bouncer.waitFor();
            bouncer = startBouncer();
            assertEquals(1, ask(database));
        }
    }

    @Test
    void a_server_that_is_down_behind_it_is_told_and_found_again() throws IOException, InterruptedException {
        try (var database = database()) {
            assertEquals(1, ask(database));
            server.stop();
            var down = assertThrows(ToolException.class, () -> ask(database));
            assertEquals(ErrorCode.CONNECTION_FAILED, down.code(), down.text());
            server.resume();
            // The pooler itself waits this long before it tries again.
            Thread.sleep(1500);
            assertEquals(1, ask(database));
        }
    }

    @Test
    void a_cancel_reaches_the_statement_through_it() {
        try (var database = database()) {
            long before = System.nanoTime();
            var late = assertThrows(
                    ToolException.class,
                    () -> database.sql(Call.within(Duration.ofSeconds(1)))
                            .list(Seen.class, "SELECT 1 AS n FROM pg_sleep(30)"));
            assertEquals(ErrorCode.TIMEOUT, late.code(), late.text());
            assertTrue(Duration.ofNanos(System.nanoTime() - before).toSeconds() < 4);
            assertEquals(1, ask(database));
        }
    }
}
