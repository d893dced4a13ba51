package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.testing.Postgres;

/** Plans of real servers; each figure is counted a second time in another way. */
@Tag("versions")
class ExplainQueryTest {
    private static final Pattern SHARE = Pattern.compile("\\| (\\d+)%");

    @TempDir
    Path state;

    private Trial trial(String version) throws SQLException {
        Trial trial = Trial.on(Postgres.version(version), state);
        trial.sql("DROP SCHEMA IF EXISTS planned CASCADE", "CREATE SCHEMA planned");
        trial.sql("ALTER ROLE postgres SET search_path = planned, public", "ALTER ROLE postgres SET jit = off");
        trial.sql(
                "SET search_path = planned",
                "CREATE TABLE orders AS SELECT n AS id, n % 20000 AS customer, n % 1000 AS status,"
                        + " n % 1000 AS region, repeat('x', 40) AS note FROM generate_series(1, 200000) AS n",
                "CREATE TABLE few AS SELECT n AS id FROM generate_series(1, 30) AS n",
                "CREATE TABLE parts (id int, d int) PARTITION BY RANGE (d)",
                "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)",
                "INSERT INTO parts SELECT n, n % 20 FROM generate_series(1, 20000) AS n");
        // On a connection of its own: a session counts its changes when it ends, and the count is what ANALYZE resets.
        trial.sql("ANALYZE");
        return trial;
    }

    private static Map<?, ?> explain(Trial trial, String sql, boolean analyze) {
        return trial.read("explain_query", "sql", sql, "analyze", analyze);
    }

    private static Optional<? extends Map<?, ?>> finding(Map<?, ?> answer, String id) {
        return Trial.list(answer.get("findings")).stream()
                .map(Trial::map)
                .filter(one -> id.equals(one.get("id")))
                .findFirst();
    }

    private static Map<?, ?> found(Map<?, ?> answer, String id) {
        return finding(answer, id).orElseThrow(() -> new AssertionError(id + " is not in " + answer));
    }

    private static long evidence(Map<?, ?> finding, String field) {
        Object value = Trial.map(finding.get("evidence")).get(field);
        return ((Number) Objects.requireNonNull(value, () -> field + " in " + finding)).longValue();
    }

