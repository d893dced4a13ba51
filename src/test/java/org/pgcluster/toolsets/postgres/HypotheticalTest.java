package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.PgBouncerProcess;
import org.pgcluster.testing.Postgres;

/** Indexes that do not exist, on a real server; what they promise is compared with what is built. */
@Tag("postgres")
class HypotheticalTest {
    private static final String SQL = "SELECT count(*) FROM imagined.orders WHERE customer = 7";

    @TempDir
    Path state;

    private Trial trial(String... more) throws SQLException {
        Trial trial = Trial.on(Postgres.debian15(), state, more);
        boolean there = trial.one("SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg'")
                .equals("1");
        if (!there) {
            trial.close();
        }
        Assumptions.assumeTrue(there, "hypopg is not installed for PostgreSQL 15");
        trial.sql(
                "CREATE EXTENSION IF NOT EXISTS hypopg",
                "DROP SCHEMA IF EXISTS imagined CASCADE",
                "CREATE SCHEMA imagined",
                "CREATE TABLE imagined.orders AS SELECT n AS id, n % 5000 AS customer, n % 5 AS status,"
                        + " 'o' || n AS name FROM generate_series(1, 100000) AS n",
                "ANALYZE imagined.orders");
        return trial;
    }

    private static Map<String, Object> index(Object... parts) {
        Map<String, Object> index = new LinkedHashMap<>();
        for (int at = 0; at < parts.length; at += 2) {
            index.put((String) parts[at], parts[at + 1]);
        }
        return index;
    }

    private static Answer with(Trial trial, String sql, Map<String, Object> index) {
        return trial.call("explain_query", "sql", sql, "hypothetical_indexes", List.of(index));
    }

    private static double cost(Map<?, ?> answer) {
        return ((Number) Objects.requireNonNull(answer.get("total_cost"))).doubleValue();
    }

    @Test
    void what_is_imagined_costs_what_the_real_index_costs_then() throws SQLException {
        try (Trial trial = trial("--pool-size", "1")) {
            Map<?, ?> told = with(trial, SQL, index("table", "imagined.orders", "columns", List.of("customer")))
                    .structured();
            Map<?, ?> imagined = Trial.map(told.get("with_indexes"));
            Map<?, ?> row = Trial.map(Trial.list(imagined.get("indexes")).get(0));
            assertEquals(true, row.get("used"));
            assertTrue(String.valueOf(imagined.get("tree")).contains("hypothetical_1"), imagined.toString());
            assertEquals(cost(trial.read("explain_query", "sql", SQL)), cost(told));
            trial.sql("CREATE INDEX ON imagined.orders (customer)", "ANALYZE imagined.orders");
            double built = cost(trial.read("explain_query", "sql", SQL));
            assertTrue(cost(imagined) < cost(told) / 5, imagined.toString());
            assertTrue(cost(imagined) < 3 * built && built < 3 * cost(imagined), cost(imagined) + " and " + built);
            long bytes = Long.parseLong(trial.one("SELECT pg_relation_size('imagined.orders_customer_idx')"));
            long promised = ((Number) Objects.requireNonNull(row.get("bytes"))).longValue();
            assertTrue(promised < 4 * bytes && bytes < 4 * promised, promised + " and " + bytes);
        }
    }

    @Test
    void behind_a_pooler_nothing_imagined_is_left_to_who_comes_next() throws SQLException, IOException {
        PgBouncerProcess.assumeInstalled();
        try (Trial plain = trial()) {
            String target = "host=127.0.0.1 port=" + Postgres.debian15().port() + " dbname=postgres user=postgres";
            Path folder = Files.createTempDirectory("pgcluster-pooler");
            try (PgBouncerProcess pooler = PgBouncerProcess.before(
                            folder, target, "any", "pool_mode = transaction", "default_pool_size = 1");
                    Trial pooled = Trial.on(
                            Postgres.debian15(),
                            state,
                            "--coordinator-dsn",
                            "postgres://boss@127.0.0.1:" + pooler.port() + "/app")) {
                Map<String, Object> index = index("table", "imagined.orders", "columns", List.of("customer"));
                Answer told = with(pooled, SQL, index);
                assertTrue(told.text().contains("takes it"), told.text());
                assertEquals(0, leftInTheOneProcess(pooler));
                assertTrue(with(pooled, SQL, index("table", "imagined.orders", "columns", List.of("1 + 1")))
                        .isError());
                assertEquals(0, leftInTheOneProcess(pooler));
                assertEquals(
                        cost(plain.read("explain_query", "sql", SQL)), cost(pooled.read("explain_query", "sql", SQL)));
            }
        }
    }

