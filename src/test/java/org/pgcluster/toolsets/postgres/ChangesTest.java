package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Postgres;

/** What create_index and execute_change foresee, and what they say when it comes otherwise. */
@Tag("postgres")
class ChangesTest {
    @TempDir
    Path state;

    private Trial trial() throws SQLException {
        Trial trial = Trial.on(Postgres.debian15(), state);
        trial.sql(
                "DROP TABLE IF EXISTS goods",
                "CREATE TABLE goods (id int PRIMARY KEY, tags jsonb, title text, \"Odd name\" int)",
                "INSERT INTO goods SELECT n, '{}', 'title ' || n % 10 FROM generate_series(1, 1000) AS n");
        return trial;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            titl             | btree | false | Did you mean title?
            tags             | gist  | false | no default operator class for gist
            title            | hash  | true  | only btree can
            id               | btree | false | goods_pkey begins with the same columns
            "Odd name"       | btree | false | asked and nothing was done
            title DESC       | btree | false | asked and nothing was done
            tags jsonb_path_ops | gin | false | asked and nothing was done
            (lower(title))   | btree | false | only the build tells
            """)
    void the_plan_knows_what_the_server_would_refuse(String column, String method, boolean unique, String told)
            throws SQLException {
        try (Trial trial = trial()) {
            Answer answer = trial.call(
                    "create_index",
                    "table",
                    "goods",
                    "columns",
                    List.of(column),
                    "method",
                    method,
                    "unique",
                    unique,
                    "dry_run",
                    true);
            String wanted = told.startsWith("asked") ? "nobody was asked and nothing was done" : told;
            assertTrue(answer.text().contains(wanted), answer.text());
        }
    }

    @Test
    void a_name_that_is_taken_is_told_and_an_invalid_leftover_is_replaced() throws Exception {
        try (Trial trial = trial()) {
            Object[] index = {"table", "goods", "columns", List.of("title"), "name", "goods_pkey"};
            Answer taken = trial.call("create_index", index);
            assertTrue(taken.isError() && taken.text().contains("taken by an index on"), taken.text());
            Object[] unique = {"table", "goods", "columns", List.of("title"), "name", "goods_title", "unique", true};
            Answer failed = trial.act("create_index", unique);
            assertTrue(failed.isError() && failed.text().contains("Nothing is left behind"), failed.text());
            assertEquals("1", trial.one("SELECT count(*) FROM pg_index WHERE indrelid = 'goods'::regclass"));
            trial.sql(
                    "CREATE INDEX goods_title ON goods (title)",
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'goods_title'::regclass");
            Answer built =
                    trial.act("create_index", "table", "goods", "columns", List.of("title"), "name", "goods_title");
            assertTrue(built.text().contains("leftover was dropped first"), built.text());
            assertEquals("t", trial.one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'goods_title'::regclass"));
        }
    }

    @Test
    void values_go_where_their_numbers_stand_and_a_question_mark_is_an_operator() throws Exception {
        try (Trial trial = trial()) {
            var sql = "UPDATE goods SET title = $2, tags = $3 WHERE id = $1 AND $1::int = 7 AND NOT tags ? 'new'";
            Object[] change = {"sql", sql, "params", List.of(7, "it's $1", java.util.Map.of("new", 1))};
            Answer done = trial.act("execute_change", change);
            assertTrue(done.text().contains("1 row touched"), done.text());
            assertEquals("it's $1", trial.one("SELECT title FROM goods WHERE tags ? 'new'"));
            Answer short1 = trial.call("execute_change", "sql", sql, "params", List.of(7));
            assertTrue(short1.text().contains("has 3 parameters and `params` has 1"), short1.text());
            Answer none = trial.act("execute_change", "sql", "DELETE FROM goods WHERE tags ? 'new'");
            assertTrue(none.text().contains("1 row touched"), none.text());
        }
    }

    @Test
    void a_cleanup_that_would_wait_gives_up_and_says_how_to_go_on() throws Exception {
        try (Trial trial = Trial.on(Postgres.debian15(), state, "--act-lock-timeout-ms", "300")) {
            trial().close();
            try (var reader = trial.connect()) {
                reader.setAutoCommit(false);
                reader.createStatement().execute("LOCK TABLE goods IN ROW EXCLUSIVE MODE");
                var answered = new CompletableFuture<Answer>();
                Thread thread = new Thread(() -> answered.complete(
                        trial.act("create_index", "table", "goods", "columns", List.of("title"), "unique", true)));
                thread.setDaemon(true);
                thread.start();
                String build =
                        "FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE INDEX%' AND wait_event_type = 'Lock'";
                trial.until("1", "SELECT count(*) " + build);
                trial.one("SELECT pg_cancel_backend(pid) " + build);
                Answer answer = answered.get(20, TimeUnit.SECONDS);
                assertTrue(answer.isError() && answer.text().contains("Stopped from outside"), answer.text());
                assertTrue(answer.text().contains("Run by hand: DROP INDEX CONCURRENTLY"), answer.text());
                reader.rollback();
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            UPDATE goods SET title = 'x'; DELETE FROM goods | several statements
            COPY goods FROM '/etc/passwd'                   | COPY steers a session
            DO $$ BEGIN DELETE FROM goods; END $$           | DO steers a session
            COMMIT                                          | COMMIT steers a session
            SELECT 1                                        | execute_sql runs it
            """)
    void what_a_person_could_not_judge_is_refused(String sql, String told) throws SQLException {
        try (Trial trial = trial()) {
            Answer answer = trial.call("execute_change", "sql", sql);
            assertTrue(answer.isError() && answer.text().contains(told), answer.text());
            assertEquals("1000", trial.one("SELECT count(*) FROM goods"));
        }
    }

    @Test
    void a_change_is_estimated_counted_and_bounded() throws SQLException {
        try (Trial trial = trial()) {
            trial.sql("ANALYZE goods");
            String sql = "DELETE FROM goods WHERE title = 'title 7'";
            Answer planned = trial.call("execute_change", "sql", sql, "dry_run", true);
            assertTrue(planned.text().contains("expects about 100 rows"), planned.text());
            Answer refused = trial.act("execute_change", "sql", sql, "max_rows_affected", 99);
            assertTrue(refused.isError() && refused.text().contains("100 rows, more than the 99"), refused.text());
            assertEquals("1000", trial.one("SELECT count(*) FROM goods"));
            Answer done = trial.act("execute_change", "sql", sql, "max_rows_affected", 100);
            assertTrue(done.text().contains("100 rows touched"), done.text());
            assertEquals("900", trial.one("SELECT count(*) FROM goods"));
            Answer none = trial.act("execute_change", "sql", sql);
            assertTrue(none.text().contains("0 rows touched"), none.text());
            Answer vacuumed = trial.act("execute_change", "sql", "VACUUM goods", "outside_transaction", true);
            assertTrue(!vacuumed.isError(), vacuumed.text());
        }
    }
}
