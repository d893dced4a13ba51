package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** A server whose every process stands still: connections are taken and nobody ever answers. */
@Tag("postgres")
@Timeout(60)
class FrozenServerTest {
    private static final Duration DEADLINE = Duration.ofSeconds(4);

    private static PgServer server;

    record Count(int n) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start();
    }

    @AfterEach
    void thaw() throws IOException, InterruptedException {
        server.thaw();
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static Database database(String sslmode) {
        var plain = server.dsn();
        return Database.of(PgServer.target(
                new Dsn(plain.hosts(), plain.database(), plain.user(), Optional.empty(), Map.of("sslmode", sslmode)),
                2));
    }

    private static int ask(Database database) {
        return database.sql(Call.within(DEADLINE))
                .one(Count.class, "SELECT 1 AS n")
                .n();
    }

    /** Half a second is for a busy machine: a hang would last for ever. */
    private static ToolException failsInTime(Runnable call) {
        long before = System.nanoTime();
        var error = assertThrows(ToolException.class, call::run);
        long took = Duration.ofNanos(System.nanoTime() - before).toMillis();
        assertTrue(took <= DEADLINE.toMillis() + 500, took + " ms: " + error.text());
        return error;
    }

    @ParameterizedTest
    @ValueSource(strings = {"disable", "prefer", "require"})
    void a_new_connection_is_given_up_in_time_and_said_so(String sslmode) throws IOException, InterruptedException {
        try (var database = database(sslmode)) {
            server.freeze();
            var error = failsInTime(() -> ask(database));
            assertEquals(ErrorCode.CONNECTION_FAILED, error.code(), error.text());
            assertTrue(error.text().contains("took the connection and then said nothing"), error.text());
            server.thaw();
            if (!sslmode.equals("require")) {
                assertEquals(1, ask(database));
            }
        }
    }

    /** The driver counts in whole seconds; what is left of a call at its end is less. */
    @ParameterizedTest
    @ValueSource(strings = {"disable", "prefer", "require"})
    void a_login_ends_with_its_call_where_that_has_less_than_a_second(String sslmode)
            throws IOException, InterruptedException {
        try (var database = database(sslmode)) {
            server.freeze();
            long before = System.nanoTime();
            var call = Call.within(Duration.ofMillis(250));
            var error =
                    assertThrows(ToolException.class, () -> database.sql(call).one(Count.class, "SELECT 1 AS n"));
            long took = Duration.ofNanos(System.nanoTime() - before).toMillis();
            assertTrue(took < 800, took + " ms: " + error.text());
            assertEquals(ErrorCode.TIMEOUT, error.code(), error.text());
        }
    }

    @Test
    void pooled_connections_are_given_up_in_time_and_serve_again_afterwards() throws IOException, InterruptedException {
        try (var database = database("disable")) {
            assertEquals(1, ask(database));
            server.freeze();
            failsInTime(() -> ask(database));
            failsInTime(() -> database.capabilities(Call.within(DEADLINE)));
            server.thaw();
            assertEquals(1, ask(database));
        }
    }

    @Test
    void a_statement_that_runs_when_the_server_freezes_ends_at_the_deadline() throws Exception {
        try (var database = database("disable")) {
            assertEquals(1, ask(database));
            var frozen = CompletableFuture.runAsync(
                    () -> {
                        try {
                            server.freeze();
                        } catch (IOException | InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    CompletableFuture.delayedExecutor(700, TimeUnit.MILLISECONDS));
            var error = failsInTime(
                    () -> database.sql(Call.within(DEADLINE)).list(Count.class, "SELECT 1 AS n FROM pg_sleep(9)"));
            frozen.get();
            assertEquals(ErrorCode.TIMEOUT, error.code(), error.text());
            server.thaw();
            assertEquals(1, ask(database));
        }
    }

    @Test
    void an_act_does_not_wait_for_ever_to_connect() throws IOException, InterruptedException {
        var plain = server.dsn();
        var dsn =
                new Dsn(plain.hosts(), plain.database(), plain.user(), Optional.empty(), Map.of("sslmode", "disable"));
        server.freeze();
        var error = failsInTime(() -> Acting.open(PgServer.target(dsn, 1), Call.within(DEADLINE), "frozen"));
        assertEquals(ErrorCode.CONNECTION_FAILED, error.code(), error.text());
    }
}
