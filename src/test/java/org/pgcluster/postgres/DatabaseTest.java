package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.testing.Aside;

@Timeout(60)
class DatabaseTest {
    private static PgServer server;
    private Database database;

    record Count(int n) {}

    record Text(String text) {}

    enum Kind {
        READ_WRITE,
        OTHER
    }

    record Everything(
            int small,
            long big,
            double real,
            boolean truth,
            BigDecimal exact,
            Instant moment,
            Duration span,
            Kind kind,
            List<String> names,
            List<Long> numbers,
            Optional<String> maybe,
            @Nullable String absent) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start();
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    @BeforeEach
    void open() {
        database = Database.of(PgServer.target(server.dsn(), 2));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static Call call() {
        return Call.within(Duration.ofSeconds(20));
    }

    @Test
    void rows_become_records_by_name() {
        var row = database.sql(call()).one(Everything.class, """
                        SELECT 1 AS small, 9223372036854775807 AS big, 0.5::float8 AS real, true AS truth,
                               123456789012345678901234567890.5 AS exact,
                               '2024-02-29 12:34:56.123456+02'::timestamptz AS moment,
                               interval '1 day 1.5 s' AS span, 'read-write' AS kind,
                               ARRAY['a', 'b "c"', '{d,e}', 'NULL'] AS names, '{1,2}'::int8[] AS numbers,
                               NULL AS maybe, NULL::text AS absent
                        """);
        assertEquals(Long.MAX_VALUE, row.big());
        assertEquals(new BigDecimal("123456789012345678901234567890.5"), row.exact());
        assertEquals(Instant.parse("2024-02-29T10:34:56.123456Z"), row.moment());
        assertEquals(Duration.ofDays(1).plusMillis(1500), row.span());
        assertEquals(Kind.READ_WRITE, row.kind());
        assertEquals(List.of("a", "b \"c\"", "{d,e}", "NULL"), row.names());
        assertEquals(List.of(1L, 2L), row.numbers());
        assertEquals(Optional.empty(), row.maybe());
        assertNull(row.absent());
    }

    @Test
    void a_missing_a_surplus_and_a_null_column_fail_loudly() {
        var sql = database.sql(call());
        var wrong = assertThrows(IllegalStateException.class, () -> sql.list(Count.class, "SELECT 1 AS m"));
        assertTrue(String.valueOf(wrong.getMessage()).contains("missing [n], surplus [m]"));
        assertThrows(IllegalStateException.class, () -> sql.list(Count.class, "SELECT 1 AS n, 2 AS m"));
        assertThrows(IllegalStateException.class, () -> sql.list(Count.class, "SELECT NULL::int AS n"));
        assertEquals(List.of(new Count(3)), sql.list(Count.class, "SELECT 3 AS n"));
    }

    @Test
    void parameters_take_the_type_that_the_server_infers() {
        var sql = database.sql(call());
        assertEquals(
                List.of(new Count(2), new Count(3)),
                sql.list(
                        Count.class,
                        "SELECT n FROM generate_series(1, ?) AS n WHERE n = ANY (?) ORDER BY n LIMIT ?",
                        5,
                        List.of(2, 3),
                        10));
        assertEquals(
                Optional.empty(), sql.ifAny(Count.class, "SELECT 1 AS n WHERE ?::text IS NOT NULL", (Object) null));
    }

    @Test
    void nothing_can_be_written_and_nothing_is_left_set() {
        var sql = database.sql(call());
        var refused = assertThrows(ToolException.class, () -> sql.list(Count.class, "CREATE TABLE t (n int)"));
        assertEquals(ErrorCode.NOT_ALLOWED, refused.code());
        assertEquals("25006", refused.sqlstate());
        assertEquals(
                "pg_catalog, pg_temp",
                sql.one(Text.class, "SELECT current_setting('search_path') AS text")
                        .text());
        assertEquals(
                "\"$user\", public",
                sql.withSearchPathOfLogin()
                        .one(Text.class, "SELECT current_setting('search_path') AS text")
                        .text());
        assertEquals(
                "2s",
                sql.one(Text.class, "SELECT current_setting('client_connection_check_interval') AS text")
                        .text());
        assertEquals(
                "pgcluster-mcp read",
                sql.one(Text.class, "SELECT current_setting('application_name') AS text")
                        .text());
    }

    @Test
    void a_restart_between_two_calls_is_not_noticed() throws IOException, InterruptedException {
        assertEquals(1, database.sql(call()).one(Count.class, "SELECT 1 AS n").n());
        server.restart();
        assertEquals(2, database.sql(call()).one(Count.class, "SELECT 2 AS n").n());
    }

    @Test
    void a_server_that_is_down_is_told_at_once_and_found_again_when_it_is_up()
            throws IOException, InterruptedException {
        assertEquals(1, database.sql(call()).one(Count.class, "SELECT 1 AS n").n());
        server.stop();
        long before = System.nanoTime();
        var down = assertThrows(ToolException.class, () -> database.sql(call()).one(Count.class, "SELECT 1 AS n"));
        assertEquals(ErrorCode.CONNECTION_FAILED, down.code());
        assertTrue(Duration.ofNanos(System.nanoTime() - before).toMillis() < 1000);
        server.resume();
        assertEquals(2, database.sql(call()).one(Count.class, "SELECT 2 AS n").n());
    }

    @Test
    void a_cancel_ends_the_statement_within_a_second() throws Exception {
        var call = call();
        var slow = Aside.supply(() -> assertThrows(
                ToolException.class, () -> database.sql(call).list(Text.class, "SELECT pg_sleep(15)::text AS text")));
        Thread.sleep(500);
        long before = System.nanoTime();
        call.cancel();
        var cancelled = slow.get(5, TimeUnit.SECONDS);
        assertEquals(ErrorCode.CANCELLED, cancelled.code());
        assertTrue(cancelled.text().contains("its statement on 127.0.0.1"), cancelled.text());
        assertEquals("Call again if it is still wanted.", cancelled.hint());
        assertTrue(Duration.ofNanos(System.nanoTime() - before).toMillis() < 1000);
        assertEquals(1, database.sql(call()).one(Count.class, "SELECT 1 AS n").n());
    }

    @Test
    void a_cancel_that_comes_between_two_statements_stops_the_next() {
        var call = call();
        long before = System.nanoTime();
        var cancelled = assertThrows(
                ToolException.class,
                () -> database.read(call, Opening.Style.OPEN, (connection, snapshot, lease) -> {
                    call.cancel();
                    try (var statement = connection.createStatement()) {
                        return statement.execute("SELECT pg_sleep(15)");
                    }
                }));
        assertEquals(ErrorCode.CANCELLED, cancelled.code());
        assertTrue(Duration.ofNanos(System.nanoTime() - before).toMillis() < 1000);
    }

    @Test
    void the_deadline_ends_the_statement() {
        var call = Call.within(Duration.ofMillis(400));
        long before = System.nanoTime();
        var late = assertThrows(
                ToolException.class, () -> database.sql(call).list(Text.class, "SELECT pg_sleep(15)::text AS text"));
        assertEquals(ErrorCode.TIMEOUT, late.code());
        assertTrue(Duration.ofNanos(System.nanoTime() - before).toMillis() < 1400);
    }

    @Test
    void a_full_pool_answers_at_the_deadline_and_the_reserve_still_serves() throws Exception {
        var holder = call().named("execute_sql on default");
        var holders = new ArrayList<CompletableFuture<Void>>();
        for (int i = 0; i < 2; i++) {
            holders.add(Aside.run(() -> assertThrows(
                    ToolException.class,
                    () -> database.sql(holder).list(Text.class, "SELECT pg_sleep(15)::text AS text"))));
        }
        Thread.sleep(500);
        var full = assertThrows(
                ToolException.class,
                () -> database.sql(Call.within(Duration.ofMillis(300))).one(Count.class, "SELECT 1 AS n"));
        assertEquals(ErrorCode.TIMEOUT, full.code());
        assertTrue(full.text().contains("No connection to 127.0.0.1:"), full.text());
        assertTrue(
                full.text().contains("execute_sql on default for 0 s, execute_sql on default for 0 s."), full.text());
        assertEquals(
                1,
                database.reserved()
                        .sql(call())
                        .one(Count.class, "SELECT 1 AS n")
                        .n());
        var waiting = call();
        var gone = Aside.supply(() ->
                assertThrows(ToolException.class, () -> database.sql(waiting).one(Count.class, "SELECT 1 AS n")));
        waiting.cancel();
        assertEquals(ErrorCode.CANCELLED, gone.get(5, TimeUnit.SECONDS).code());
        holder.cancel();
        for (var one : holders) {
            one.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void capabilities_are_asked_once_and_again_after_a_restart() throws IOException, InterruptedException {
        var first = database.capabilities(call());
        assertTrue(first.superuser() && first.atLeast(14) && !first.standby() && !first.behindPooler());
        assertTrue(first.has("plpgsql"));
        assertFalse(first.citusAtLeast(12, 0));
        assertSame(first, database.capabilities(call()));
        server.restart();
        database.sql(call()).one(Count.class, "SELECT 2 AS n");
        assertNotSame(first, database.capabilities(call()));
    }

    @Test
    void a_unix_socket_works_like_an_address() {
        var target = PgServer.target(server.dsn(new Address(server.folder().toString(), server.port())), 1);
        try (var local = Database.of(target)) {
            assertEquals(7, local.sql(call()).one(Count.class, "SELECT 7 AS n").n());
            var rows = local.sql(call())
                    .list(Text.class, "SELECT repeat('x', 100000) AS text FROM generate_series(1, 50)");
            assertEquals(50, rows.size());
            var late = assertThrows(
                    ToolException.class,
                    () -> local.sql(Call.within(Duration.ofMillis(300)))
                            .list(Text.class, "SELECT pg_sleep(9)::text AS text"));
            assertEquals(ErrorCode.TIMEOUT, late.code());
        }
    }
}
