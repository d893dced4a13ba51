package org.pgcluster.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.FaultyServer;
import org.pgcluster.testing.Lab;

/** Addresses that are wrong in every way: each is told as what it is, within its deadline. */
class PatroniReadingTest {
    @TempDir
    Path folder;

    private Answer status(String urls) {
        try (Lab server = Lab.with(folder, Map.of("patroni_urls", urls, "http_timeout_ms", "400"))) {
            return server.call("patroni_cluster_status");
        }
    }

    private static String why(Answer answer) {
        assertFalse(answer.isError(), answer.text());
        return Lab.rows(answer, "unavailable").toString();
    }

    @Test
    void a_web_page_is_no_patroni() {
        try (var server = FaultyServer.http(200, "text/html", "<html><body>It works!</body></html>")) {
            assertTrue(why(status(server.url())).contains("yet not as Patroni does"));
        }
    }

    @Test
    void another_services_json_is_no_patroni() {
        try (var server = FaultyServer.http(200, "application/json", "{\"version\": \"8.1\"}")) {
            assertTrue(why(status(server.url())).contains("yet not as Patroni does"));
        }
    }

    @Test
    void broken_json_is_shown_as_it_came() {
        try (var server = FaultyServer.http(200, "application/json", "{\"members\": [")) {
            assertTrue(why(status(server.url())).contains("answered what is no JSON: {\"members\": ["));
        }
    }

    @Test
    void a_server_error_is_told_with_its_status() {
        try (var server = FaultyServer.http(502, "text/plain", "bad gateway")) {
            assertTrue(why(status(server.url())).contains("answered 502: bad gateway"));
        }
    }

    @Test
    void one_that_hangs_costs_the_others_nothing() {
        String members = "{\"members\": []}";
        try (var hangs = FaultyServer.silent();
                var speaks = FaultyServer.http(200, "application/json", members)) {
            Answer answer = status(hangs.url() + "," + speaks.url());
            assertTrue(why(answer).contains("did not answer within 0.4 s"), answer.text());
            assertEquals(1, Lab.rows(answer, "groups").size(), answer.text());
        }
    }

    @Test
    void a_discovered_host_that_nobody_vouched_for_is_not_asked() {
        String elsewhere = "http://patroni.example.org:8008/patroni";
        String members =
                "{\"members\": [{\"name\": \"a\", \"role\": \"leader\", \"state\": \"running\", \"api_url\": \""
                        + elsewhere + "\", \"host\": \"10.0.0.1\", \"port\": 5432, \"timeline\": 1}]}";
        try (var server = FaultyServer.http(200, "application/json", members)) {
            assertTrue(why(status(server.url())).contains("add it to discovery_hosts"));
        }
    }

    @Test
    void reading_gives_no_password_away() {
        try (var server = FaultyServer.http(200, "application/json", "{\"members\": []}");
                Lab ours = Lab.with(
                        folder,
                        Map.of("patroni_urls", server.url(), "patroni_user", "p", "patroni_password", "hunter22"))) {
            ours.call("patroni_cluster_status");
            assertFalse(server.asked().isEmpty());
            assertTrue(server.asked().stream().noneMatch(question -> question.contains("Authorization")));
        }
    }

    @Test
    void without_a_dcs_members_of_one_database_are_one_group_still() {
        List<FakePatroni> members = FakePatroni.group("a", "b", "c");
        try {
            for (int i = 0; i < members.size(); i++) {
                String identifier = i < 2 ? "7710658693285024971" : "7710658693285024972";
                String own = FakePatroni.own("replica")
                        .replaceFirst("\\{", "{\"database_system_identifier\": \"" + identifier + "\",");
                members.get(i).answers("GET /patroni", 200, own).hangsUpOn("GET /cluster");
            }
            String urls =
                    String.join(",", members.stream().map(FakePatroni::url).toList());
            Answer answer = status(urls);
            assertEquals(
                    List.of(2, 1),
                    Lab.rows(answer, "groups").stream()
                            .map(row -> row.get("members"))
                            .sorted(java.util.Comparator.comparing(String::valueOf)
                                    .reversed())
                            .toList(),
                    answer.text());
        } finally {
            members.forEach(FakePatroni::close);
        }
    }

