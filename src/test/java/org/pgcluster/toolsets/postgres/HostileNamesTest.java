package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.testing.Postgres;

/** Names that need quotes, kinds of tables and types that few use, and tables of absurd width. */
@Tag("postgres")
class HostileNamesTest {
    private static final String SCHEMA = "Sch \"Ö' x.y";
    private static final String QUOTED = "\"Sch \"\"Ö' x.y\"";
    private static final String TABLE = "T'a \"b|c`";

    @TempDir
    Path state;

    private static final Set<String> USED = new TreeSet<>();

    @AfterAll
    static void leaveNothingToOthers() throws SQLException {
        for (String version : USED) {
            String address =
                    "jdbc:postgresql://127.0.0.1:" + Postgres.version(version).port() + "/postgres?user=postgres";
            try (var connection = DriverManager.getConnection(address);
                    var statement = connection.createStatement()) {
                statement.execute("DROP SCHEMA IF EXISTS " + QUOTED + ", hostile CASCADE");
            }
        }
    }

    private Trial trial(String version) throws SQLException {
        USED.add(version);
        Trial trial = Trial.on(Postgres.version(version), state);
        trial.sql(
                "DROP EXTENSION IF EXISTS pg_stat_statements",
                "DROP SCHEMA IF EXISTS " + QUOTED + ", hostile CASCADE",
                "CREATE SCHEMA " + QUOTED,
                "CREATE SCHEMA hostile",
                "CREATE DOMAIN hostile.\"Pos Int\" AS int NOT NULL DEFAULT 3 CHECK (VALUE > 0)",
                "CREATE TYPE hostile.pair AS (a int, \"B b\" text)",
                "CREATE TABLE " + QUOTED
                        + ".\"T'a \"\"b|c`\" (\"I d\" int PRIMARY KEY, \"Ünï\" text, plain int, \"user\" text,"
                        + " pos hostile.\"Pos Int\", prs hostile.pair[])",
                "INSERT INTO " + QUOTED + ".\"T'a \"\"b|c`\" (\"I d\", \"Ünï\") SELECT 2147480000 + n, 'v' || n % 3"
                        + " FROM generate_series(1, 3000) AS n",
                "CREATE TABLE hostile.parent (a int)",
                "CREATE TABLE hostile.child (b int) INHERITS (hostile.parent)",
                "CREATE TABLE hostile.keyed (id int PRIMARY KEY)",
                "INSERT INTO hostile.keyed SELECT 2147480000 + n FROM generate_series(1, 100) AS n",
                "DO $$ BEGIN EXECUTE 'CREATE TABLE hostile.wide (' || (SELECT string_agg('c' || n || ' int', ',')"
                        + " FROM generate_series(1, 1600) AS n) || ')'; END $$",
                "ANALYZE",
                "DO $$ BEGIN CREATE ROLE shut_out LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                "GRANT USAGE ON SCHEMA hostile TO shut_out",
                "GRANT SELECT ON hostile.keyed TO shut_out");
        return trial;
    }

    private static Map<?, ?> facts(Map<?, ?> answer) {
        return Trial.map(answer.get("facts"));
    }

