package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Eventually;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.PgBouncerProcess;

/** Parts of a real estate that die, freeze or fall behind, and what is said of them meanwhile. */
class DarkPartsLabTest extends OnOwnEstate {
    private static final long EIGHT_MEGABYTES = 8_000_000;
    private static final String WRITE_MUCH =
            "SET synchronous_commit = local; INSERT INTO much SELECT repeat('x', 1000) FROM generate_series(1, 9000)";

    DarkPartsLabTest() {
        super("dark", "LAB_PATRONI_ALL");
    }

    private static Object address(Lab lab, String member) {
        return Objects.requireNonNull(Estate.member(lab, member).get("address"));
    }

    private static Map<?, ?> lag(Lab lab, String member) {
        return Lab.rows(lab.call("patroni_replication_lag", "group", "1"), "replicas").stream()
                .filter(row -> member.equals(row.get("member")))
                .findFirst()
                .orElseThrow();
    }

    private static long number(Map<?, ?> row, String name) {
        return row.get(name) instanceof Number number ? number.longValue() : -1;
    }

    private static String whenBehind(Lab lab, String replica) {
        Eventually.see("eight megabytes behind", () -> {
            Map<?, ?> row = lag(lab, replica);
            boolean behind = number(row, "rest_bytes") > EIGHT_MEGABYTES && number(row, "sql_bytes") > EIGHT_MEGABYTES;
            return behind ? "" : row.toString();
        });
        return lab.call("patroni_replication_lag", "group", "1").text();
    }

    @Test
    void a_replica_whose_replay_is_paused_is_behind_by_every_witness_and_the_reason_is_told() {
        try (Lab lab = acting()) {
            String replica = Estate.replica(lab, "1");
            Object leads = address(lab, Estate.leader(lab, "1"));
            Object follows = address(lab, replica);
            estate().sql(leads, "CREATE TABLE IF NOT EXISTS much (t text)");
            assertFalse(Acting.done(lab, "patroni_pause", "group", "1", "paused", true)
                    .isError());
            try {
                estate().sql(follows, "SELECT pg_wal_replay_pause()");
                estate().sql(leads, WRITE_MUCH);
                String told = whenBehind(lab, replica);
                assertTrue(told.contains("its replay is paused"), told);
                Map<?, ?> row = lag(lab, replica);
                assertEquals(true, row.get("replay_paused"), row.toString());
                assertEquals("streaming", row.get("receiver"));
                assertTrue(number(row, "not_replayed_bytes") > EIGHT_MEGABYTES, row.toString());
                assertTrue(number(row, "not_received_bytes") < EIGHT_MEGABYTES, row.toString());
            } finally {
                estate().sql(follows, "SELECT pg_wal_replay_resume()");
                Acting.done(lab, "patroni_pause", "group", "1", "paused", false);
            }
        }
    }

    @Test
    void a_frozen_receiver_keeps_its_last_delay_while_bytes_pile_up() throws Exception {
        try (Lab lab = acting()) {
            String replica = Estate.replica(lab, "1");
            Object leads = address(lab, Estate.leader(lab, "1"));
            Object follows = address(lab, replica);
            estate().sql(leads, "CREATE TABLE IF NOT EXISTS much (t text)");
            long receiver = Long.parseLong(estate().sql(follows, "SELECT pid FROM pg_stat_wal_receiver"));
            estate().processes().signal(receiver, "STOP");
            try {
                estate().sql(leads, WRITE_MUCH);
                String told = whenBehind(lab, replica);
                Map<?, ?> row = lag(lab, replica);
                assertEquals("streaming", row.get("streaming"), "the leader has not noticed: " + row);
                assertTrue(number(row, "not_received_bytes") > EIGHT_MEGABYTES, row.toString());
                Object seconds = row.get("sql_seconds");
                boolean stale = !(seconds instanceof Number number) || number.doubleValue() < 1;
                assertTrue(stale, "the delay is the last that was measured: " + row);
                assertEquals(seconds instanceof Number, told.contains("so bytes decide"), told);
            } finally {
                estate().processes().signal(receiver, "CONT");
            }
        }
    }

    @Test
    void a_slot_that_nobody_uses_is_told_with_what_it_keeps() {
        try (Lab lab = acting()) {
            Object leads = address(lab, Estate.leader(lab, "1"));
            assertFalse(Acting.done(lab, "patroni_pause", "group", "1", "paused", true)
                    .isError());
            try {
                estate().sql(leads, "SELECT pg_create_physical_replication_slot('left_over', true)");
                Answer answer = lab.call("patroni_replication_lag", "group", "1");
                assertTrue(answer.text().contains("slot left_over of group 1 is not used and keeps "), answer.text());
                String replica = Estate.replica(lab, "1");
                Map<?, ?> its = Lab.rows(answer, "slots").stream()
                        .filter(row -> replica.equals(row.get("slot")))
                        .findFirst()
                        .orElseThrow();
                assertEquals(true, its.get("active"));
                assertEquals(replica, its.get("member"));
            } finally {
                estate().sql(
                                leads,
                                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                                        + " WHERE slot_name = 'left_over'");
                Acting.done(lab, "patroni_pause", "group", "1", "paused", false);
            }
        }
    }

