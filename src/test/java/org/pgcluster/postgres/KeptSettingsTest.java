package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Verdict;

/** Every transaction runs with our settings, whether its session keeps them or is a pooler's and keeps none. */
@Tag("postgres")
@Timeout(60)
class KeptSettingsTest {
    private static final String SETTINGS = """
            SELECT current_setting('transaction_read_only'), current_setting('statement_timeout'),
                   current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
                   current_setting('client_connection_check_interval'), current_setting('TimeZone'),
                   current_setting('DateStyle'), current_setting('IntervalStyle'),
                   current_setting('extra_float_digits'), current_setting('bytea_output'),
                   current_setting('standard_conforming_strings'), current_setting('temp_file_limit')
            """;
    private static final List<Object> USUAL =
            List.of("on", "30s", "2s", "35s", "2s", "UTC", "ISO, MDY", "postgres", "3", "hex", "on", "1GB");
    private static final String FOREIGN = "ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo';"
            + " ALTER ROLE postgres SET IntervalStyle = 'sql_standard'; ALTER ROLE postgres SET bytea_output = 'escape'";

    private static PgServer server;

    record Kept(String style, String path, String zone, String statement) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start();
        server.psql(FOREIGN);
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static List<?> settings(Database database) {
        return run(database, SETTINGS).get(0);
    }

    private static List<? extends List<?>> run(Database database, String sql) {
        return new SafeReading(database, List.of())
                .read(Call.within(Duration.ofSeconds(50)), sql, List.of(), FreeSqlTest.BUDGET)
                .rows();
    }

    @Test
    void a_session_of_our_own_keeps_them_between_other_styles_and_after_a_reset() {
        try (var database = Database.of(PgServer.target(server.dsn(), 1))) {
            assertEquals(USUAL, settings(database));
            var catalogue = database.sql(Call.within(Duration.ofSeconds(50)));
            assertEquals(new Kept("iso_8601", "pg_catalog, pg_temp", "UTC", "30s"), catalogue.one(Kept.class, """
                            SELECT current_setting('IntervalStyle') AS style, current_setting('search_path') AS path,
                                   current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement
                            """));
            assertEquals(USUAL, settings(database));
            var resetting = new Verdict(false, false, false, List.of(), Optional.empty());
            FreeSqlTest.run(database, "SELECT set_config('work_mem', '1MB', false)", resetting);
            assertEquals(USUAL, settings(database));
        }
    }

    @Test
    void a_call_that_ends_before_the_usual_limit_tells_the_server_so() {
        try (var database = Database.of(PgServer.target(server.dsn(), 1))) {
            assertEquals(USUAL, settings(database));
            var call = Call.within(Duration.ofSeconds(9));
            var limit = database.sql(call).one(Limit.class, """
                            SELECT setting::int AS millis FROM pg_settings WHERE name = 'statement_timeout'
                            """);
            assertTrue(limit.millis() > 0 && limit.millis() <= 9000, "not " + limit.millis());
            assertEquals(USUAL, settings(database));
        }
    }

    record Limit(int millis) {}

    @Test
    void constants_are_one_message_with_their_whole_transaction() throws IOException {
        try (var proxy = CuttingProxy.to(server.port());
                var database = Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", proxy.port())), 1))) {
            run(database, "SELECT 1");
            for (var sql : List.of("SELECT 1, 'x;y'", "VALUES (1), (2);", "EXPLAIN SELECT 1")) {
                long before = proxy.messages();
                assertFalse(run(database, sql).isEmpty());
                assertEquals(1, proxy.messages() - before, sql);
            }
            assertEquals(List.of(List.of(2L)), run(database, "SELECT 2 -- and no more"));
            assertEquals(USUAL, settings(database));
        }
    }

    @Test
    void constants_that_the_server_refuses_leave_no_transaction_behind() {
        try (var database = Database.of(PgServer.target(server.dsn(), 1))) {
            run(database, "SELECT 1");
            var refused = assertThrows(ToolException.class, () -> run(database, "SELECT 1, (SELECT 1, 2)"));
            assertEquals("42601", refused.sqlstate(), refused.text());
            assertEquals(List.of(List.of(3L)), run(database, "SELECT 3"));
            assertEquals(USUAL, settings(database));
        }
    }

    @Test
    void a_session_of_a_pooler_gets_them_for_one_transaction_and_keeps_none()
            throws IOException, InterruptedException, SQLException {
        try (var bouncer = Bouncer.before(server)) {
            var target = PgServer.target(server.dsn(new Address("127.0.0.1", bouncer.port())), 1);
            try (var database = Database.of(target)) {
                assertEquals(USUAL, settings(database));
                assertEquals(List.of(List.of(1L)), run(database, "SELECT 1"));
                assertEquals(USUAL, settings(database));
            }
            try (var connection = DriverSettings.of(target).connect(Duration.ofSeconds(10));
                    var statement = connection.createStatement();
                    var row = statement.executeQuery("SELECT current_setting('statement_timeout'),"
                            + " current_setting('bytea_output'), current_setting('temp_file_limit')")) {
                assertTrue(row.next());
                assertEquals("0 escape -1", row.getString(1) + " " + row.getString(2) + " " + row.getString(3));
            }
        }
    }
}
