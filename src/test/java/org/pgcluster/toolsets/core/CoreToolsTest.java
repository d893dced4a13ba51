package org.pgcluster.toolsets.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Request;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.testing.Aside;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;

/** ping, server_info and cluster_health on a primary, on a standby, and for a login that may see little. */
@Tag("postgres")
@Timeout(90)
class CoreToolsTest {
    private static PgServer primary;
    private static PgServer standby;

    @TempDir
    Path folder = Path.of("");

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        primary = PgServer.start();
        primary.psql("CREATE ROLE blind LOGIN");
        standby = PgServer.following(primary);
    }

    @AfterAll
    static void stop() throws IOException {
        standby.close();
        primary.close();
    }

    private Answer call(int port, String login, String tool, Map<String, Object> arguments, String... more) {
        var words = new java.util.ArrayList<>(
                List.of("postgres://" + login + "@127.0.0.1:" + port + "/postgres", "--state-dir", folder.toString()));
        words.addAll(List.of(more));
        var settings = Settings.load(new Inputs(words, Map.of(), folder, folder, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        try (var dispatcher = new Dispatcher(new Workshop(settings, "9.9.9"))) {
            var call = Call.within(Duration.ofSeconds(20), (done, total, message) -> {});
            return dispatcher.call(new Request(tool, Map.copyOf(arguments), call, "test", Optional.empty()));
        }
    }

    private Map<?, ?> read(int port, String login, String tool) {
        var answer = call(port, login, tool, Map.of());
        assertFalse(answer.isError(), answer.text());
        return answer.structured();
    }

    private static Map<?, ?> first(Map<?, ?> answer, String list) {
        return (Map<?, ?>) ((List<?>) Objects.requireNonNull(answer.get(list), list)).get(0);
    }

    /** All slots and connections of the others are taken, and what they wait for takes longer than they have. */
    @Test
    void the_diagnosis_does_not_wait_behind_calls_that_hang() throws Exception {
        var words = List.of(
                "postgres://postgres@127.0.0.1:" + primary.port() + "/postgres",
                "--state-dir",
                folder.toString(),
                "--pool-size=1",
                "--max-concurrent-calls=2");
        var settings = Settings.load(new Inputs(words, Map.of(), folder, folder, "Linux", "tester"));
        try (var dispatcher = new Dispatcher(new Workshop(settings, "9.9.9"))) {
            var hung = new ArrayList<Call>();
            var ends = new ArrayList<CompletableFuture<Void>>();
            for (int i = 0; i < 5; i++) {
                var call = Call.within(Duration.ofSeconds(20));
                hung.add(call);
                ends.add(Aside.run(() -> dispatcher.call(new Request(
                        "execute_sql", Map.of("sql", "SELECT pg_sleep(15)"), call, "test", Optional.empty()))));
            }
            Thread.sleep(1000);
            long before = System.nanoTime();
            var diagnosis = dispatcher.call(new Request(
                    "cluster_health", Map.of(), Call.within(Duration.ofSeconds(20)), "test", Optional.empty()));
            long took = Duration.ofNanos(System.nanoTime() - before).toMillis();
            assertFalse(ends.stream().anyMatch(CompletableFuture::isDone), "a call that should hang ended");
            hung.forEach(Call::cancel);
            for (var end : ends) {
                end.get();
            }
            assertFalse(diagnosis.isError(), diagnosis.text());
            assertEquals(List.of(), Lab.rows(diagnosis, "unavailable"), diagnosis.text());
            assertTrue(took < 8000, took + " ms");
        }
    }

    @Test
    void ping_answers_and_times_primary_and_standby() {
        for (var server : List.of(primary, standby)) {
            var answer = call(server.port(), "blind", "ping", Map.of("message", "hello"));
            assertEquals("hello", answer.structured().get("message"));
            var trip = first(answer.structured(), "round_trips");
            assertEquals("127.0.0.1:" + server.port(), trip.get("where"));
            double took = ((Number) Objects.requireNonNull(trip.get("milliseconds"))).doubleValue();
            assertTrue(took > 0 && took < 3000, trip.toString());
        }
    }

    @Test
    void ping_still_answers_when_nobody_is_there_and_says_who_is_not() throws IOException {
        var answer = call(PgServer.freePort(), "blind", "ping", Map.of());
        assertFalse(answer.isError(), answer.text());
        assertEquals("pong", answer.structured().get("message"));
        assertEquals("postgres", first(answer.structured(), "unavailable").get("component"));
    }

    @Test
    void an_estate_of_patroni_alone_misses_no_database() {
        try (FakePatroni member = FakePatroni.group("a").get(0);
                Lab lab = Lab.with(folder, Map.of("patroni_urls", member.url()))) {
            assertEquals(List.of(), Lab.rows(lab.call("ping"), "unavailable"));
            assertEquals(List.of(), Lab.rows(lab.call("server_info"), "unavailable"));
        }
    }

    @Test
    void server_info_tells_a_standby_and_a_weak_login() {
        var node = first(read(standby.port(), "blind", "server_info"), "nodes");
        assertEquals(true, node.get("standby"));
        assertEquals(false, node.get("superuser"));
        assertEquals("blind", node.get("user"));
        assertEquals(List.of(), node.get("rights"));
        var strong = first(read(primary.port(), "postgres", "server_info"), "nodes");
        assertEquals(false, strong.get("standby"));
        assertEquals(true, strong.get("superuser"));
        assertTrue(String.valueOf(strong.get("version")).startsWith("15."), strong.toString());
    }

    @Test
    void health_of_a_standby_is_judged_as_well() {
        var answer = read(standby.port(), "postgres", "cluster_health");
        assertEquals("healthy", answer.get("state"), answer.toString());
        assertNull(answer.get("not_seen"));
    }

    @Test
    void a_login_that_sees_no_sessions_says_that_it_does_not() {
        for (var server : List.of(primary, standby)) {
            var answer = read(server.port(), "blind", "cluster_health");
            assertNotNull(answer.get("not_seen"));
            assertTrue(call(server.port(), "blind", "cluster_health", Map.of())
                    .text()
                    .contains("pg_read_all_stats"));
        }
    }

    @Test
    void a_server_that_is_not_there_is_critical_and_not_an_error() throws IOException {
        var answer = call(PgServer.freePort(), "blind", "cluster_health", Map.of());
        assertFalse(answer.isError(), answer.text());
        assertEquals("critical", answer.structured().get("state"));
        assertEquals(
                "postgres.out_of_reach", first(answer.structured(), "findings").get("id"));
    }

    @Test
    void what_is_left_out_by_component_is_not_called_healthy_by_silence() throws IOException {
        var answer = call(PgServer.freePort(), "blind", "cluster_health", Map.of("components", List.of("citus")));
        assertEquals("unknown", answer.structured().get("state"), answer.text());
    }

    @Test
    void a_function_that_fills_the_disk_is_stopped_and_the_hint_names_it() throws IOException, InterruptedException {
        var answer = call(
                primary.port(),
                "postgres",
                "execute_sql",
                Map.of("sql", "SELECT count(*) FROM generate_series(1, 1000000000) AS n"),
                "--statement-timeout-ms",
                "1500");
        assertTrue(answer.isError(), answer.text());
        assertEquals("TIMEOUT", answer.structured().get("code"), answer.text());
        assertTrue(answer.text().contains("SELECT list"), answer.text());
        var limit = call(primary.port(), "postgres", "execute_sql", Map.of("sql", "SHOW temp_file_limit"));
        assertTrue(limit.text().contains("1GB"), limit.text());
        primary.psql("CREATE ROLE limited LOGIN");
        primary.psql("ALTER ROLE limited SET temp_file_limit = '10MB'");
        var stopped = call(
                primary.port(),
                "limited",
                "execute_sql",
                Map.of("sql", "SELECT n FROM generate_series(1, 30000000) AS n"));
        assertEquals("53400", stopped.structured().get("sqlstate"), stopped.text());
        assertTrue(stopped.text().contains("temp_file_limit of the login"), stopped.text());
    }
}