    @Test
    void who_was_a_member_a_moment_ago_is_asked_together_with_the_configured_one() {
        List<FakePatroni> members = FakePatroni.group("a", "b");
        Map<String, String> patient = Map.of("patroni_urls", members.get(0).url(), "http_timeout_ms", "20000");
        try (Lab server = Lab.with(folder, patient)) {
            assertEquals(
                    2, Lab.rows(server.call("patroni_member_list"), "members").size());
            String other = FakePatroni.row("b", "replica", members.get(1).url());
            String view = "{\"members\": ["
                    + FakePatroni.row("a", "leader", members.get(0).url()) + "," + other + "]}";
            var both = new CyclicBarrier(2);
            members.forEach(one -> one.answersAfter("GET /cluster", () -> meet(both), 200, view));
            Answer answer = server.call("patroni_member_list");
            assertFalse(both.isBroken(), answer.text());
            assertEquals(2, Lab.rows(answer, "members").size(), answer.text());
        } finally {
            members.forEach(FakePatroni::close);
        }
    }

    /** Broken where the other is asked only after this one has not answered in its time. */
    private static void meet(CyclicBarrier both) {
        try {
            both.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException("the other was not asked meanwhile", e);
        }
    }

    @Test
    void whom_the_dcs_no_longer_names_is_no_group_of_its_own() {
        List<FakePatroni> members = FakePatroni.group("a", "b");
        try (Lab server = Lab.with(folder, Map.of("patroni_urls", members.get(0).url()))) {
            assertEquals(
                    2, Lab.rows(server.call("patroni_member_list"), "members").size());
            String alone = "{\"members\": ["
                    + FakePatroni.row("a", "leader", members.get(0).url()) + "]}";
            members.get(0).answers("GET /cluster", 200, alone);
            members.get(1).hangsUpOn("GET /cluster");
            Answer answer = server.call("patroni_cluster_status");
            assertEquals(1, Lab.rows(answer, "groups").size(), answer.text());
            assertEquals(1, Lab.rows(answer, "members").size(), answer.text());
        } finally {
            members.forEach(FakePatroni::close);
        }
    }

    @Test
    void while_a_group_is_upgraded_its_newest_member_shows_the_dcs() {
        List<FakePatroni> members = FakePatroni.group("a", "b");
        String url = members.get(0).url();
        try (Lab server = Lab.with(folder, Map.of("patroni_urls", url))) {
            String leader = FakePatroni.row("a", "leader", url);
            String newer = FakePatroni.row("b", "quorum_standby", members.get(1).url())
                    .replace(
                            "\"timeline\"",
                            "\"pending_restart\": true, \"pending_restart_reason\": {\"max_connections\":"
                                    + " {\"old_value\": \"100\", \"new_value\": \"110\"}}, \"timeline\"");
            members.get(1)
                    .answers("GET /patroni", 200, FakePatroni.own("replica").replace("3.0.2", "4.1.4"))
                    .answers("GET /cluster", 200, "{\"members\": [" + leader + "," + newer + "]}");
            Map<?, ?> row =
                    Lab.rows(server.call("patroni_member_list"), "members").get(1);
            assertEquals("quorum_standby", row.get("role"));
            assertEquals(List.of("max_connections=100 -> 110"), row.get("restart_reasons"));
        } finally {
            members.forEach(FakePatroni::close);
        }
    }

    @Test
    void settings_that_no_leader_could_be_asked_about_are_not_said_to_be_in_force() {
        List<FakePatroni> members = FakePatroni.group("a", "b");
        try (Lab server = Lab.with(folder, Map.of("patroni_urls", members.get(0).url()))) {
            String settings = "{\"ttl\": 20, \"postgresql\": {\"parameters\": {\"work_mem\": \"4MB\"}}}";
            members.forEach(one -> one.answers("GET /config", 200, settings));
            Answer answer = server.call("patroni_config");
            assertTrue(answer.text().contains("not compared with the leaders that could not be asked"), answer.text());
        } finally {
            members.forEach(FakePatroni::close);
        }
    }
}
