package org.pgcluster.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.cli.Found.Verdict;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.postgres.Bouncer;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.testing.FakePatroni;

/** What {@code check} finds on real servers. */
@Tag("postgres")
@Timeout(90)
class ProbesTest {
    private static PgServer server;

    @TempDir
    Path folder = Path.of("");

    @BeforeAll
    static void a_server_with_the_logins_of_the_docs() throws IOException, InterruptedException {
        server = PgServer.start();
        var script = Files.copy(Path.of("docs/roles.sql"), server.folder().resolve("roles.sql"));
        server.psqlFile(script);
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static String at(String login, int port) {
        return "postgres://" + login + "@127.0.0.1:" + port + "/postgres";
    }

    private List<Found> found(String... arguments) {
        var settings = Settings.load(new Inputs(List.of(arguments), Map.of(), folder, folder, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        try (var probes = new Probes(settings)) {
            return probes.all();
        }
    }

    private static void assertFound(Verdict verdict, String what, String text, List<Found> found) {
        assertTrue(
                found.stream()
                        .anyMatch(one -> one.verdict() == verdict
                                && one.what().equals(what)
                                && one.text().contains(text)),
                () -> verdict + " " + what + " " + text + " in " + found);
    }

    private static List<Found> of(Verdict verdict, List<Found> found) {
        return found.stream().filter(one -> one.verdict() == verdict).toList();
    }

    @Test
    void an_estate_of_patroni_alone_lacks_a_database_and_that_is_no_failure() {
        List<FakePatroni> group = FakePatroni.group("a", "b");
        try {
            var found = found("--patroni-urls", group.get(0).url());
            assertFound(Verdict.WARNS, "default, reading", "What needs SQL is left out", found);
            assertEquals(List.of(), of(Verdict.FAILS, found));
        } finally {
            group.forEach(FakePatroni::close);
        }
    }

    @Test
    void the_logins_of_the_docs_are_neither_too_strong_nor_too_weak() {
        var found = found(
                "--coordinator-dsn",
                at("mcp_user", server.port()),
                "--admin-dsn",
                at("dpg_cluster", server.port()),
                "--mode",
                "admin");
        assertFound(Verdict.WORKS, "default, reading", "mcp_user at postgres, PostgreSQL 15", found);
        assertFound(Verdict.WORKS, "default, admin", "dpg_cluster at postgres", found);
        assertEquals(List.of(), of(Verdict.FAILS, found));
        var warned = of(Verdict.WARNS, found);
        assertEquals(1, warned.size(), warned.toString());
        assertTrue(warned.get(0).text().contains("pg_stat_statements"), warned.toString());
    }

    @Test
    void an_allowed_function_that_is_not_there_is_told() {
        var found = found(
                "--coordinator-dsn",
                at("mcp_user", server.port()),
                "--allowed-functions",
                "pg_catalog.lower(text); shop.total(integer, text)");
        var vain = of(Verdict.WARNS, found).stream()
                .map(Found::text)
                .filter(text -> text.contains("allowed_functions"))
                .toList();
        assertEquals(List.of("allowed_functions: shop.total(integer, text) names no function of postgres."), vain);
    }

    @Test
    void a_superuser_is_too_strong_on_either_tier() {
        var found = found(
                "--coordinator-dsn",
                at("postgres", server.port()),
                "--admin-dsn",
                at("postgres", server.port()),
                "--mode",
                "admin");
        assertFound(Verdict.WARNS, "default, reading", "postgres is a superuser; reading needs far less", found);
        assertFound(Verdict.WARNS, "default, admin", "postgres is a superuser", found);
    }

    @Test
    void a_login_that_sees_too_little_is_told_the_grant() throws IOException, InterruptedException {
        server.psql("CREATE ROLE nobody LOGIN");
        var found = found(at("nobody", server.port()));
        assertTrue(found.stream().anyMatch(one -> one.mend().equals("GRANT pg_monitor TO nobody;")), found.toString());
    }

    @Test
    void a_pooler_before_acts_is_told_and_the_direct_address_cures_it() throws Exception {
        try (var bouncer = Bouncer.before(server)) {
            var pooled = at("postgres", bouncer.port());
            var through = found("--coordinator-dsn", pooled, "--admin-dsn", pooled, "--mode", "admin");
            assertFound(Verdict.WORKS, "default, reading", "through a pooler", through);
            assertFound(Verdict.WARNS, "default, admin", "acts would pass a pooler at 127.0.0.1", through);

            var cured = found(
                    "--coordinator-dsn",
                    pooled,
                    "--admin-dsn",
                    pooled,
                    "--mode",
                    "admin",
                    "--direct-dsn",
                    at("other", server.port()));
            assertFound(Verdict.WORKS, "default, direct", "postgres at postgres", cured);
            assertTrue(cured.stream().noneMatch(one -> one.text().contains("acts would pass")), cured.toString());

            var direct = found("--coordinator-dsn", pooled, "--direct-dsn", pooled);
            assertFound(Verdict.WARNS, "default, direct", "acts would pass a pooler", direct);
        }
    }

    @Test
    void a_direct_address_where_nobody_is_fails() throws IOException {
        var found = found(
                "--coordinator-dsn",
                at("mcp_user", server.port()),
                "--direct-dsn",
                at("mcp_user", PgServer.freePort()));
        assertFound(Verdict.FAILS, "default, direct", "", found);
        assertFound(Verdict.WORKS, "default, reading", "mcp_user", found);
    }

    @Test
    void frozen_servers_cost_five_seconds_altogether_and_hide_nobody_else() throws Exception {
        try (var frozen = PgServer.start()) {
            frozen.freeze();
            long before = System.nanoTime();
            var gone = at("postgres", frozen.port());
            var found = found(
                    "--coordinator-dsn",
                    at("mcp_user", server.port()),
                    "--admin-dsn",
                    gone,
                    "--worker-dsns",
                    gone + "," + at("mcp_user", server.port()),
                    "--mode",
                    "admin");
            long took = Duration.ofNanos(System.nanoTime() - before).toMillis();
            frozen.thaw();
            // The rest is for a busy machine: connect_timeout_seconds alone would allow ten for each of them.
            assertTrue(took < 7000, took + " ms");
            assertFound(Verdict.FAILS, "default, admin", "said nothing", found);
            assertFound(Verdict.FAILS, "default, worker 127.0.0.1:" + frozen.port(), "said nothing", found);
            assertFound(Verdict.WORKS, "default, worker 127.0.0.1:" + server.port(), "mcp_user", found);
            assertFound(Verdict.WORKS, "default, reading", "mcp_user", found);
        }
    }

    @Test
    void nothing_configured_says_how_to_configure_it() {
        var found = found();
        assertEquals(Verdict.FAILS, found.get(0).verdict());
        assertTrue(found.get(0).mend().contains("PGCLUSTER_MCP_COORDINATOR_DSN"), found.toString());
    }
}