    @Test
    void synchronous_replication_that_patroni_switched_off_is_told_though_nothing_fails() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            String replica = Estate.replica(lab, "1");
            estate().processes().killWithPostgres(replica);
            try {
                Eventually.see("Patroni to give up on it", () -> {
                    Answer answer = lab.call("patroni_cluster_status", "group", "1");
                    boolean alone = answer.text().contains("no standby is synchronous: commits are on one server only");
                    return alone && Estate.members(lab, "1").size() == 1 ? "" : answer.text();
                });
                assertEquals("", estate().sql(address(lab, leader), "SHOW synchronous_standby_names"));
                Answer health = lab.call("cluster_health", "components", List.of("patroni"));
                assertTrue(health.text().contains("Patroni switched it off silently"), health.text());
            } finally {
                estate().processes().start(replica);
            }
            try (Lab counting = Lab.acting(estate().lab().variables(), folder, "expect_members_per_group", "3")) {
                Answer health = counting.call("cluster_health", "components", List.of("patroni"));
                assertTrue(health.text().contains("members, not 3"), health.text());
            }
        }
    }

    @Test
    void a_frozen_member_costs_its_deadline_and_hides_nobody_else() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            String replica = Estate.replica(lab, "1");
            estate().processes().signal(replica, "STOP");
            try {
                Answer answer = lab.call("patroni_cluster_status");
                assertTrue(answer.text().contains("did not answer within "), answer.text());
                assertEquals(leader, Estate.leader(lab, "1"));
                assertEquals(4, Lab.rows(answer, "members").size(), answer.text());
                Answer plan = lab.call("patroni_failover", "group", "1", "candidate", replica, "dry_run", true);
                assertFalse(plan.isError(), plan.text());
                assertTrue(plan.text().contains("! " + replica + " can lead: it does not answer"), plan.text());
            } finally {
                estate().processes().signal(replica, "CONT");
            }
        }
    }

    @Test
    void without_its_dcs_everything_is_read_only_and_comes_back_by_itself() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            estate().processes().kill("etcd");
            try {
                Eventually.see("the leaders to step down", () -> {
                    Answer health = lab.call("cluster_health");
                    boolean lost = health.text().contains("Patroni cannot reach its DCS")
                            && health.text().contains("has no server");
                    return lost ? "" : health.text();
                });
                Answer status = lab.call("patroni_cluster_status");
                assertTrue(status.text().contains("no member can show the DCS"), status.text());
                for (String group : List.of("1", leader)) { // by what was known of it before
                    Answer refused = lab.call("patroni_failover", "group", group, "dry_run", true);
                    assertEquals("PRECONDITION_FAILED", refused.structured().get("code"), refused.text());
                    assertTrue(
                            refused.text().contains("Patroni reaches its DCS: no member can show it"), refused.text());
                }
                Answer paused = lab.call("patroni_pause", "group", "1", "paused", true, "dry_run", true);
                assertEquals("PRECONDITION_FAILED", paused.structured().get("code"), paused.text());
            } finally {
                estate().processes().start("etcd");
            }
            estate().awaitWhole(lab);
            Eventually.see("nothing wrong", () -> {
                Answer health = lab.call("cluster_health", "components", List.of("patroni", "haproxy"));
                return List.of().equals(health.structured().get("findings")) ? "" : health.text();
            });
        }
    }

    @Test
    void a_patroni_that_wants_certificates_is_read_and_told_with_one() throws IOException {
        Assumptions.assumeTrue(
                Boolean.getBoolean("jdk.tls.acknowledgeCloseNotify"),
                "this JVM was not started with -Djdk.tls.acknowledgeCloseNotify=true, as Main sets it");
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            String replica = Estate.replica(lab, "1");
            String plain = String.valueOf(Estate.member(lab, leader).get("api"));
            String port = String.valueOf(Estate.member(lab, replica).get("api")).replaceAll(".*:", "");
            Path home = estate().processes().folder();
            Map<String, Path> files = PgBouncerProcess.certificate(home, "localhost");
            Path file = home.resolve(replica + ".yml");
            String settings = Files.readString(file);
            String certificate = String.valueOf(files.get("certificate"));
            String key = String.valueOf(files.get("key"));
            try {
                Files.writeString(
                        file,
                        settings.replaceFirst(
                                "\"restapi\": \\{",
                                "\"restapi\": {\"certfile\": \"" + certificate + "\", \"keyfile\": \"" + key
                                        + "\", \"cafile\": \"" + certificate + "\", \"verify_client\": \"required\","));
                estate().processes().kill(replica);
                estate().processes().start(replica);
                String urls = plain + ",https://localhost:" + port;
                try (Lab without = Lab.acting(
                        estate().lab().variables(), folder, "patroni_urls", urls, "patroni_ca_file", certificate)) {
                    Eventually.see("it to ask for a certificate", () -> {
                        Answer answer = without.call("patroni_cluster_status");
                        return answer.text().contains("wants a client certificate") ? "" : answer.text();
                    });
                }
                try (Lab with = Lab.acting(
                        estate().lab().variables(),
                        folder,
                        "patroni_urls",
                        urls,
                        "patroni_ca_file",
                        certificate,
                        "patroni_cert_file",
                        certificate,
                        "patroni_key_file",
                        key)) {
                    Answer list = with.call("patroni_member_list", "group", replica);
                    assertEquals("replica", Estate.member(with, replica).get("own_role"), list.text());
                    Answer restarted = Acting.done(with, "patroni_restart", "member", replica);
                    assertFalse(restarted.isError(), restarted.text());
                }
            } finally {
                Files.writeString(file, settings);
                estate().processes().kill(replica);
                estate().processes().start(replica);
            }
        }
    }
}
