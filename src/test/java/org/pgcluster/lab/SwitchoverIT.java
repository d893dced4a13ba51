package org.pgcluster.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Request;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.shape.JsonText;
import org.pgcluster.testing.Aside;

/** Patroni hands the leader over while somebody reads, in a lab of its own. */
@Tag("slow")
@Tag("lab")
@Timeout(300)
class SwitchoverIT {
    private static final String WHERE = "SELECT inet_server_port() AS port, pg_is_in_recovery() AS standby";
    private static final Map<String, String> ADDRESSES = new TreeMap<>();

    @TempDir
    Path folder = Path.of("");

    private record Seen(boolean failed, String text, long millis) {}

    @BeforeAll
    static void up() {
        Assumptions.assumeTrue(Files.exists(Path.of("/usr/bin/patroni")), "Patroni is not installed in /usr/bin");
        var started = Lab.run(Map.of(), "lab/lab", "up", "--name", "switchover", "--groups", "1", "--empty");
        assertEquals(0, started.code(), started.text());
        for (var line : Lab.run(Map.of(), "lab/lab", "env", "--name", "switchover")
                .text()
                .lines()
                .toList()) {
            var pair = line.replace("export ", "").split("=", 2);
            ADDRESSES.put(pair[0], pair[1].replaceAll("^['\"]|['\"]$", ""));
        }
    }

    @AfterAll
    static void down() {
        Lab.run(Map.of(), "lab/lab", "down", "--name", "switchover");
    }

    private static String address(String name) {
        return Optional.ofNullable(ADDRESSES.get(name)).orElseThrow(() -> new IllegalStateException(name));
    }

    private static String patroni(String path, Optional<String> body) throws IOException, InterruptedException {
        var login = address("LAB_PATRONI_USER") + ":" + address("LAB_PATRONI_PASSWORD");
        var request = HttpRequest.newBuilder(URI.create(address("LAB_PATRONI").split(",", -1)[0] + path))
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(login.getBytes(UTF_8)))
                .timeout(Duration.ofSeconds(60));
        body.ifPresent(text -> request.POST(HttpRequest.BodyPublishers.ofString(text)));
        return HttpClient.newHttpClient()
                .send(request.build(), BodyHandlers.ofString())
                .body();
    }

    private static List<Map<?, ?>> members() throws IOException, InterruptedException {
        var cluster = (Map<?, ?>) Objects.requireNonNull(JsonText.read(patroni("/cluster", Optional.empty())));
        var members = new ArrayList<Map<?, ?>>();
        for (var member : (List<?>) Objects.requireNonNull(cluster.get("members"))) {
            members.add((Map<?, ?>) member);
        }
        return members;
    }

    /** Where replication is synchronous, Patroni hands over to nobody else. */
    private static Map<?, ?> heir() throws IOException, InterruptedException {
        for (int i = 0; i < 300; i++) {
            for (var one : members()) {
                if ("sync_standby".equals(one.get("role"))) {
                    return one;
                }
            }
            Thread.sleep(200);
        }
        throw new AssertionError("no standby follows in " + members());
    }

    private static Map<?, ?> leader() throws IOException, InterruptedException {
        return members().stream()
                .filter(one -> "leader".equals(one.get("role")))
                .findFirst()
                .orElseThrow();
    }

    private static String dsn(String way) throws IOException, InterruptedException {
        var proxied = URI.create(address("LAB_USER_DSN"));
        if (way.equals("haproxy")) {
            return proxied.toString();
        }
        var hosts = members().stream()
                .map(one -> one.get("host") + ":" + one.get("port"))
                .toList();
        return "postgres://" + proxied.getUserInfo() + "@" + String.join(",", hosts) + proxied.getPath()
                + "?target_session_attrs=primary";
    }

    private static Seen ask(Dispatcher dispatcher) {
        long before = System.nanoTime();
        var call = Call.within(Duration.ofSeconds(35), (done, total, message) -> {});
        Answer answer =
                dispatcher.call(new Request("execute_sql", Map.of("sql", WHERE), call, "test", Optional.empty()));
        long took = Duration.ofNanos(System.nanoTime() - before).toMillis();
        return new Seen(answer.isError(), JsonText.write(answer.structured()), took);
    }

    /** Until somebody else, who connects anew each time, reaches a leader by the same way. */
    private static void awaitLeader(String way, String port) throws InterruptedException {
        var direct = address("LAB_DSN").replaceFirst(":\\d+/", ":" + port + "/");
        for (int i = 0; i < 600; i++) {
            try (var connection = Lab.connect(way.equals("haproxy") ? address("LAB_DSN") : direct)) {
                if (Lab.one(connection, "SELECT inet_server_port() || ' ' || pg_is_in_recovery()")
                        .equals(port + " false")) {
                    return;
                }
            } catch (SQLException e) {
                // Not yet: the old leader is gone and the new one is none before Patroni says so.
                Thread.sleep(20);
            }
            Thread.sleep(20);
        }
        throw new AssertionError("nobody leads at " + port);
    }

    @ParameterizedTest
    @ValueSource(strings = {"haproxy", "several hosts"})
    void calls_during_a_switchover_end_soon_and_the_first_one_after_it_succeeds(String way) throws Exception {
        var arguments = List.of(dsn(way), "--state-dir", folder.toString());
        var settings = Settings.load(new Inputs(arguments, Map.of(), folder, folder, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        try (var dispatcher = new Dispatcher(new Workshop(settings, "test"))) {
            var next = heir();
            var leader = leader();
            var heir = String.valueOf(next.get("port"));
            var before = ask(dispatcher);
            assertFalse(before.failed(), before.text());
            assertTrue(before.text().contains(String.valueOf(leader.get("port"))), before.text());
            assertNotEquals(heir, String.valueOf(leader.get("port")));

            var order = "{\"leader\": \"" + leader.get("name") + "\", \"candidate\": \"" + next.get("name") + "\"}";
            var switching = Aside.supply(() -> {
                try {
                    return patroni("/switchover", Optional.of(order));
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            var during = new ArrayList<Seen>();
            while (!switching.isDone()) {
                during.add(ask(dispatcher));
                Thread.sleep(50);
            }
            assertTrue(switching.get().contains("Successfully switched over"), switching.get());
            awaitLeader(way, heir);
            var after = ask(dispatcher);
            assertFalse(after.failed(), after.text());
            assertTrue(after.text().contains(heir) && after.text().contains("false"), after.text());
            assertTrue(after.millis() < 2000, after.toString());
            // HAProxy itself tries a server that refuses it three times, a second apart.
            for (var one : during) {
                assertTrue(one.millis() < 10_000, one.toString());
                assertTrue(!one.failed() || one.text().contains("CONNECTION_FAILED"), one.toString());
            }
        }
    }
}
