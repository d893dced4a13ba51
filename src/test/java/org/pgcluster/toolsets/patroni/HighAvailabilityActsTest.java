package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.OwnLab;

/** The acts on a real estate, each followed to its end. It has an estate of its own, which it leaves as it likes. */
@Tag("lab")
@Tag("slow")
class HighAvailabilityActsTest {
    private static @Nullable OwnLab own;

    @TempDir
    Path folder;

    @BeforeAll
    static void up() throws IOException {
        own = OwnLab.up("acts");
    }

    @AfterAll
    static void down() throws IOException {
        OwnLab lab = own;
        if (lab != null) {
            lab.close();
        }
    }

    private Lab acting() {
        Map<String, String> variables = Objects.requireNonNull(own).variables();
        String dsn = variables.getOrDefault("LAB_DSN", "");
        return Lab.on(
                variables, folder, "mode", "admin", "allow_execute", "true", "approval", "self", "admin_dsn", dsn);
    }

    /** Plans, approves as this configuration may, and acts; what goes on is waited for. */
    private static Answer done(Lab lab, String act, Object... arguments) {
        Map<String, Object> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        Answer filed = lab.call("citus_request_approval_token", "action", act, "arguments", given);
        assertFalse(filed.isError(), filed.text());
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.add("approval_token");
        all.add(Objects.requireNonNull(filed.structured().get("token")));
        Answer answer = lab.call(act, all.toArray());
        while (!answer.isError() && "running".equals(answer.structured().get("status"))) {
            Object operation = Objects.requireNonNull(answer.structured().get("operation"));
            Answer followed = lab.call("operation_status", "operation", operation, "wait_seconds", 30);
            if (!"running".equals(followed.structured().get("state"))) {
                return followed;
            }
        }
        return answer;
    }

    private static Map<?, ?> group(Lab lab, String name) {
        return Lab.rows(lab.call("patroni_cluster_status", "group", name), "groups")
                .get(0);
    }

    @Test
    void a_switchover_is_followed_until_everything_has_followed() {
        try (Lab lab = acting()) {
            Map<?, ?> before = group(lab, "0");
            Answer answer = done(lab, "patroni_failover", "group", "0");
            assertFalse(answer.isError(), answer.text());
            assertFalse(answer.text().contains("Not yet"), answer.text());
            Map<?, ?> after = group(lab, "0");
            assertFalse(Objects.equals(before.get("leader"), after.get("leader")), answer.text());
            assertEquals(
                    List.of(), lab.call("haproxy_backend_health").structured().get("wrong"));
            assertTrue(Lab.rows(lab.call("patroni_history", "group", "0"), "changes")
                            .size()
                    >= 1);
        }
    }

    @Test
    void what_patroni_would_refuse_is_not_tried() {
        try (Lab lab = acting()) {
            String leader = String.valueOf(group(lab, "1").get("leader"));
            for (List<Object> wrong : List.<List<Object>>of(
                    List.of("candidate", "nobody"),
                    List.of("candidate", leader),
                    List.of("leader", "somebody-else"),
                    List.of("scheduled_at", "2020-01-01T00:00:00Z"))) {
                List<Object> arguments = new ArrayList<>(List.of("group", "1", "dry_run", true));
                arguments.addAll(wrong);
                Answer answer = lab.call("patroni_failover", arguments.toArray());
                assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
            }
            assertEquals(leader, group(lab, "1").get("leader"));
        }
    }

    @Test
    void a_switchover_is_scheduled_and_taken_back() {
        try (Lab lab = acting()) {
            Answer set = done(lab, "patroni_failover", "group", "1", "scheduled_at", "2099-01-01T00:00:00+00:00");
            assertFalse(set.isError(), set.text());
            assertTrue(
                    String.valueOf(group(lab, "1").get("scheduled_switchover")).startsWith("2099-01-01"));
            Answer back = done(lab, "patroni_failover", "group", "1", "unschedule", true);
            assertFalse(back.isError(), back.text());
            assertEquals(null, group(lab, "1").get("scheduled_switchover"));
        }
    }

    @Test
    void patroni_is_paused_and_resumed() {
        try (Lab lab = acting()) {
            assertFalse(done(lab, "patroni_pause", "group", "1", "paused", true).isError());
            assertEquals(true, group(lab, "1").get("paused"));
            assertTrue(lab.call("cluster_health").text().contains("paused"));
            assertFalse(
                    done(lab, "patroni_pause", "group", "1", "paused", false).isError());
            assertEquals(false, group(lab, "1").get("paused"));
        }
    }

    @Test
    void what_patroni_stores_and_ignores_is_told() {
        try (Lab lab = acting()) {
            Map<String, Object> patch =
                    Map.of("postgresql", Map.of("parameters", Map.of("made.up", "1", "work_mem", "5MB")));
            Answer answer = done(lab, "patroni_edit_config", "group", "1", "patch", patch);
            assertFalse(answer.isError(), answer.text());
            assertTrue(answer.text().contains("PostgreSQL knows no such parameter"), answer.text());
            assertFalse(answer.text().contains("|1|work_mem|"), answer.text());
        }
    }

    @Test
    void the_writer_is_drained_and_comes_back() {
        try (Lab lab = acting()) {
            String leader = String.valueOf(group(lab, "0").get("leader"));
            Answer drained = done(
                    lab,
                    "haproxy_set_server_state",
                    "backend",
                    "coordinator_primary",
                    "server",
                    leader,
                    "state",
                    "drain");
            assertFalse(drained.isError(), drained.text());
            assertTrue(lab.call("cluster_health").text().contains("somebody took it out"));
            Answer back = done(
                    lab,
                    "haproxy_set_server_state",
                    "backend",
                    "coordinator_primary",
                    "server",
                    leader,
                    "state",
                    "ready");
            assertFalse(back.isError(), back.text());
        }
    }

    @Test
    void a_pool_is_paused_and_resumed() {
        try (Lab lab = acting()) {
            assertFalse(done(lab, "pgbouncer_control", "action", "pause", "database", "app")
                    .isError());
            assertTrue(lab.call("pgbouncer_status").text().contains("app is paused"));
            assertFalse(done(lab, "pgbouncer_control", "action", "resume", "database", "app")
                    .isError());
            assertFalse(lab.call("pgbouncer_status").text().contains("app is paused"));
        }
    }
}
