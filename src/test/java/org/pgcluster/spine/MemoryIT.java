package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Postgres;

/** What no answer can hold, read by the JAR with a heap of 64 MB on a machine whose language is not English. */
@Tag("postgres")
class MemoryIT {
    private static final Postgres DATABASE = Postgres.debian15();
    private static final String DSN = "postgres://postgres@127.0.0.1:" + DATABASE.port() + "/postgres";
    private static final List<String> SMALL = List.of(
            "-Xmx64m", "-XX:+ExitOnOutOfMemoryError", "-Duser.language=de", "-Duser.country=DE", "-Duser.variant=");

    @TempDir
    Path state;

    @Test
    void a_billion_rows_many_columns_and_a_giant_value_cost_no_memory() throws Exception {
        var columns = IntStream.rangeClosed(1, 1600)
                .mapToObj(n -> "repeat('x', 20) AS c" + n)
                .collect(Collectors.joining(", "));
        try (var server = Server.startWith(SMALL, state, false, DSN)) {
            var billion = server.call("execute_sql", "sql", "SELECT generate_series(1, 1000000000) AS n");
            assertFalse(billion.isError(), billion.text());
            assertEquals(true, billion.get("more"));
            var wide = server.call("execute_sql", "sql", "SELECT " + columns + " FROM generate_series(1, 100000)");
            assertFalse(wide.isError(), wide.text());
            var giant = server.call("execute_sql", "sql", "SELECT repeat('x', 400000000) AS giant");
            assertTrue(giant.isError(), giant.text());
            assertTrue(giant.text().contains("left(column, n)"), giant.text());
            var many = server.call(
                    "execute_sql", "sql", "SELECT repeat('x', 3000000) AS big FROM generate_series(1, 1000)");
            assertTrue(many.text().length() < 60_000, many.text().length() + " characters");
            assertTrue(
                    server.call("execute_sql", "sql", "SELECT 1 AS one").text().contains("one"));
            assertTrue(server.process().isAlive());
        }
    }

    @Test
    void what_the_driver_says_is_understood_whatever_the_language() throws Exception {
        try (var server = Server.startWith(SMALL, state, false, "postgres://postgres@127.0.0.1:1/postgres")) {
            var answer = server.call("execute_sql", "sql", "SELECT 1");
            assertTrue(answer.text().contains("nothing listens there"), answer.text());
        }
        try (var server = Server.startWith(SMALL, state, false, DSN + "?sslmode=require")) {
            var answer = server.call("execute_sql", "sql", "SELECT 1");
            assertTrue(answer.text().contains("does not speak TLS"), answer.text());
        }
    }
}