    private static String type(Map<?, ?> answer, String column) {
        return Trial.list(answer.get("columns")).stream()
                .map(Trial::map)
                .filter(one -> column.equals(one.get("name")))
                .map(one -> String.valueOf(one.get("type")))
                .findFirst()
                .orElseThrow(() -> new AssertionError(column + " in " + answer));
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void one_look_tells_how_sql_has_to_write_it(String version) throws SQLException {
        try (Trial trial = trial(version)) {
            Map<?, ?> table = trial.read("get_object_details", "schema", SCHEMA, "name", TABLE);
            assertEquals(
                    QUOTED + ".\"T'a \"\"b|c`\": \"I d\", \"Ünï\", \"user\"",
                    facts(table).get("in_sql"));
            assertEquals(
                    "hostile.\"Pos Int\" (domain of integer NOT NULL DEFAULT 3 CHECK (VALUE > 0))", type(table, "pos"));
            assertEquals("hostile.pair[] (a integer, \"B b\" text)", type(table, "prs"));
            Map<?, ?> parent = trial.read("get_object_details", "schema", "hostile", "name", "parent");
            assertEquals(
                    "hostile.child (read with it unless ONLY is said)",
                    facts(parent).get("inherited_by"));
            assertFalse(facts(parent).containsKey("in_sql"), parent.toString());
            Map<?, ?> child = trial.read("get_object_details", "schema", "hostile", "name", "child");
            assertEquals("hostile.parent", facts(child).get("inherits"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void of_a_table_of_1600_columns_the_rest_is_a_statement_away(String version) throws SQLException {
        try (Trial trial = trial(version)) {
            Map<?, ?> wide = trial.read("get_object_details", "schema", "hostile", "name", "wide");
            int shown = Trial.list(wide.get("columns")).size()
                    + Trial.list(wide.get("more_columns")).size();
            assertEquals("c260 integer", Trial.list(wide.get("more_columns")).get(199));
            assertEquals(1600, Trial.number(facts(wide), "columns_in_all"));
            assertTrue(trial.call("get_object_details", "schema", "hostile", "name", "wide")
                    .text()
                    .startsWith("hostile.wide: table, 1600 columns"));
            Object others = facts(wide).get("read_the_others_by");
            assertEquals(
                    String.valueOf(1600 - shown),
                    trial.one("SELECT count(*) FROM (" + others + ") AS later"),
                    String.valueOf(others));
            Map<?, ?> rows = trial.read("execute_sql", "sql", String.valueOf(others), "max_rows", 2);
            assertTrue(String.valueOf(rows.get("rows")).contains("c261"), rows.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void a_schema_that_needs_quotes_or_is_closed_hides_nothing_from_the_checks(String version) throws SQLException {
        try (Trial trial = trial(version)) {
            String near = String.valueOf(
                    trial.read("analyze_db_health", "checks", "sequence").get("findings"));
            assertTrue(
                    near.contains("key_near_end") && near.contains("T'a") && near.contains("hostile.keyed.id"), near);
        }
        try (Trial closed = Trial.as("shut_out", Postgres.version(version), state)) {
            Map<?, ?> health = closed.read("analyze_db_health", "checks", "sequence");
            assertTrue(String.valueOf(health.get("findings")).contains("hostile.keyed.id"), health.toString());
            assertFalse(String.valueOf(health.get("unavailable")).contains("permission denied"), health.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void what_counts_statements_may_live_anywhere_and_hidden_ones_are_counted_not_judged(String version)
            throws SQLException {
        try (Trial trial = trial(version)) {
            trial.sql(
                    "CREATE EXTENSION pg_stat_statements SCHEMA " + QUOTED,
                    "SELECT " + QUOTED + ".pg_stat_statements_reset()");
            for (int time = 0; time < 1200; time++) {
                trial.one("SELECT 1");
            }
            trial.sql("SELECT count(*) FROM hostile.parent", "GRANT pg_read_all_data TO shut_out");
            assertTrue(
                    trial.read("analyze_slow_queries", "limit", 50).toString().contains("hostile.parent"));
            try (Trial other = Trial.as("shut_out", Postgres.version(version), state)) {
                Map<?, ?> slow = other.read("analyze_slow_queries");
                List<?> hidden = Trial.list(slow.get("statements")).stream()
                        .filter(one ->
                                String.valueOf(Trial.map(one).get("query")).matches("\\d+ statements, hidden"))
                        .toList();
                assertFalse(hidden.isEmpty(), slow.toString());
                assertFalse(hidden.toString().contains("cheap and very frequent"), slow.toString());
            } finally {
                trial.sql("REVOKE pg_read_all_data FROM shut_out", "DROP EXTENSION pg_stat_statements");
            }
        }
    }
}
