package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.lab.Lab;

/** One server goes on through a change of the coordinator's leader, with no restart. */
@Tag("lab")
class PatroniFailoverIT {
    private static final Pattern LEADER =
            Pattern.compile("\"name\": \"([^\"]+)\", \"role\": \"leader\", \"state\": \"running\"");

    @TempDir
    Path state;

    @Test
    void the_first_call_after_a_switchover_reads_from_the_new_leader() throws Exception {
        Lab.require();
        try (var server = Server.start(state, false, Lab.address("LAB_USER_DSN"))) {
            String before = address(server);
            String old = leader();
            switchover(old);
            eventually(() -> !leader().isEmpty() && !leader().equals(old), "another leader than " + old);
            eventually(() -> !server.call("execute_sql", "sql", "SELECT 1").isError(), "a call that succeeds");
            eventually(() -> !address(server).equals(before), "the new leader behind the same address");
            assertNotEquals(before, address(server));
            assertFalse(server.call("execute_sql", "sql", "SELECT count(*) FROM orders")
                    .isError());
        }
    }

    /** The port that the server itself listens on: HAProxy's address stays the same. */
    private static String address(Server server) {
        var answer = server.call("execute_sql", "sql", "SELECT inet_server_port(), pg_is_in_recovery()");
        return answer.isError() ? "" : answer.text();
    }

    private static String leader() {
        try {
            var found = LEADER.matcher(ask(HttpRequest.newBuilder(URI.create(patroni() + "/cluster"))));
            return found.find() ? found.group(1) : "";
        } catch (Exception e) {
            return ""; // a member that changes its role may not answer just now
        }
    }

    private static String patroni() {
        return Lab.address("LAB_PATRONI").split(",", -1)[0];
    }

    private static void switchover(String from) throws Exception {
        var credentials = Lab.address("LAB_PATRONI_USER") + ":" + Lab.address("LAB_PATRONI_PASSWORD");
        var told = ask(HttpRequest.newBuilder(URI.create(patroni() + "/switchover"))
                .header(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8)))
                .POST(HttpRequest.BodyPublishers.ofString("{\"leader\": \"" + from + "\"}")));
        assertTrue(told.contains("Success"), told);
    }

    private static String ask(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient()
                .send(request.timeout(Duration.ofSeconds(40)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private interface Condition {
        boolean holds();
    }

    private static void eventually(Condition condition, String what) throws InterruptedException {
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < until, "waited 60 s for " + what);
            Thread.sleep(100);
        }
    }
}
