package org.pgcluster.pgbouncer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakeConsole;
import org.pgcluster.testing.Lab;

/** Columns that a version adds, drops, renames or moves lead to the same answer. */
class ConsoleVersionsTest {
    private static final String COUNTS = "total_xact_count total_query_count total_received total_sent total_xact_time"
            + " total_query_time total_wait_time";

    @TempDir
    Path folder;

    private static Map<String, List<String>> tables(String version) {
        boolean assigned = !List.of("1.18.0", "1.21.0").contains(version);
        boolean balanced = List.of("1.24.1", "1.25.0").contains(version);
        return Map.of(
                "SHOW VERSION", List.of("version", "PgBouncer_" + version),
                "SHOW STATS",
                        List.of(
                                "database " + (assigned ? "total_server_assignment_count " : "") + COUNTS
                                        + (balanced ? " total_client_parse_count" : ""),
                                "app " + (assigned ? "5 " : "") + "10 20 1 1 1 1 1" + (balanced ? " 0" : "")),
                "SHOW DATABASES",
                        List.of(
                                "name host port database force_user pool_size min_pool_size "
                                        + (balanced ? "reserve_pool_size server_lifetime" : "reserve_pool")
                                        + " pool_mode max_connections current_connections paused disabled",
                                "app db1 5432 app_db  10 0 " + (balanced ? "2 3600" : "2") + "  0 3 0 0",
                                "pgbouncer  6432 pgbouncer pgbouncer 2 0 " + (balanced ? "0 3600" : "0")
                                        + " statement 0 0 0 0"),
                "SHOW CONFIG",
                        List.of(
                                "key value default changeable",
                                "admin_users boss  yes",
                                "ignore_startup_parameters extra_float_digits  yes"),
                "SHOW POOLS",
                        List.of(
                                "database user cl_active cl_waiting sv_active sv_idle sv_used sv_tested sv_login maxwait"
                                        + " maxwait_us pool_mode"
                                        + (balanced ? " load_balance_hosts" : ""),
                                "app me 4 1 12 0 0 0 0 1 500000 transaction" + (balanced ? " round-robin" : ""),
                                "pgbouncer pgbouncer 1 0 0 0 0 0 0 0 0 statement" + (balanced ? " x" : "")));
    }

    @ParameterizedTest
    @CsvSource({"1.18.0", "1.21.0", "1.23.1", "1.24.1", "1.25.0"})
    void every_version_is_read_alike(String version) {
        try (var console = new FakeConsole(tables(version));
                Lab lab = Lab.with(
                        folder,
                        Map.of(
                                "pgbouncer_dsns",
                                "postgres://boss@127.0.0.1:" + console.port() + "/pgbouncer?sslmode=disable"))) {
            Answer answer = lab.call("pgbouncer_status");
            Map<?, ?> pool = Lab.rows(answer, "pools").get(0);
            assertEquals(1, Lab.rows(answer, "pools").size(), "the console itself is no pool");
            assertEquals(
                    "4 1 12 1.5 12",
                    Stream.of("active", "waiting", "servers_active", "longest_wait_seconds", "room")
                            .map(name -> String.valueOf(pool.get(name)))
                            .collect(Collectors.joining(" ")),
                    answer.text());
            Map<?, ?> database = Lab.rows(answer, "databases").get(0);
            assertEquals("db1:5432/app_db", database.get("leads_to"));
            assertEquals(3L, database.get("connections"));
            assertEquals(true, Lab.rows(answer, "instances").get(0).get("may_control"));
            assertTrue(answer.text().contains("all 12 server connections are busy"), answer.text());
        }
    }
}
