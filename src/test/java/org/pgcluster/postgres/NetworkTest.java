package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Verdict;

@Tag("postgres")
@Timeout(60)
class NetworkTest {
    private static PgServer server;

    record Count(int n) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start();
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static int ask(Database database) {
        return database.sql(Call.within(Duration.ofSeconds(20)))
                .one(Count.class, "SELECT 1 AS n")
                .n();
    }

    private static Database through(CuttingProxy proxy) {
        return Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", proxy.port())), 2));
    }

    @Test
    void a_cut_or_silent_network_costs_no_call_once_it_works_again() throws IOException {
        try (var proxy = CuttingProxy.to(server.port());
                var database = through(proxy)) {
            assertEquals(1, ask(database));
            proxy.cut();
            assertEquals(1, ask(database));
            proxy.silence();
            long before = System.nanoTime();
            assertEquals(1, ask(database));
            assertTrue(Duration.ofNanos(System.nanoTime() - before).toSeconds() < 6);
        }
    }

    @Test
    void a_proxy_that_hangs_up_is_told_from_a_server_that_is_not_there() throws IOException {
        try (var proxy = CuttingProxy.to(PgServer.freePort());
                var database = through(proxy)) {
            var error = assertThrows(ToolException.class, () -> ask(database));
            assertTrue(error.text().contains("closed it at once"), error.text());
            assertTrue(String.valueOf(error.hint()).contains("failover"), error.hint());
        }
    }

    @Test
    void a_server_that_falls_silent_during_a_statement_is_given_up_at_the_deadline() throws IOException {
        try (var proxy = CuttingProxy.to(server.port());
                var database = through(proxy)) {
            assertEquals(1, ask(database));
            var quiet = new Thread(() -> {
                try {
                    Thread.sleep(300);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                proxy.silence();
            });
            quiet.start();
            long before = System.nanoTime();
            var late = assertThrows(
                    ToolException.class,
                    () -> database.sql(Call.within(Duration.ofSeconds(1)))
                            .list(Count.class, "SELECT 1 AS n FROM pg_sleep(1.5)"));
            assertEquals(ErrorCode.TIMEOUT, late.code());
            assertTrue(Duration.ofNanos(System.nanoTime() - before).toMillis() < 3500);
        }
    }

    @Test
    void a_statement_costs_three_round_trips() throws IOException {
        try (var proxy = CuttingProxy.to(server.port());
                var database = through(proxy)) {
            FreeSqlTest.run(database, "SELECT 1");
            long before = proxy.messages();
            FreeSqlTest.run(database, "SELECT 1");
            assertEquals(3, proxy.messages() - before);
        }
    }

    @Test
    void the_next_of_several_hosts_serves_when_the_first_is_down() throws IOException {
        var dead = new Address("127.0.0.1", PgServer.freePort());
        var dsn = new Dsn(
                List.of(dead, new Address("127.0.0.1", server.port())),
                "postgres",
                Optional.of("postgres"),
                Optional.empty(),
                Map.of("target_session_attrs", "read-write"));
        try (var database = Database.of(PgServer.target(dsn, 1))) {
            assertEquals(1, ask(database));
        }
    }

    @Test
    void a_transaction_pooler_gets_its_session_back_as_it_was() throws IOException, InterruptedException {
        try (var bouncer = Bouncer.before(server);
                var database = Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", bouncer.port())), 2))) {
            var call = Call.within(Duration.ofSeconds(20));
            assertTrue(database.capabilities(call).behindPooler());
            var careless = new Verdict(false, false, false, List.of(), Optional.empty());
            FreeSqlTest.run(database, "SELECT set_config('work_mem', '1MB', true)", careless);
            var left = FreeSqlTest.run(database, "SELECT current_setting('work_mem'), current_setting('search_path')");
            assertEquals("4MB", left.rows().get(0).get(0));
            assertFalse(String.valueOf(left.rows().get(0).get(1)).contains("pg_catalog"));
        }
    }
}
