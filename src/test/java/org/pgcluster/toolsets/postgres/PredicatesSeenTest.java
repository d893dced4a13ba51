package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.postgres.PgServer;

/** What pg_qualstats saw of the workload stands in for its parameters, and measures what no planner can try. */
class PredicatesSeenTest {
    private static final Path LIBRARIES = Path.of("/usr/lib/postgresql/15/lib");

    private static PgServer server;

    @TempDir
    Path state;

    @BeforeAll
    static void start() throws Exception {
        for (String library : List.of("pg_qualstats", "hypopg")) {
            Assumptions.assumeTrue(
                    Files.exists(LIBRARIES.resolve(library + ".so")), library + " is not installed for PostgreSQL 15");
        }
        server = PgServer.start(
                "shared_preload_libraries = 'pg_stat_statements,pg_qualstats'",
                "pg_qualstats.sample_rate = 1",
                "autovacuum = off",
                "jit = off");
        server.psql("""
                CREATE EXTENSION hypopg;
                CREATE EXTENSION pg_stat_statements;
                CREATE SCHEMA "Seen";
                CREATE EXTENSION pg_qualstats SCHEMA "Seen";
                CREATE ROLE reader LOGIN;
                GRANT pg_read_all_data TO reader;
                CREATE TABLE jobs AS SELECT n AS id, CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'done' END AS status,
                       'it''s ' || n AS name, n % 90 AS kind, jsonb_build_object('a', n % 9) AS doc,
                       repeat('x', 100) AS note FROM generate_series(1, 60000) AS n;
                ANALYZE jobs""");
    }

    @AfterAll
    static void end() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    private Trial trial(String login, String... more) throws Exception {
        Trial trial = Trial.at(login, server.port(), state, more);
        trial.sql("SELECT pg_stat_statements_reset()", "SELECT \"Seen\".pg_qualstats_reset()");
        return trial;
    }

    /** All of them ask for the one value that the statistics would never think of. */
    private static void work(Trial trial) throws Exception {
        for (int time = 0; time < 5; time++) {
            trial.sql(
                    "SELECT note FROM jobs WHERE status = 'open'",
                    "SELECT note FROM jobs WHERE name LIKE 'it''s 77%'",
                    "SELECT note FROM jobs WHERE doc @> '{\"a\": 3}'",
                    "SELECT note FROM jobs WHERE kind IN (7, 8) AND id < 40");
        }
    }

    private static String line(Map<?, ?> answer, String field, String part) {
        return Trial.list(answer.get(field)).stream()
                .map(String::valueOf)
                .filter(row -> row.contains(part))
                .findFirst()
                .orElseThrow(() -> new AssertionError(part + " in " + answer));
    }

    @Test
    void what_was_really_asked_is_planned_with_and_what_nobody_can_plan_is_measured() throws Exception {
        try (Trial trial = trial("postgres")) {
            work(trial);
            String count = "SELECT sum(occurences) FROM \"Seen\".pg_qualstats()";
            String seen = trial.one(count);
            Map<?, ?> advice = trial.read("recommend_indexes");
            assertEquals(seen, trial.one(count), "what was planned is counted as asked");
            String note = String.valueOf(advice.get("note"));
            assertTrue(note.contains("Parameters planned with: 6 constants that pg_qualstats saw, 0 usual"), note);
            String open = line(advice, "statements", "status =");
            double cost =
                    Double.parseDouble(trial.one("EXPLAIN (FORMAT JSON) SELECT note FROM jobs WHERE status = 'open'")
                            .replaceFirst("(?s).*?\"Total Cost\": ([\\d.]+).*", "$1"));
            assertTrue(open.contains("before=" + cost), open + " is not " + cost);
            line(advice, "recommended", "(status)");
            line(advice, "recommended", "(name text_pattern_ops)");
            String kept = line(advice, "unproven", "gin (doc)");
            assertTrue(kept.contains("kept 11.1 % of the rows"), kept);
            trial.sql("DROP EXTENSION pg_qualstats");
            try {
                Map<?, ?> without = trial.read("recommend_indexes");
                assertFalse(
                        String.valueOf(without.get("recommended")).contains("text_pattern_ops"), without.toString());
                assertFalse(line(without, "statements", "doc @>").contains("before=0.0"), without.toString());
                assertEquals(List.of(), without.get("skipped"));
                assertTrue(
                        String.valueOf(without.get("note")).contains("planned with: 6 usual values"),
                        without.toString());
            } finally {
                trial.sql("CREATE EXTENSION pg_qualstats SCHEMA \"Seen\"");
            }
        }
    }

    @Test
    void constants_stay_inside_where_values_may_not_leave() throws Exception {
        try (Trial trial = trial("postgres", "--row-data", "deny")) {
            work(trial);
            Answer answer = trial.call("recommend_indexes");
            assertTrue(answer.text().contains("constants that pg_qualstats saw"), answer.text());
            String all = answer.text() + answer.structured();
            assertFalse(all.contains("it's 77") || all.contains("'open'") || all.contains("\"a\": 3"), all);
        }
    }

    @Test
    void who_may_not_see_what_others_asked_is_told_so() throws Exception {
        try (Trial trial = trial("reader")) {
            work(trial);
            Answer hidden =
                    trial.call("recommend_indexes", "queries", List.of("SELECT note FROM jobs WHERE status = $1"));
            assertTrue(hidden.text().contains("constants in pg_qualstats are other users'"), hidden.text());
            assertTrue(hidden.text().contains("1 usual value"), hidden.text());
            trial.sql("REVOKE EXECUTE ON FUNCTION \"Seen\".pg_qualstats() FROM public");
            Answer closed =
                    trial.call("recommend_indexes", "queries", List.of("SELECT note FROM jobs WHERE status = $1"));
            assertTrue(closed.text().contains("pg_qualstats is installed and could not be read"), closed.text());
            Answer workload = trial.call("recommend_indexes");
            String others = trial.one(
                    "SELECT count(*) FROM pg_stat_statements AS one WHERE userid = 'postgres'::regrole AND toplevel");
            assertTrue(
                    Integer.parseInt(others) > 5
                            && workload.text().matches("(?s).* ([6-9]|\\d{2,}) statements of other users.*"),
                    others + " are hidden: " + workload.text());
            assertEquals(List.of(), workload.structured().get("recommended"));
        }
    }
}
