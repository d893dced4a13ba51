package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.testing.Aside;

/** A person's SQL from its text to its rows, with the judge that really decides. */
@Timeout(60)
class SafeReadingTest {
    /** BEGIN with its settings; the role and the statement; ROLLBACK. */
    private static final int REPEATED_READ = 3;

    private static PgServer server;
    private static Database database;
    private static SafeReading reading;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start();
        server.psql("CREATE TABLE things (id int, label text, extra jsonb);"
                + " INSERT INTO things VALUES (1, 'one', '{\"a\": 1}'), (2, 'two', '{\"b\": 2}')");
        database = Database.of(PgServer.target(server.dsn(), 2));
        reading = new SafeReading(database, List.of());
    }

    @AfterAll
    static void stop() throws IOException {
        database.close();
        server.close();
    }

    private static List<List<@Nullable Object>> rows(String sql, @Nullable String... parameters) {
        return reading.read(Call.within(Duration.ofSeconds(20)), sql, Arrays.asList(parameters), FreeSqlTest.BUDGET)
                .rows();
    }

    @Test
    void parameters_take_the_type_that_the_server_infers() {
        assertEquals(List.of(List.of("two")), rows("SELECT label FROM things WHERE id = $1", "2"));
        assertEquals(List.of(List.of(7L, "x", 7L)), rows("SELECT $2::int, $1::text, $2::int", "x", "7"));
        assertEquals(List.of(List.of(true)), rows("SELECT $1::text IS NULL", (String) null));
        assertEquals(List.of(List.of("{1,2}")), rows("SELECT $1::int[]", "{1,2}"));
        assertEquals(2, rows("SELECT id FROM things ORDER BY id LIMIT $1", "5").size());
    }

    @Test
    void operators_with_question_marks_go_along_with_parameters() {
        assertEquals(List.of(List.of(1L)), rows("SELECT id FROM things WHERE extra ? $1", "a"));
        assertEquals(2, rows("SELECT id FROM things WHERE extra ?| $1", "{a,b}").size());
        assertEquals(List.of(), rows("SELECT id FROM things WHERE extra ?& $1 AND id = $2", "{a,b}", "1"));
        assertEquals(
                List.of(List.of("? $1 {d '2020-01-01'}", 3L)),
                rows("SELECT '? $1 {d ''2020-01-01''}' /* ? {fn now()} */, $1::int -- ?", "3"));
        assertEquals(
                List.of(List.of("{d '2020-01-01'} ?", "x")), rows("SELECT $$" + "{d '2020-01-01'} ?$$, $1::text", "x"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    SELECT {d '2020-01-01'}, $1::int | 1
                    SELECT {fn now()}, $1::int       | 1
                    SELECT {d '2020-01-01'} + $1     | 1
                    """)
    void what_only_the_driver_would_understand_is_refused(String sql, String parameter) {
        assertEquals(
                ErrorCode.INVALID_INPUT,
                assertThrows(ToolException.class, () -> rows(sql, parameter)).code());
    }

    @ParameterizedTest(name = "{0} with {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    SELECT $1::int                         | x    | 22P02 | integer
                    SELECT label FROM things WHERE id = $1 | 1.5  | 22P02 | 1.5
                    SELECT $1::date                        | soon | 22007 | soon
                    SELECT $1::int2                        | 99999 | 22003 | 99999
                    SELECT extra -> $1::text FROM things WHERE extra @> $1 | { | 22P02 | json
                    """)
    void a_parameter_that_does_not_fit_is_refused_in_the_servers_words(
            String sql, String parameter, String state, String says) {
        var refused = assertThrows(ToolException.class, () -> rows(sql, parameter));
        assertEquals(ErrorCode.INVALID_INPUT, refused.code());
        assertEquals(state, refused.sqlstate());
        assertTrue(refused.text().contains(says), refused.text());
    }

    @Test
    void values_without_a_place_and_places_without_a_value_are_refused() {
        assertEquals(
                ErrorCode.INVALID_INPUT,
                assertThrows(ToolException.class, () -> rows("SELECT 1", "x")).code());
        assertEquals(
                ErrorCode.INVALID_INPUT,
                assertThrows(ToolException.class, () -> rows("SELECT $1::int, $2::int", "1"))
                        .code());
    }

    @Test
    void a_new_text_costs_three_messages_more_and_a_constant_none() throws IOException {
        try (var proxy = CuttingProxy.to(server.port());
                var remote = Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", proxy.port())), 1))) {
            var judged = new SafeReading(remote, List.of());
            var call = Call.within(Duration.ofSeconds(20));
            judged.read(call, "SELECT label FROM things", List.of(), FreeSqlTest.BUDGET);
            long before = proxy.messages();
            judged.read(call, "SELECT id FROM things", List.of(), FreeSqlTest.BUDGET);
            // The tree, what the catalogue says about it and which of its columns are secret.
            assertEquals(REPEATED_READ + 3, proxy.messages() - before);
            long later = proxy.messages();
            judged.read(call, "SELECT 2, 'x'", List.of(), FreeSqlTest.BUDGET);
            assertEquals(REPEATED_READ, proxy.messages() - later);
        }
    }

    @Test
    void a_remembered_verdict_is_not_judged_again() throws IOException {
        try (var proxy = CuttingProxy.to(server.port());
                var remote = Database.of(PgServer.target(server.dsn(new Address("127.0.0.1", proxy.port())), 1))) {
            var judged = new SafeReading(remote, List.of());
            var call = Call.within(Duration.ofSeconds(20));
            for (var sql : List.of("SELECT 1", "SELECT label FROM things WHERE id = 1")) {
                judged.read(call, sql, List.of(), FreeSqlTest.BUDGET);
                long before = proxy.messages();
                judged.read(call, sql, List.of(), FreeSqlTest.BUDGET);
                assertEquals(REPEATED_READ, proxy.messages() - before, sql);
            }
        }
    }

    private static ToolException stoppedBy(Call call, Thread stopper) throws InterruptedException {
        var running = Aside.supply(() -> reading.read(
                call, "SELECT count(*) FROM generate_series(1, 2000000000)", List.of(), FreeSqlTest.BUDGET));
        stopper.start();
        var failed = assertThrows(ExecutionException.class, running::get);
        stopper.join();
        return assertInstanceOf(ToolException.class, failed.getCause());
    }

    @Test
    void a_client_a_deadline_and_an_administrator_stop_a_statement_each_under_its_own_name()
            throws InterruptedException {
        var mine = Call.within(Duration.ofSeconds(20));
        var cancelled = stoppedBy(mine, later(mine::cancel));
        assertEquals(ErrorCode.CANCELLED, cancelled.code());
        assertTrue(cancelled.text().startsWith("The call was cancelled"), cancelled.text());

        var late = stoppedBy(Call.within(Duration.ofMillis(700)), later(() -> {}));
        assertEquals(ErrorCode.TIMEOUT, late.code());

        var administrator = Database.of(PgServer.target(server.dsn(), 1));
        try (administrator) {
            var others = stoppedBy(
                    Call.within(Duration.ofSeconds(20)),
                    later(() -> administrator
                            .sql(Call.within(Duration.ofSeconds(5)))
                            .list(
                                    Cancelled.class,
                                    "SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity"
                                            + " WHERE query LIKE '%2000000000%' AND pid <> pg_backend_pid()")));
            assertEquals(ErrorCode.CANCELLED, others.code());
            assertTrue(others.text().startsWith("Somebody else cancelled"), others.text());
        }
    }

    record Cancelled(boolean done) {}

    private static Thread later(Runnable action) {
        return new Thread(() -> {
            try {
                Thread.sleep(500);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            action.run();
        });
    }
}
