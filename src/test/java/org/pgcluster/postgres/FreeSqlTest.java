package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Admitted;
import org.pgcluster.postgres.safety.TextGate;
import org.pgcluster.postgres.safety.Verdict;

@Timeout(60)
class FreeSqlTest {
    static final FreeSql.Budget BUDGET = new FreeSql.Budget(200, 40_000, 4_000);
    private static PgServer server;
    private static Database database;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start();
        server.psql("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int, \"Total\" numeric);"
                + " CREATE TABLE customers (id int, name text, city text)");
        database = Database.of(PgServer.target(server.dsn(), 1));
    }

    @AfterAll
    static void stop() throws IOException {
        database.close();
        server.close();
    }

    private static Admitted ungated(String sql) {
        return new Admitted(sql, sql, false, false, false, false, false, false, 0, sql, sql, List.of(), false);
    }

    static FreeSql.Result run(Database database, String sql) {
        return run(database, sql, new Verdict(true, false, false, List.of(), Optional.empty()));
    }

    static FreeSql.Result run(Database database, String sql, Verdict verdict) {
        return database.free(Call.within(Duration.ofSeconds(20)))
                .run(ungated(sql), List.of(), BUDGET, (connection, snapshot) -> verdict);
    }

    private static @Nullable Object value(String sql) {
        return run(database, "SELECT " + sql).rows().get(0).get(0);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    'NaN'::float8                              | NaN
                    '-Infinity'::float4                        | -Infinity
                    'NaN'::numeric                             | NaN
                    'Infinity'::numeric                        | Infinity
                    'null'::text                               | null
                    '2024-02-29 12:34:56.123456'::timestamp    | 2024-02-29T12:34:56.123456
                    '2024-02-29 12:34:56+02'::timestamptz      | 2024-02-29T10:34:56+00:00
                    '0044-03-15 BC'::date                      | 0044-03-15 BC
                    'infinity'::timestamptz                    | infinity
                    '2024-02-29'::date                         | 2024-02-29
                    '24:00'::time                              | 24:00:00
                    '12:00:00.5+05:30'::timetz                 | 12:00:00.5+05:30
                    '1 year 2 mons 3 days 04:05:06.7'::interval | 1 year 2 mons 3 days 04:05:06.7
                    '\\x00ff'::bytea                           | \\x00ff
                    ARRAY[1, NULL, 3]                          | {1,NULL,3}
                    ROW(1, 'a b', NULL)                        | (1,"a b",)
                    int4range(1, 5)                            | [1,5)
                    '{"a": 1.000000000000000000000001}'::jsonb | {"a": 1.000000000000000000000001}
                    '{"b":1, "a":2}'::json                     | {"b":1, "a":2}
                    '12.50'::money                             | $12.50
                    '10.0.0.1/8'::inet                         | 10.0.0.1/8
                    B'0101'                                    | 0101
                    'a b'::tsvector                            | 'a' 'b'
                    point(1.5, 2)                              | (1.5,2)
                    """)
    void a_value_keeps_the_servers_text(String sql, String text) {
        assertEquals(text, value(sql));
    }

    @Test
    void numbers_and_truth_are_exact() {
        assertEquals(9007199254740993L, value("9007199254740993"));
        assertEquals(new BigDecimal("123456789012345678901234567890.10"), value("123456789012345678901234567890.10"));
        assertEquals(0.1, value("0.1::float8"));
        assertEquals(true, value("true"));
        assertEquals(
                1,
                run(database, "SELECT NULL").rows().get(0).stream()
                        .filter(v -> v == null)
                        .count());
    }

    @Test
    void duplicate_no_and_empty_columns_are_kept() {
        var twice = run(database, "SELECT 1 AS a, 'x' AS a");
        assertEquals(
                List.of("a", "a"),
                twice.columns().stream().map(FreeSql.Column::name).toList());
        assertEquals(List.of(1L, "x"), twice.rows().get(0));
        assertEquals(List.of(List.of()), run(database, "SELECT").rows());
        var empty = run(database, "SELECT 1 AS a WHERE false");
        assertEquals(List.of(new FreeSql.Column("a", "int4")), empty.columns());
        assertTrue(empty.rows().isEmpty() && !empty.more());
    }

    @Test
    void parameters_are_bound_and_question_marks_stay_operators() {
        assertEquals(true, value("'{\"a\":1}'::jsonb ? 'a'"));
        var call = Call.within(Duration.ofSeconds(5));
        var result = database.free(call)
                .run(
                        TextGate.admit("SELECT $2::int, $1::text, $2::int"),
                        List.of("x", "7"),
                        BUDGET,
                        (connection, snapshot) -> new Verdict(true, false, false, List.of(), Optional.empty()));
        assertEquals(List.of(7L, "x", 7L), result.rows().get(0));
    }

    @Test
    void a_billion_rows_and_sixteen_hundred_columns_cost_no_memory() {
        var billion = run(database, "SELECT generate_series(1, 1000000000)");
        assertTrue(billion.more());
        assertEquals(200, billion.rows().size());
        var wide = run(
                database,
                IntStream.rangeClosed(1, 1600)
                        .mapToObj(i -> "n AS c" + i)
                        .collect(Collectors.joining(
                                ", ", "SELECT ", " FROM (SELECT generate_series(1, 100000000) AS n) AS s")));
        assertEquals(1600, wide.columns().size());
        assertTrue(wide.more());
    }

    @Test
    void a_giant_value_is_refused_and_a_long_one_is_cut() {
        var refused = assertThrows(ToolException.class, () -> value("repeat('x', 400000000)"));
        assertEquals(ErrorCode.UNSUPPORTED, refused.code());
        assertTrue(String.valueOf(refused.hint()).contains("left(column, n)"));
        var cut = run(database, "SELECT repeat('x', 10000)");
        assertEquals(1, cut.cutCells());
        assertEquals(4001, String.valueOf(cut.rows().get(0).get(0)).length());
    }

    @Test
    void what_is_larger_than_the_heap_is_cut_or_refused_by_a_process_of_64_megabytes()
            throws IOException, InterruptedException {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process = new ProcessBuilder(
                        java,
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LittleMemory.class.getName(),
                        String.valueOf(server.port()))
                .redirectErrorStream(true)
                .start();
        var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        var ends = printed.lines().toList();
        assertEquals(List.of("cut", "cut"), ends.subList(0, 2), printed);
        assertTrue(ends.get(2).startsWith("UNSUPPORTED Read less of it: left(column, n)"), printed);
    }

    @Test
    void notices_are_kept_without_secrets() {
        var result = run(database, "SELECT set_config('client_min_messages', 'debug1', true)");
        assertTrue(result.more() || result.rows().size() == 1);
        assertEquals("password=•••• x", ServerTexts.masked("password=hunter2 x"));
        assertEquals("postgres://me:••••@h/d", ServerTexts.masked("postgres://me:hunter2@h/d"));
        assertEquals("ALTER ROLE a PASSWORD '••••';", ServerTexts.masked("ALTER ROLE a PASSWORD 'it''s';"));
    }

    @Test
    void what_a_statement_leaves_in_the_session_is_gone_for_the_next() {
        var careless = new Verdict(false, false, false, List.of(), Optional.empty());
        run(database, "SELECT pg_advisory_lock(42)", careless);
        assertEquals(0L, value("count(*) FROM pg_locks WHERE locktype = 'advisory'"));
        var pids = new ArrayList<@Nullable Object>();
        pids.add(value("pg_backend_pid()"));
        run(database, "SELECT 1", new Verdict(false, true, false, List.of(), Optional.empty()));
        pids.add(value("pg_backend_pid()"));
        assertEquals(2, pids.stream().distinct().count());
    }

    @Test
    void a_sandbox_role_is_taken_for_the_statement_alone() {
        var sandboxed = new Verdict(true, false, false, List.of(), Optional.of("pg_read_all_data"));
        assertEquals(
                "pg_read_all_data",
                run(database, "SELECT current_user", sandboxed).rows().get(0).get(0));
        assertEquals("postgres", value("current_user"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    SELECT * FROM custmers                  | NOT_FOUND     | 42P01 | customers
                    SELECT * FROM orders                    | NOT_FOUND     | 42P01 | sales.orders
                    SELECT nam FROM customers               | NOT_FOUND     | 42703 | name
                    SELECT total FROM sales.orders          | NOT_FOUND     | 42703 | "Total"
                    SELECT uper(name) FROM customers        | NOT_FOUND     | 42883 | upper
                    SELECT left(id, 2) FROM customers       | NOT_FOUND     | 42883 | (text,integer)
                    SELECT * FROM customers WHERE id = name | NOT_FOUND     | 42883 | cast
                    SELECT * FROM sale.orders               | NOT_FOUND     | 42P01 | sales.orders
                    SELECT FROM FROM x                      | INVALID_INPUT | 42601 | syntax
                    SELECT 1/0                              | INVALID_INPUT | 22012 | division
                    SELECT convert_from($$\\xff$$, $$UTF8$$) | INVALID_INPUT | 22021 | SQL_ASCII
                    SELECT convert($$\\xe282ac$$, $$UTF8$$, $$LATIN1$$) | INVALID_INPUT | 22P05 | no such character
                    """)
    void an_error_says_what_was_probably_meant(String sql, ErrorCode code, String state, String says) {
        var error = assertThrows(ToolException.class, () -> run(database, sql));
        assertEquals(code, error.code());
        assertEquals(state, error.sqlstate());
        assertTrue((error.text() + " " + error.hint()).contains(says), error.text() + " / " + error.hint());
    }

    @Test
    void an_error_points_at_the_character() {
        assertEquals(
                8,
                assertThrows(ToolException.class, () -> run(database, "SELECT nothing"))
                        .position());
    }

    @Test
    void an_act_commits_rolls_back_and_holds_its_lock() {
        var call = Call.within(Duration.ofSeconds(20));
        var target = PgServer.target(server.dsn(), 1);
        try (var act = Acting.open(target, call, "7f3a");
                var lock = AdvisoryLock.tryTake(target, call, "7f3a", "move").orElseThrow()) {
            assertEquals(
                    "pgcluster-mcp act 7f3a",
                    act.list(Name.class, "SELECT current_setting('application_name') AS name")
                            .get(0)
                            .name());
            act.run("CREATE TABLE acts (n int)");
            assertEquals(2, act.run("INSERT INTO acts VALUES (?), (2)", 1));
            assertThrows(
                    IllegalStateException.class,
                    () -> act.inTransaction(inside -> {
                        inside.run("DELETE FROM acts");
                        throw new IllegalStateException("too many rows");
                    }));
            assertEquals(2L, value("count(*) FROM acts"));
            assertTrue(lock.held());
            assertTrue(AdvisoryLock.tryTake(target, call, "8b", "move").isEmpty());
            act.run("DO $$ BEGIN RAISE WARNING 'password=hunter2'; END $$");
            assertEquals(List.of("password=••••"), act.notices());
        }
    }

    record Name(String name) {}
}
