package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Aside;
import org.pgcluster.testing.Postgres;

/** No reading query outlives who asked for it, whatever way that went. */
@Tag("postgres")
class KilledIT {
    private static final Postgres DATABASE = Postgres.debian15();
    /** Generous, because the machine may be busy; how long an end takes is measured by the bench. */
    private static final long PATIENCE_SECONDS = 30;
    /** Works hard instead of sleeping: a sleep would notice everything. */
    private static final String LONG =
            "SELECT count(*) FROM generate_series(1, 3000) AS a, generate_series(1, 100000) AS b WHERE a % 7 = b % 11";

    private static final String READING = "SELECT count(*) FROM pg_stat_activity"
            + " WHERE application_name = 'pgcluster-mcp read' AND state = 'active'";

    @TempDir
    Path state;

    private Orders orders;

    @BeforeEach
    void fresh_table() throws Exception {
        orders = Orders.on(DATABASE.port());
        orders.awaits(READING, 0);
    }

    @Test
    void a_server_that_is_killed_leaves_no_query_behind() throws Exception {
        try (var server = Server.start(state, false, orders.dsn())) {
            server.begin("execute_sql", "sql", LONG);
            orders.awaits(READING, 1);
            server.process().destroyForcibly().waitFor();
            orders.awaits(READING, 0);
        }
    }

    @Test
    void a_client_that_is_killed_leaves_neither_server_nor_query_behind() throws Exception {
        var client = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Dpgcluster.jar=" + System.getProperty("pgcluster.jar", "target/pgcluster-mcp.jar"),
                        DoomedClient.class.getName(),
                        state.toString(),
                        orders.dsn(),
                        LONG)
                .start();
        try (var said = client.inputReader(StandardCharsets.UTF_8);
                var complaints = client.errorReader(StandardCharsets.UTF_8)) {
            long server = Long.parseLong(Objects.requireNonNull(said.readLine()));
            orders.awaits(READING, 1);
            assertTrue(ProcessHandle.of(server).map(ProcessHandle::isAlive).orElse(false), "the server has gone early");
            // By its handle, for the process itself would close what is read here.
            client.toHandle().destroyForcibly();
            // The server shares the client's stderr, which ends with the last of the two. A process that nobody has
            // waited for yet still has its number, so the number does not tell.
            Aside.supply(() -> complaints.lines().toList()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            orders.awaits(READING, 0);
        } finally {
            client.destroyForcibly();
        }
    }

    @Test
    void the_end_of_the_input_ends_the_query_and_the_process() throws Exception {
        try (var server = Server.start(state, false, orders.dsn())) {
            server.begin("execute_sql", "sql", LONG);
            orders.awaits(READING, 1);
            server.process().getOutputStream().close();
            assertTrue(server.process().waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "the process goes on");
            orders.awaits(READING, 0);
        }
    }
}
