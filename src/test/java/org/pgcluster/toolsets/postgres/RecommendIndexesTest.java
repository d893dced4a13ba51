package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
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
import org.pgcluster.testing.Postgres;

/** Advice is followed, and the server's plans for what is really there are compared with what was promised. */
@Tag("postgres")
class RecommendIndexesTest {
    private static final Path TABLES = Path.of("bench/advice/tables.sql");
    private static final Path QUERIES = Path.of("bench/advice/queries.sql");
    private static final List<String> TRIED =
            List.of("a04", "a06", "a08", "a10", "o01", "o02", "o04", "o06", "o07", "o11", "o13", "o14", "o20");

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
                "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
                "DROP SCHEMA IF EXISTS market CASCADE",
                "CREATE SCHEMA market",
                "ALTER ROLE postgres SET search_path = market, public",
                "ALTER ROLE postgres SET jit = off",
                "ALTER ROLE postgres SET max_parallel_workers_per_gather = 0");
        return trial;
    }

    /** The market of the bench, a twentieth of its size. */
    private static void load(Trial trial) throws SQLException, IOException {
        String tables = Files.readString(TABLES).replace("{scale}", "0.05").replace("VACUUM ANALYZE", "ANALYZE");
        trial.sql(tables.replaceAll("(?m)^--.*$", "").split(";\n", -1));
    }

    private static Map<String, String> queries() throws IOException {
        Map<String, String> queries = new LinkedHashMap<>();
        String name = "";
        for (String line : Files.readAllLines(QUERIES)) {
            if (line.matches("-- [ao]\\d\\d .*")) {
                name = line.substring(3, 6);
            } else if (!line.startsWith("--")) {
                queries.put(name, line.replaceFirst(";$", ""));
            }
        }
        queries.keySet().retainAll(TRIED);
        return queries;
    }

    private static List<Map<?, ?>> rows(Map<?, ?> answer, String field) {
        List<Map<?, ?>> rows = new ArrayList<>();
        Trial.list(answer.get(field)).forEach(row -> rows.add(Trial.map(row)));
        return rows;
    }

    private static double number(Map<?, ?> row, String field) {
        return ((Number) Objects.requireNonNull(row.get(field), () -> field + " in " + row)).doubleValue();
    }

    private static double cost(Trial trial, String sql) throws SQLException {
        String plan = trial.one("EXPLAIN (FORMAT JSON) " + sql);
        return Double.parseDouble(plan.replaceFirst("(?s).*?\"Total Cost\": ([\\d.]+).*", "$1"));
    }

    @Test
    void what_is_advised_brings_what_was_promised_and_nothing_in_it_is_idle() throws SQLException, IOException {
        try (Trial trial = trial()) {
            load(trial);
            Map<String, String> queries = queries();
            assertEquals(TRIED.size(), queries.size());
            Map<?, ?> advice = trial.read("recommend_indexes", "queries", List.copyOf(queries.values()));
            List<Map<?, ?>> recommended = rows(advice, "recommended");
            assertTrue(recommended.size() >= 5, advice.toString());
            Map<String, Double> before = costs(trial, queries);
            int at = 0;
            for (Map<?, ?> one : recommended) {
                String ddl = String.valueOf(one.get("index"));
                assertTrue(ddl.startsWith("CREATE INDEX CONCURRENTLY ON market."), ddl);
                trial.sql(ddl.replace("CREATE INDEX CONCURRENTLY", "CREATE INDEX advised_" + at++));
            }
            trial.sql("ANALYZE");
            Map<String, Double> after = costs(trial, queries);
            for (Map<?, ?> statement : rows(advice, "statements")) {
                int number = Integer.parseInt(String.valueOf(statement.get("q")).substring(1));
                String name = List.copyOf(queries.keySet()).get(number - 1);
                double promised = number(statement, "after");
                double found = Objects.requireNonNull(after.get(name));
                assertTrue(found < 2 * promised + 30, name + " costs " + found + ", promised was " + promised);
                assertTrue(found < Objects.requireNonNull(before.get(name)), name);
            }
            double all =
                    after.values().stream().mapToDouble(Double::doubleValue).sum();
            assertTrue(
                    all
                            < 0.6
                                    * before.values().stream()
                                            .mapToDouble(Double::doubleValue)
                                            .sum(),
                    after.toString());
            for (int index = 0; index < at; index++) {
                assertTrue(
                        without(trial, "advised_" + index, queries) > all,
                        recommended.get(index).toString());
            }
        }
    }

    private static Map<String, Double> costs(Trial trial, Map<String, String> queries) throws SQLException {
        Map<String, Double> costs = new LinkedHashMap<>();
        for (Map.Entry<String, String> query : queries.entrySet()) {
            costs.put(query.getKey(), cost(trial, query.getValue()));
        }
        return costs;
    }

    private static double without(Trial trial, String index, Map<String, String> queries) throws SQLException {
        double all = 0;
        try (var connection = trial.connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("DROP INDEX market." + index);
            for (String query : queries.values()) {
                try (var plan = statement.executeQuery("EXPLAIN " + query)) {
                    plan.next();
                    all += Double.parseDouble(plan.getString(1).replaceFirst(".*?\\.\\.([\\d.]+).*", "$1"));
                }
            }
            connection.rollback();
        }
        return all;
    }

    @Test
    void the_next_step_is_a_call_that_create_index_takes() throws SQLException {
        try (Trial trial = trial("--pool-size", "1")) {
            trial.sql(
                    "CREATE TABLE market.\"Odd Name\" AS SELECT n AS id, n % 3000 AS \"Key\", n % 300 = 0 AS rare,"
                            + " 'Text ' || n AS word FROM generate_series(1, 60000) AS n",
                    "ANALYZE");
            Map<?, ?> advice = trial.read(
                    "recommend_indexes",
                    "queries",
                    List.of(
                            "SELECT id FROM \"Odd Name\" WHERE \"Key\" = 5 AND id > 100",
                            "SELECT count(*) FROM \"Odd Name\" WHERE rare AND id < 40000",
                            "SELECT * FROM \"Odd Name\" WHERE lower(word) = $1"));
            List<Map<?, ?>> recommended = rows(advice, "recommended");
            assertEquals(3, recommended.size(), advice.toString());
            for (Map<?, ?> one : recommended) {
                Map<?, ?> next = Trial.map(one.get("next"));
                assertEquals("create_index", next.get("tool"));
                List<Object> arguments = new ArrayList<>();
                Trial.map(next.get("arguments")).forEach((name, value) -> {
                    arguments.add(name);
                    arguments.add(value);
                });
                Answer planned = trial.call("create_index", arguments.toArray());
                assertEquals("planned", planned.structured().get("status"), planned.text());
            }
            assertTrue(advice.toString().contains("(lower(word))"), advice.toString());
            assertTrue(advice.toString().contains("WHERE (rare)"), advice.toString());
            double cost = cost(trial, "SELECT id FROM \"Odd Name\" WHERE \"Key\" = 5 AND id > 100");
            Map<?, ?> later =
                    trial.read("explain_query", "sql", "SELECT id FROM \"Odd Name\" WHERE \"Key\" = 5 AND id > 100");
            assertEquals(cost, number(later, "total_cost"), "something imagined was left behind");
        }
    }

    @Test
    void an_index_that_is_there_is_respected_and_one_that_becomes_useless_is_named() throws SQLException {
        try (Trial trial = trial()) {
            trial.sql(
                    "CREATE TABLE market.events AS SELECT n AS id, n % 50 AS kind, abs(hashint4(n)) AS at,"
                            + " repeat('x', 100) AS note FROM generate_series(1, 60000) AS n",
                    "CREATE INDEX events_kind ON market.events (kind)",
                    "CREATE UNIQUE INDEX events_id ON market.events (id)",
                    "ANALYZE");
            Map<?, ?> none =
                    trial.read("recommend_indexes", "queries", List.of("SELECT note FROM events WHERE id = 5"));
            assertEquals(List.of(), none.get("recommended"));
            Map<?, ?> advice = trial.read(
                    "recommend_indexes",
                    "queries",
                    List.of(
                            "SELECT note FROM events WHERE kind = 3 ORDER BY at DESC LIMIT 5",
                            "SELECT note FROM events WHERE kind = 4 AND at < 100000000"));
            assertEquals(1, rows(advice, "recommended").size(), advice.toString());
            assertTrue(String.valueOf(advice.get("recommended")).contains("(kind, at)"), advice.toString());
            Map<?, ?> useless = rows(advice, "superfluous").get(0);
            assertEquals("market.events_kind", useless.get("index"));
            assertEquals("drop_index", Trial.map(useless.get("next")).get("tool"));
        }
    }

    @Test
    void the_workload_is_read_with_usual_values_and_its_writes_are_counted() throws SQLException {
        try (Trial trial = trial()) {
            trial.sql(
                    "CREATE TABLE market.journal AS SELECT n AS id, n % 1000 AS kind FROM generate_series(1, 20000) AS n",
                    "CREATE TABLE market.accounts AS SELECT n AS id, 'a' || n AS name, n % 5000 AS place,"
                            + " repeat('x', 200) AS note FROM generate_series(1, 20000) AS n",
                    "ANALYZE",
                    "SELECT pg_stat_statements_reset()",
                    "INSERT INTO journal SELECT n, n % 1000 FROM generate_series(1, 100000) AS n",
                    "SELECT count(*) FROM journal WHERE kind = 7");
            for (int time = 0; time < 20; time++) {
                trial.sql(
                        "SELECT note FROM accounts WHERE place = " + time,
                        "UPDATE accounts SET note = 'y' WHERE name = 'a" + time + "'");
            }
            Map<?, ?> advice = trial.read("recommend_indexes");
            String recommended = String.valueOf(advice.get("recommended"));
            assertTrue(recommended.contains("accounts USING btree (place)"), advice.toString());
            assertTrue(recommended.contains("accounts USING btree (name)"), advice.toString());
            assertFalse(recommended.contains("journal"), advice.toString());
            assertTrue(
                    rows(advice, "dropped").stream()
                            .anyMatch(one -> String.valueOf(one.get("index")).startsWith("market.journal")
                                    && String.valueOf(one.get("why")).contains("writes cost more")),
                    advice.toString());
            String again = String.valueOf(
                    trial.call("analyze_workload_indexes").structured().get("recommended"));
            assertTrue(again.contains("accounts USING btree (place)"), again);
        }
    }

    @Test
    void values_of_rows_never_leave_where_they_may_not() throws SQLException {
        try (Trial trial = trial("--row-data", "deny")) {
            trial.sql(
                    "CREATE TABLE market.secrets AS SELECT n AS id, 'hushhush' || n % 900 AS word"
                            + " FROM generate_series(1, 60000) AS n",
                    "ANALYZE");
            Answer answer = trial.call(
                    "recommend_indexes",
                    "queries",
                    List.of(
                            "SELECT id FROM secrets WHERE word = $1",
                            "SELECT id FROM secrets WHERE word = 'hushhush7'"));
            assertFalse(answer.isError(), answer.text());
            assertEquals(1, rows(answer.structured(), "recommended").size(), answer.text());
            assertFalse((answer.text() + answer.structured()).contains("hushhush"), answer.text());
        }
    }

    @Test
    void a_budget_is_kept_and_what_did_not_fit_is_said() throws SQLException {
        try (Trial trial = trial()) {
            trial.sql(
                    "CREATE TABLE market.large AS SELECT n AS a, n * 7 % 60000 AS b, n * 11 % 60000 AS c"
                            + " FROM generate_series(1, 60000) AS n",
                    "ANALYZE");
            List<String> queries = List.of(
                    "SELECT * FROM large WHERE a = 1",
                    "SELECT * FROM large WHERE b = 1",
                    "SELECT * FROM large WHERE c = 1");
            assertEquals(
                    3,
                    rows(trial.read("recommend_indexes", "queries", queries), "recommended")
                            .size());
            Map<?, ?> tight = trial.read("recommend_indexes", "queries", queries, "max_index_size_mb", 3);
            double bytes = rows(tight, "recommended").stream()
                    .mapToDouble(one -> number(one, "bytes"))
                    .sum();
            assertTrue(bytes > 0 && bytes <= 3 * 1024 * 1024, tight.toString());
            assertTrue(String.valueOf(tight.get("dropped")).contains("over the budget"), tight.toString());
        }
    }

    @Test
    void kinds_that_nobody_can_imagine_are_named_with_their_query_and_faults_do_not_end_it() throws SQLException {
        try (Trial trial = trial()) {
            trial.sql(
                    "CREATE TABLE market.papers AS SELECT n AS id, jsonb_build_object('k', n) AS doc, 'w' || n AS body"
                            + " FROM generate_series(1, 5000) AS n",
                    "ANALYZE");
            Map<?, ?> advice = trial.read(
                    "recommend_indexes",
                    "queries",
                    List.of(
                            "SELECT id FROM papers WHERE doc @> '{\"k\": 5}'",
                            "SELECT id FROM papers WHERE body LIKE '%77%'",
                            "SELECT id FROM nowhere",
                            "INSERT INTO papers VALUES (1)",
                            "SELECT 'open"));
            String unproven = String.valueOf(advice.get("unproven"));
            assertTrue(unproven.contains("gin (doc)") && unproven.contains("gin_trgm_ops"), unproven);
            assertEquals(3, rows(advice, "skipped").size(), advice.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    @Tag("versions")
    void without_hypopg_advice_is_marked_as_unproven(String version) throws SQLException {
        try (Trial trial = Trial.on(Postgres.version(version), state)) {
            trial.sql(
                    "DROP TABLE IF EXISTS ruled",
                    "CREATE TABLE ruled AS SELECT n AS id, n % 100 AS kind, n AS at FROM generate_series(1, 20000) AS n",
                    "ANALYZE ruled");
            Map<?, ?> advice = trial.read(
                    "recommend_indexes", "queries", List.of("SELECT * FROM ruled WHERE kind = $1 AND at > 500"));
            assertEquals(List.of(), advice.get("recommended"));
            assertTrue(String.valueOf(advice.get("note")).startsWith("UNPROVEN"), advice.toString());
            assertTrue(String.valueOf(advice.get("unproven")).contains("(kind, at)"), advice.toString());
            Answer workload = trial.call("recommend_indexes");
            assertTrue(workload.isError() && workload.text().contains("pg_stat_statements"), workload.text());
        }
    }
}
