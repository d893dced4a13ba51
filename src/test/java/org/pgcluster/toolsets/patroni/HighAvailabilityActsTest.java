package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.shape.JsonText;
import org.pgcluster.testing.Eventually;
import org.pgcluster.testing.Lab;

/** The acts on a real estate, each followed to its end. It has an estate of its own, which it leaves as it likes. */
class HighAvailabilityActsTest extends OnOwnEstate {
    private static final Pattern PASTED = Pattern.compile("patroni_edit_config with group: (\\S+), patch: (\\{.*\\})");

    HighAvailabilityActsTest() {
        super("acts", "LAB_PATRONI");
    }

    private static Answer done(Lab lab, String act, Object... arguments) {
        return Acting.done(lab, act, arguments);
    }

    private static Map<?, ?> group(Lab lab, String name) {
        return Estate.group(lab, name);
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
            Eventually.see("HAProxy's own checks to find the new replica", () -> {
                Answer health = lab.call("haproxy_backend_health");
                return List.of().equals(health.structured().get("wrong")) ? "" : health.text();
            });
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
    void an_estate_without_any_login_of_postgresql_is_changed_all_the_same() {
        try (Lab lab = Lab.acting(estate().lab().variables(), folder, "coordinator_dsn", "", "admin_dsn", "")) {
            Answer plan = lab.call("patroni_pause", "group", "g1m0", "paused", true, "dry_run", true);
            assertTrue(plan.text().contains("its lock lies in the database"), plan.text());
            Answer paused = done(lab, "patroni_pause", "group", "g1m0", "paused", true);
            assertFalse(paused.isError(), paused.text());
            assertTrue(paused.text().contains("is paused"), paused.text());
            Answer resumed = done(lab, "patroni_pause", "group", "g1m0", "paused", false);
            assertFalse(resumed.isError(), resumed.text());
        }
    }

    private Object config(Lab lab, String group) {
        Object api = Estate.member(lab, Estate.leader(lab, group)).get("api");
        return Objects.requireNonNull(JsonText.read(estate().rest("GET", api + "/config", "")));
    }

    private static Answer pasted(Lab lab, String plan) {
        Matcher undo = PASTED.matcher(plan);
        assertTrue(undo.find(), plan);
        Object patch = Objects.requireNonNull(JsonText.read(undo.group(2)));
        return done(lab, "patroni_edit_config", "group", undo.group(1), "patch", patch);
    }

    @Test
    void what_patroni_stores_and_ignores_is_in_the_plan_and_in_the_proof_and_can_be_taken_back() {
        try (Lab lab = acting()) {
            Object before = config(lab, "1");
            Map<String, Object> parameters = Map.of(
                    "made.up",
                    "1",
                    "no_such_thing",
                    1,
                    "work_mem",
                    "5MB",
                    "port",
                    1,
                    "max_connections",
                    10,
                    "wal_level",
                    "replica",
                    "random_page_cost",
                    "cheap",
                    "wal_compression",
                    "strong");
            Map<String, Object> patch =
                    Map.of("tll", 30, "postgresql", Map.of("parameters", parameters, "listen", "elsewhere:5432"));
            Answer plan = lab.call("patroni_edit_config", "group", "1", "patch", patch, "dry_run", true);
            assertFalse(plan.isError(), plan.text());
            for (String told : List.of(
                    "! tll counts: Patroni knows no such setting",
                    "! postgresql.listen counts: Patroni reads it from each member's own file only",
                    "! postgresql.parameters.port counts: Patroni sets it by itself",
                    "! postgresql.parameters.max_connections counts: Patroni takes no less than 25",
                    "! postgresql.parameters.wal_level counts: with Citus Patroni keeps it at logical",
                    "! made.up counts: PostgreSQL knows no such parameter",
                    "! no_such_thing counts: PostgreSQL knows no such parameter",
                    "! random_page_cost counts: it takes a number",
                    "! wal_compression counts: it takes one of ",
                    "- work_mem counts: holds (takes effect without a restart)")) {
                assertTrue(plan.text().contains(told), told + " is not in\n" + plan.text());
            }
            Answer answer = done(lab, "patroni_edit_config", "group", "1", "patch", patch);
            assertFalse(answer.isError(), answer.text());
            Map<?, ?> result =
                    (Map<?, ?>) Objects.requireNonNull(answer.structured().get("result"));
            List<?> open = (List<?>) Objects.requireNonNull(result.get("not_in_force"));
            assertTrue(
                    open.stream().noneMatch(row -> "work_mem".equals(((Map<?, ?>) row).get("parameter"))),
                    answer.text());
            for (String name : List.of("tll", "postgresql.listen", "made.up", "port", "max_connections", "wal_level")) {
                assertTrue(
                        open.stream().anyMatch(row -> name.equals(((Map<?, ?>) row).get("parameter"))),
                        name + " is not in\n" + answer.text());
            }
            for (Map<?, ?> member : Estate.members(lab, "1")) {
                assertEquals("5MB", estate().sql(Objects.requireNonNull(member.get("address")), "SHOW work_mem"));
            }
            assertFalse(pasted(lab, plan.text()).isError());
            assertEquals(before, config(lab, "1"), "the undo of the plan gives what was before");
        }
    }

    @Test
    void a_setting_that_needs_a_restart_waits_until_each_member_was_restarted_for_it() {
        try (Lab lab = acting()) {
            Map<String, Object> patch = Map.of("postgresql", Map.of("parameters", Map.of("max_connections", 110)));
            Answer plan = lab.call("patroni_edit_config", "group", "1", "patch", patch, "dry_run", true);
            assertTrue(plan.text().contains("with a restart of each member only"), plan.text());
            Answer edited = done(lab, "patroni_edit_config", "group", "1", "patch", patch);
            String leader = Estate.leader(lab, "1");
            String replica = Estate.replica(lab, "1");
            assertTrue(edited.text().contains("To restart: "), edited.text());
            for (String member : List.of(leader, replica)) { // the leader first, as a standby may not have fewer
                Answer restarted = done(lab, "patroni_restart", "member", member, "pending_only", true);
                assertFalse(restarted.isError(), restarted.text());
                Object address =
                        Objects.requireNonNull(Estate.member(lab, member).get("address"));
                assertEquals("110", estate().sql(address, "SHOW max_connections"));
            }
            Answer again = lab.call("patroni_restart", "member", leader, "pending_only", true, "dry_run", true);
            assertEquals("PRECONDITION_FAILED", again.structured().get("code"), again.text());
            assertFalse(pasted(lab, plan.text()).isError());
            for (String member : List.of(leader, replica)) {
                Answer back = done(lab, "patroni_restart", "member", member, "pending_only", true);
                assertFalse(back.isError(), back.text());
            }
        }
    }

    @Test
    void a_restart_is_scheduled_taken_back_and_done_when_its_time_has_come() {
        try (Lab lab = acting()) {
            String replica = Estate.replica(lab, "1");
            Answer set = done(lab, "patroni_restart", "member", replica, "scheduled_at", "2099-01-01T00:00:00+00:00");
            assertTrue(set.text().contains("Its restart is scheduled for 2099-01-01"), set.text());
            Answer twice = lab.call(
                    "patroni_restart", "member", replica, "scheduled_at", "2099-01-02T00:00:00Z", "dry_run", true);
            assertTrue(twice.text().contains("take it back first"), twice.text());
            Answer back = done(lab, "patroni_restart", "member", replica, "scheduled_at", "none");
            assertTrue(back.text().contains("No restart is scheduled for it any more"), back.text());
            assertEquals(null, Estate.member(lab, replica).get("scheduled_restart"));

            Object started = Objects.requireNonNull(Estate.member(lab, replica).get("started_at"));
            String soon = OffsetDateTime.now(ZoneOffset.UTC).plusSeconds(15).toString();
            Answer near = done(lab, "patroni_restart", "member", replica, "scheduled_at", soon);
            assertFalse(near.isError(), near.text());
            Eventually.see("the restart", () -> {
                Object now = Estate.member(lab, replica).get("started_at");
                return now != null && !now.equals(started) ? "" : "started at " + now;
            });
        }
    }

    @Test
    void a_replica_whose_data_folder_is_damaged_is_copied_anew() throws IOException {
        try (Lab lab = acting()) {
            String replica = Estate.replica(lab, "1");
            Object address = Objects.requireNonNull(Estate.member(lab, replica).get("address"));
            Path data = estate().processes().folder().resolve(replica);
            long postmaster = estate().processes().postmaster(replica);
            Files.delete(data.resolve("global/pg_control"));
            ProcessHandle.of(postmaster).ifPresent(ProcessHandle::destroyForcibly);
            Eventually.see("the replica to be broken", () -> {
                Object state = Estate.member(lab, replica).get("state");
                return List.of("running", "streaming").contains(String.valueOf(state)) ? "" + state : "";
            });
            Object api = Objects.requireNonNull(Estate.member(lab, replica).get("api"));
            Answer health = lab.call("cluster_health", "components", List.of("patroni"));
            boolean named = health.text().contains(replica)
                    || health.text().contains(URI.create("" + api).getAuthority());
            assertTrue(named, health.text());
            String leader = Estate.leader(lab, "1");
            Answer refused = lab.call("patroni_reinitialize", "member", leader, "dry_run", true);
            assertTrue(refused.text().contains("a leader is never erased"), refused.text());

            Answer answer = done(lab, "patroni_reinitialize", "member", replica);
            assertFalse(answer.isError(), answer.text());
            assertTrue(answer.text().contains(replica + " was copied anew"), answer.text());
            assertEquals("t", estate().sql(address, "SELECT pg_is_in_recovery()"));
            assertEquals("1", estate().sql(address, "SELECT count(*) FROM pg_stat_wal_receiver"));
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