    private static long shares(Map<?, ?> answer) {
        return SHARE.matcher(String.join(
                        "\n",
                        Trial.list(answer.get("tree")).stream()
                                .map(String::valueOf)
                                .toList()))
                .results()
                .mapToLong(found -> Long.parseLong(found.group(1)))
                .sum();
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "18"})
    void the_missing_index_is_named_and_helps(String version) throws SQLException {
        String sql = "SELECT count(*) FROM planned.orders WHERE status = 7 AND customer > 10000";
        try (Trial trial = trial(version)) {
            Map<?, ?> ran = explain(trial, sql, true);
            Map<?, ?> dropped = found(ran, "plan.rows_dropped");
            assertEquals(200000, evidence(dropped, "rows_read"));
            assertEquals(Long.parseLong(trial.one(sql)), evidence(dropped, "rows_kept"));
            Map<?, ?> next = Trial.map(dropped.get("next"));
            assertEquals("create_index", next.get("tool"));
            Map<?, ?> arguments = Trial.map(next.get("arguments"));
            assertEquals(List.of("status", "customer"), arguments.get("columns"));
            Map<?, ?> planned = explain(trial, sql, false);
            assertEquals(200000, evidence(found(planned, "plan.rows_dropped"), "rows_in_table"));
            trial.sql("CREATE INDEX ON " + arguments.get("table") + " (status, customer)");
            Map<?, ?> indexed = explain(trial, sql, true);
            assertEquals(List.of(), indexed.get("findings"));
            double before = ((Number) Objects.requireNonNull(ran.get("total_cost"))).doubleValue();
            double after = ((Number) Objects.requireNonNull(indexed.get("total_cost"))).doubleValue();
            assertTrue(after < before / 5, before + " became " + after);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "18"})
    void a_sort_on_disk_is_told_once_with_its_size(String version) throws SQLException {
        String sql = "SELECT note, count(*) FROM planned.orders GROUP BY note, id ORDER BY note, id";
        try (Trial trial = trial(version)) {
            trial.sql(
                    "ALTER ROLE postgres SET max_parallel_workers_per_gather = 0",
                    "ALTER ROLE postgres SET enable_hashagg = off");
            Map<?, ?> answer = explain(trial, sql, true);
            trial.sql(
                    "ALTER ROLE postgres RESET max_parallel_workers_per_gather",
                    "ALTER ROLE postgres RESET enable_hashagg");
            long told = evidence(found(answer, "plan.sort_on_disk"), "disk_kb");
            String seen = "";
            try (var connection = trial.connect();
                    var statement = connection.createStatement()) {
                statement.execute("SET max_parallel_workers_per_gather = 0; SET enable_hashagg = off");
                try (var rows = statement.executeQuery("EXPLAIN ANALYZE " + sql)) {
                    while (rows.next()) {
                        seen += rows.getString(1);
                    }
                }
            }
            assertTrue(seen.contains("Disk: " + told + "kB"), told + " in " + seen);
            assertEquals(
                    1,
                    Trial.list(answer.get("findings")).stream()
                            .filter(one -> String.valueOf(one).contains("plan.sort_on_disk"))
                            .count());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a CTE and an InitPlan | WITH c AS MATERIALIZED (SELECT customer, count(*) AS n FROM planned.orders GROUP BY 1) SELECT count(*) FROM c WHERE n > (SELECT avg(n) FROM c)
            a SubPlan             | SELECT id, (SELECT count(*) FROM planned.orders AS o WHERE o.region = f.id) FROM planned.few AS f
            parallel workers      | SELECT count(*) FROM planned.orders WHERE region + 0 = 5
            a nested loop         | SELECT count(*) FROM planned.few AS f, planned.orders AS o WHERE f.id > o.id
            """)
    void what_the_nodes_take_adds_up(String what, String sql) throws SQLException {
        for (String version : List.of("14", "18")) {
            try (Trial trial = trial(version)) {
                for (boolean analyze : new boolean[] {false, true}) {
                    Map<?, ?> answer = explain(trial, sql, analyze);
                    long sum = shares(answer);
                    // Each line is rounded to a whole per cent.
                    assertTrue(sum >= 96 && sum <= 104, what + " on " + version + ": " + sum + "% in " + answer);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "18"})
    void a_wrong_estimate_is_told_where_it_begins(String version) throws Exception {
        String sql = "SELECT count(*) FROM planned.orders AS a WHERE a.status = 5 AND a.region = 5";
        try (Trial trial = trial(version)) {
            Map<?, ?> answer = explain(trial, sql, true);
            Map<?, ?> wrong = found(answer, "plan.misestimate");
            assertTrue(String.valueOf(wrong.get("subject")).contains("Seq Scan on planned.orders"), wrong.toString());
            assertTrue(String.valueOf(wrong.get("advice")).contains("CREATE STATISTICS"), wrong.toString());
            assertEquals(
                    1,
                    Trial.list(answer.get("findings")).stream()
                            .filter(one ->
                                    "plan.misestimate".equals(Trial.map(one).get("id")))
                            .count());
            trial.sql(
                    "CREATE STATISTICS planned.together (dependencies) ON status, region FROM planned.orders",
                    "ANALYZE planned.orders");
            Map<?, ?> mended = explain(trial, sql, true);
            assertTrue(finding(mended, "plan.misestimate").isEmpty(), mended.toString());
            trial.sql("UPDATE planned.orders SET region = 1 WHERE id <= 100000");
            // Before 15 the counters reach other sessions late.
            trial.until(
                    "t",
                    "SELECT n_mod_since_analyze > 0 FROM pg_stat_user_tables WHERE relid = 'planned.orders'::regclass");
            Map<?, ?> stale = found(
                    explain(trial, "SELECT count(*) FROM planned.orders WHERE region = 1", true), "plan.misestimate");
            assertEquals("ANALYZE planned.orders;", stale.get("by_hand"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "18"})
    void open_parameters_get_the_plan_for_any_values(String version) throws SQLException {
        try (Trial trial = trial(version)) {
            trial.sql("CREATE INDEX ON planned.orders (customer)");
            Map<?, ?> generic = explain(trial, "SELECT * FROM planned.orders WHERE customer = $1", false);
            assertTrue(generic.toString().contains("orders.customer = $1"), generic.toString());
            Map<?, ?> given = trial.read(
                    "explain_query", "sql", "SELECT * FROM planned.orders WHERE customer = $1", "params", List.of(3));
            assertTrue(given.toString().contains("orders.customer = 3"), given.toString());
            for (int time = 0; time < 3; time++) {
                var failed = trial.call("explain_query", "sql", "SELECT 1 / 0 FROM planned.few WHERE id = $1");
                assertTrue(failed.isError() && failed.text().contains("division by zero"), failed.text());
            }
            var open = trial.call("explain_query", "sql", "SELECT 1 WHERE 1 = $1", "analyze", true);
            assertTrue(open.isError() && open.text().contains("params"), open.text());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void what_is_pruned_or_never_runs_is_in_the_tree(String version) throws SQLException {
        try (Trial trial = trial(version)) {
            Map<?, ?> never = explain(trial, "SELECT * FROM planned.parts WHERE d = (SELECT 5)", true);
            String tree = String.valueOf(never.get("tree"));
            assertTrue(tree.contains("parts_2") && tree.contains("never executed"), tree);
            Map<?, ?> function = explain(trial, "SELECT * FROM generate_series(1, 50000) AS n WHERE n = 7", true);
            assertTrue(finding(function, "plan.rows_dropped").isEmpty(), function.toString());
            assertFalse(function.toString().contains("index"), function.toString());
        }
    }
}