    /** The pooler has one connection, so that the next client meets the process that imagined. */
    private static int leftInTheOneProcess(PgBouncerProcess pooler) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + pooler.port() + "/app?user=boss&prepareThreshold=0";
        try (var next = DriverManager.getConnection(url);
                var statement = next.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM hypopg()")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void an_index_that_does_not_help_is_shown_as_not_taken() throws SQLException {
        try (Trial trial = trial()) {
            Map<?, ?> imagined = Trial.map(
                    with(trial, SQL, index("table", "imagined.orders", "columns", List.of("status"), "using", "hash"))
                            .structured()
                            .get("with_indexes"));
            assertTrue(String.valueOf(imagined.get("indexes")).contains("used=false"), imagined.toString());
        }
    }

    @Test
    void open_parameters_and_given_ones_are_both_planned() throws SQLException {
        try (Trial trial = trial()) {
            String sql = "SELECT * FROM imagined.orders WHERE customer = $1 AND name = $2";
            Map<String, Object> index = index("table", "imagined.orders", "columns", List.of("customer"));
            assertTrue(with(trial, sql, index).structured().toString().contains("$1"));
            Answer given = trial.call(
                    "explain_query", "sql", sql, "params", List.of(3, "it's"), "hypothetical_indexes", List.of(index));
            assertTrue(given.structured().toString().contains("'it''s'"), given.text());
            Answer few = trial.call(
                    "explain_query", "sql", sql, "params", List.of(3), "hypothetical_indexes", List.of(index));
            assertTrue(few.isError() && few.text().contains("2 parameters and 1 values"), few.text());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "customer) ; DROP TABLE imagined.orders; --",
                "customer) WHERE (imagined.harm(1) = 1",
                "customer imagined.my_ops",
                "customer /* x */",
                "customer, status",
                "1 + 1",
                "(SELECT 1)",
                "(imagined.harm(1))",
                "imagined.harm(1)",
                ""
            })
    void no_text_gets_past_the_gate_as_a_column(String column) throws SQLException {
        try (Trial trial = trial()) {
            harmful(trial);
            Answer answer = with(trial, SQL, index("table", "imagined.orders", "columns", List.of(column)));
            assertTrue(answer.isError(), answer.text());
            assertFalse(answer.text().contains("it ran"), answer.text());
        }
    }

    @Test
    void neither_a_predicate_nor_a_table_nor_an_include_runs_anything() throws SQLException {
        try (Trial trial = trial()) {
            harmful(trial);
            for (Map<String, Object> index : List.of(
                    index("table", "imagined.orders", "columns", List.of("id"), "where", "imagined.harm(1) = 1"),
                    index("table", "imagined.orders", "columns", List.of("id"), "where", "true) ; SELECT (1"),
                    index("table", "imagined.orders (id); --", "columns", List.of("id")),
                    index("table", "imagined.orders", "columns", List.of("id"), "using", "btree (id); --"),
                    index("table", "imagined.orders", "columns", List.of("id"), "include", List.of("id), (id")))) {
                Answer answer = with(trial, SQL, index);
                assertTrue(answer.isError(), answer.text());
                assertFalse(answer.text().contains("it ran"), answer.text());
            }
            assertEquals("100000", trial.one("SELECT count(*) FROM imagined.orders"));
        }
    }

    private static void harmful(Trial trial) throws SQLException {
        trial.sql("CREATE FUNCTION imagined.harm(int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
                + " AS $$BEGIN RAISE EXCEPTION 'it ran'; END$$");
    }

    @Test
    void to_run_what_does_not_exist_is_refused_with_the_reason() throws SQLException {
        try (Trial trial = trial()) {
            Answer answer = trial.call(
                    "explain_query",
                    "sql",
                    SQL,
                    "analyze",
                    true,
                    "hypothetical_indexes",
                    List.of(index("table", "imagined.orders", "columns", List.of("id"))));
            assertTrue(answer.isError() && answer.text().contains("cannot be run"), answer.text());
        }
    }

    @Test
    void without_hypopg_it_says_how_to_get_it() throws SQLException {
        try (Trial trial = Trial.on(Postgres.version("15"), state)) {
            trial.sql("DROP TABLE IF EXISTS plain_orders", "CREATE TABLE plain_orders (id int)");
            Answer answer =
                    with(trial, "SELECT * FROM plain_orders", index("table", "plain_orders", "columns", List.of("id")));
            assertTrue(answer.isError() && answer.text().contains("CREATE EXTENSION hypopg"), answer.text());
            assertTrue(answer.text().contains("NOT_CONFIGURED"), answer.text());
        }
    }
}
