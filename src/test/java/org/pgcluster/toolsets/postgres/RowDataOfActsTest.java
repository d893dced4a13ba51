package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Postgres;

/** What an act tells of other sessions and of rows, where {@code row_data} says whether values may leave. */
@Tag("postgres")
class RowDataOfActsTest {
    private static final String SECRET = "Xanthippe";

    @TempDir
    Path state;

    private Trial trial(String rowData, String... more) throws SQLException {
        var arguments = new java.util.ArrayList<>(List.of("--row-data", rowData));
        arguments.addAll(List.of(more));
        Trial trial = Trial.on(Postgres.debian15(), state, arguments.toArray(String[]::new));
        trial.sql(
                "DROP TABLE IF EXISTS guests",
                "CREATE TABLE guests (id int PRIMARY KEY, name text)",
                "INSERT INTO guests VALUES (1, '" + SECRET + "'), (2, '" + SECRET + "')");
        return trial;
    }

    private static void assertTold(String told, boolean values, Answer answer) {
        assertTrue(answer.isError() && answer.text().contains(told), answer.text());
        String all = answer.text() + answer.structured();
        assertTrue(all.contains(SECRET) == values, all);
    }

    @ParameterizedTest
    @CsvSource({"allow, true", "deny, false"})
    void who_holds_up_a_step_is_named(String rowData, boolean values) throws Exception {
        try (Trial trial = trial(rowData, "--act-lock-timeout-ms", "2500");
                Connection holder = trial.connect()) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("LOCK TABLE guests");
            holder.createStatement().execute("SELECT '" + SECRET + "'");
            Answer answer = trial.act("execute_change", "sql", "UPDATE guests SET name = 'x' WHERE id = 1");
            assertTold("held up by session", values, answer);
            assertTrue(answer.text().contains(values ? "SELECT '" + SECRET + "'" : "SELECT ?"), answer.text());
            holder.rollback();
        }
    }

    @ParameterizedTest
    @CsvSource({"allow, true", "deny, false"})
    void an_act_that_lost_its_server_is_named(String rowData, boolean values) throws Exception {
        try (Trial trial = trial(rowData);
                Connection orphan = trial.connect()) {
            orphan.setAutoCommit(false);
            orphan.createStatement().execute("SET application_name = 'pgcluster-mcp act 0123456789ab'");
            orphan.createStatement().execute("SELECT '" + SECRET + "', 42");
            Answer answer = trial.act("execute_change", "sql", "UPDATE guests SET name = 'x' WHERE id = 1");
            assertTold("operation 0123456789ab", values, answer);
            assertTrue(answer.text().contains(values ? "SELECT '" + SECRET + "', 42" : "SELECT ?, ?"), answer.text());
            orphan.rollback();
        }
    }

    @ParameterizedTest
    @CsvSource({"allow, true", "deny, false"})
    void a_row_that_an_error_is_about_is_told(String rowData, boolean values) throws Exception {
        try (Trial trial = trial(rowData)) {
            Answer answer = trial.act("create_index", "table", "guests", "columns", List.of("name"), "unique", true);
            assertTold("could not create unique index", values, answer);
        }
    }

    @Test
    void a_change_that_is_planned_shows_what_the_person_shall_read() throws Exception {
        try (Trial trial = trial("deny")) {
            Answer plan = trial.call(
                    "execute_change",
                    "sql",
                    "UPDATE guests SET name = 'told by the caller' WHERE id = 1",
                    "dry_run",
                    true);
            assertFalse(plan.isError(), plan.text());
            assertTrue(plan.text().contains("'told by the caller'"), plan.text());
        }
    }
}
