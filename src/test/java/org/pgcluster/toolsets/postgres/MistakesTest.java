package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Postgres;

/** What somebody gets wrong on a real server, what the answer makes of it, and what must not leave it. */
@Tag("versions")
class MistakesTest {
    @TempDir
    Path state;

    private final Postgres postgres = Postgres.version("15");

    @BeforeEach
    void tables() throws SQLException {
        try (Trial trial = Trial.on(postgres, state)) {
            trial.sql(
                    "DROP SCHEMA IF EXISTS mistaken CASCADE",
                    "CREATE SCHEMA mistaken",
                    "CREATE TABLE mistaken.\"order\" (id int)",
                    "CREATE OR REPLACE FUNCTION public.addone(int) RETURNS int LANGUAGE plpgsql VOLATILE"
                            + " AS 'BEGIN RETURN $1 + 1; END'",
                    "CREATE TABLE mistaken.people AS SELECT n AS id, 'secret ' || n AS name"
                            + " FROM generate_series(1, 50000) AS n",
                    "ANALYZE mistaken.people",
                    "DO $$ BEGIN CREATE ROLE mistaken_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                    "GRANT SET ON PARAMETER log_min_messages TO mistaken_reader",
                    "GRANT USAGE ON SCHEMA mistaken TO mistaken_reader",
                    "GRANT SELECT ON ALL TABLES IN SCHEMA mistaken TO mistaken_reader");
        }
    }

    private static void says(String wanted, Answer answer) {
        assertTrue(answer.text().contains(wanted), answer.text());
    }

    @Test
    void a_reserved_word_used_as_a_name_is_answered_with_its_quotes() {
        try (Trial trial = Trial.on(postgres, state)) {
            says("in double quotes, \"order\"", trial.call("execute_sql", "sql", "select * from order"));
            says(
                    "in double quotes, \"limit\"",
                    trial.call("execute_sql", "sql", "select 1 from pg_class JOIN Limit on true"));
            assertFalse(trial.call("execute_sql", "sql", "select 1 where where")
                    .text()
                    .contains("double quotes"));
        }
    }

    @Test
    void an_allowed_function_counts_however_its_types_are_written_and_one_that_is_not_there_is_told() {
        try (Trial trial = Trial.on(postgres, state, "--allowed-functions", "public.addone(int)")) {
            assertEquals(
                    "[[42]]",
                    String.valueOf(trial.read("execute_sql", "sql", "select addone(41)")
                            .get("rows")));
            assertEquals(List.of(), trial.read("server_info").get("problems"));
        }
        try (Trial trial = Trial.on(postgres, state, "--allowed-functions", "public.addone(intt);public.none()")) {
            assertTrue(trial.call("execute_sql", "sql", "select addone(41)").isError());
            String problems = String.valueOf(trial.read("server_info").get("problems"));
            assertTrue(problems.contains("public.addone(intt) names no function"), problems);
            assertTrue(problems.contains("public.none() names no function"), problems);
        }
    }

    @Test
    void who_may_not_change_is_told_that_the_plan_of_a_change_needs_that_right() {
        try (Trial trial = Trial.as("mistaken_reader", postgres, state)) {
            for (String verb : List.of("UPDATE mistaken.people SET id = 1", "delete from mistaken.people")) {
                Answer answer = trial.call("explain_query", "sql", verb);
                assertEquals("PERMISSION_DENIED", answer.structured().get("code"), answer.text());
                says("explains a change only to who may make it", answer);
            }
            assertFalse(trial.call("explain_query", "sql", "select * from mistaken.people")
                    .isError());
        }
    }

    @Test
    void databases_that_do_not_exist_leave_nothing_behind() {
        try (Trial trial = Trial.on(postgres, state)) {
            for (int i = 0; i < 20; i++) {
                Answer answer = trial.call("execute_sql", "sql", "select 1", "database", "nowhere_" + i);
                assertEquals("NOT_FOUND", answer.structured().get("code"), answer.text());
            }
            assertEquals(List.of(), trial.otherDatabases());
            trial.read("execute_sql", "sql", "select 1", "database", "template1");
            assertEquals(List.of("template1"), trial.otherDatabases());
        }
    }

    @Test
    void a_request_has_the_name_of_who_asked_for_it() throws IOException {
        try (Trial trial = Trial.on(postgres, state)) {
            trial.read(
                    "citus_request_approval_token",
                    "action",
                    "create_index",
                    "arguments",
                    Map.of("table", "mistaken.people", "columns", List.of("id")));
        }
        String audit = Files.readString(state.resolve("audit.jsonl"));
        assertTrue(audit.contains("\"client\":\"test\""), audit);
        assertFalse(audit.contains("\"client\":\"citus_request_approval_token\""), audit);
    }

    @Test
    void values_stay_inside_where_that_is_wished() throws SQLException {
        try (Trial trial = Trial.on(postgres, state, "--row-data", "deny")) {
            Answer plan = trial.call("explain_query", "sql", "select * from mistaken.people where name = 'secret 42'");
            assertFalse(plan.isError(), plan.text());
            assertFalse(plan.text().contains("secret"), plan.text());
            assertFalse(plan.structured().toString().contains("secret"), plan.text());
            says("name = ?", plan);
            try (var connection = trial.connect();
                    var statement = connection.createStatement()) {
                statement.execute("SET application_name = 'pgcluster-mcp act 0123456789ab'");
                statement.execute("SELECT 'secret of an act'");
                Answer followed = trial.call("operation_status", "operation", "0123456789ab");
                says("SELECT ?", followed);
                assertFalse(followed.structured().toString().contains("secret"), followed.text());
            }
        }
    }
}
