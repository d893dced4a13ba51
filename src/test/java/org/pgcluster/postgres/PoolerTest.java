package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
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
    private PgServer server;
    private Bouncer bouncer;

    record Seen(int n) {}

    @BeforeEach
    void start() throws IOException, InterruptedException {
        server = PgServer.start();
        bouncer = Bouncer.before(server);
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        bouncer.close();
        server.close();
    }

    private Database database() {
        return Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", bouncer.port())), 2));
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
            bouncer.restart();
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
