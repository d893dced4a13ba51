package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Aside;
import org.pgcluster.testing.Eventually;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.Writer;

/** Changes of leader for real, with members that die and an independent writer beside them. */
class FailoverLabTest extends OnOwnEstate {
    private static final String CLEANED = "Cleaning up failover key";
    private static final String WRITE = "INSERT INTO write_gap VALUES (clock_timestamp())";

    FailoverLabTest() {
        super("failover", "LAB_PATRONI_ALL");
    }

    private void table(List<Map<?, ?>> members, String leader) {
        Object address = Objects.requireNonNull(members.stream()
                .filter(row -> leader.equals(row.get("member")))
                .findFirst()
                .orElseThrow()
                .get("address"));
        estate().sql(address, "CREATE TABLE IF NOT EXISTS write_gap (at timestamptz)");
    }

    private static double seconds(String pattern, Answer answer) {
        Matcher found = Pattern.compile(pattern).matcher(answer.text());
        assertTrue(found.find(), answer.text());
        return Double.parseDouble(found.group(1));
    }

    @Test
    void a_switchover_under_load_tells_how_long_writes_were_down_as_a_writer_felt_it() {
        try (Lab lab = acting()) {
            List<Map<?, ?>> members = Estate.members(lab, "1");
            String leader = Estate.leader(lab, "1");
            table(members, leader);
            try (Writer writer = estate().writer(members, WRITE)) {
                Eventually.see("a first commit", () -> writer.commits() > 20 ? "" : "" + writer.failures());
                Answer answer = Acting.done(lab, "patroni_failover", "group", "1", "leader", leader);
                assertFalse(answer.isError(), answer.text());
                assertFalse(answer.text().contains("Not yet"), answer.text());
                assertNotEquals(leader, Estate.leader(lab, "1"));
                double told = seconds("down for about ([0-9.]+) s", answer);
                double through = seconds("come through other servers ([0-9.]+) s", answer);
                double felt = writer.longestGapSeconds();
                assertTrue(told > 0 && Math.abs(told - felt) < 3, "told " + told + " s, felt " + felt + " s");
                assertTrue(through >= told - 0.2, answer.text());
            }
        }
    }

    @Test
    void a_failover_goes_through_after_the_leader_and_its_patroni_were_killed() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            String heir = Estate.replica(lab, "1");
            List<Map<?, ?>> members = Estate.members(lab, "1");
            table(members, leader);
            try (Writer writer = estate().writer(members, WRITE)) {
                Eventually.see("a first commit", () -> writer.commits() > 20 ? "" : "" + writer.failures());
                estate().processes().killWithPostgres(leader);
                Answer answer = Acting.done(lab, "patroni_failover", "group", "1", "kind", "failover");
                double felt = writer.longestGapSeconds();
                assertFalse(answer.isError(), answer.text());
                assertTrue(answer.text().contains(heir + " leads group 1 in place of " + leader), answer.text());
                assertTrue(answer.text().contains("at least"), answer.text());
                assertTrue(answer.text().contains("Not yet: every other member follows it"), answer.text());
                assertTrue(answer.text().contains("Without an answer since before this began: " + leader), answer.text());
                double told = seconds("down for at least ([0-9.]+) s", answer);
                assertTrue(told > 0 && told < felt + 1, "told " + told + " s, felt " + felt + " s");
            } finally {
                estate().processes().start(leader);
            }
        }
    }

    @Test
    void when_the_asked_patroni_dies_in_the_middle_the_outcome_is_unknown_and_can_be_read_later() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "0");
            String heir = Estate.replica(lab, "0");
            long before = logged(leader, "received switchover request");
            long ended = logged(leader, CLEANED) + logged(heir, CLEANED);
            try {
                var act = Aside.supply(() -> Acting.done(lab, "patroni_failover", "group", "0"));
                Eventually.see(
                        "Patroni to take the request",
                        () -> logged(leader, "received switchover request") > before || act.isDone() ? "" : "no");
                estate().processes().kill(leader);
                Answer answer = act.join();
                assertEquals("OUTCOME_UNKNOWN", answer.structured().get("code"), answer.text());
                assertTrue(answer.text().contains("Members now: "), answer.text());
                Answer status = lab.call("patroni_cluster_status", "group", "0");
                assertFalse(status.isError(), status.text());
            } finally {
                estate().processes().start(leader);
                // What was asked for stands in the DCS and is done by whoever finds it.
                Eventually.see(
                        "the request to be used up",
                        () -> logged(leader, CLEANED) + logged(heir, CLEANED) > ended ? "" : "it stands");
            }
        }
    }

    private long logged(String member, String words) {
        try (var lines = Files.lines(estate().processes().folder().resolve(member + ".log"))) {
            return lines.filter(line -> line.contains(words)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void patroni_refuses_where_no_candidate_is_left_and_every_member_says_why() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            String replica = Estate.replica(lab, "1");
            try {
                estate().processes().killWithPostgres(replica);
                Answer answer = Acting.done(lab, "patroni_failover", "group", "1", "candidate", replica);
                assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
                assertTrue(answer.text().contains("(412)"), answer.text());
                assertTrue(answer.text().contains(replica + " is "), answer.text());
                assertTrue(answer.text().contains("does not answer"), answer.text());
                assertEquals(leader, Estate.leader(lab, "1"));
            } finally {
                estate().processes().start(replica);
            }
        }
    }

    @Test
    void a_member_tagged_nofailover_may_not_lead_by_plan_and_by_patroni() throws IOException {
        try (Lab lab = acting()) {
            String replica = Estate.replica(lab, "1");
            Object api = Objects.requireNonNull(Estate.member(lab, replica).get("api"));
            Path file = estate().processes().folder().resolve(replica + ".yml");
            String settings = Files.readString(file);
            try {
                Files.writeString(file, settings.replaceFirst("\\{", "{\"tags\": {\"nofailover\": true},"));
                estate().rest("POST", api + "/reload", "");
                Eventually.see("the tag", () -> {
                    Answer list = lab.call("patroni_member_list", "group", "1");
                    return list.text().contains("nofailover=true") ? "" : list.text();
                });
                Answer answer = lab.call("patroni_failover", "group", "1", "dry_run", true);
                assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
                assertTrue(answer.text().contains(replica + " is "), answer.text());
                assertTrue(answer.text().contains("may not lead: it has the tag nofailover"), answer.text());
                String leader = Estate.leader(lab, "1");
                Object other = Objects.requireNonNull(Estate.member(lab, leader).get("api"));
                assertTrue(estate().rest("POST", other + "/switchover", "{\"leader\": \"" + leader + "\"}")
                        .contains("no good candidates"));
            } finally {
                Files.writeString(file, settings);
                estate().rest("POST", api + "/reload", "");
                Eventually.see("the tag to be gone", () -> {
                    Answer list = lab.call("patroni_member_list", "group", "1");
                    return list.text().contains("nofailover=true") ? list.text() : "";
                });
            }
        }
    }

    @Test
    void while_paused_the_plan_says_what_patroni_says() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            Object api = Objects.requireNonNull(Estate.member(lab, leader).get("api"));
            assertFalse(Acting.done(lab, "patroni_pause", "group", "1", "paused", true)
                    .isError());
            try {
                Answer answer = lab.call("patroni_failover", "group", "1", "dry_run", true);
                assertTrue(answer.text().contains("it is paused: a candidate must be named; "), answer.text());
                assertTrue(estate().rest("POST", api + "/switchover", "{\"leader\": \"" + leader + "\"}")
                        .contains("only to a specific candidate in a paused state"));
            } finally {
                Answer back = Acting.done(lab, "patroni_pause", "group", "1", "paused", false);
                assertFalse(back.isError(), back.text());
            }
        }
    }

    @Test
    void a_wrong_leader_is_refused_by_plan_and_by_patroni() {
        try (Lab lab = acting()) {
            String leader = Estate.leader(lab, "1");
            String replica = Estate.replica(lab, "1");
            Object api = Objects.requireNonNull(Estate.member(lab, leader).get("api"));
            Answer answer = lab.call("patroni_failover", "group", "1", "leader", replica, "dry_run", true);
            assertTrue(answer.text().contains("not " + replica + ": "), answer.text());
            assertTrue(answer.text().contains(leader + " is leader, running"), answer.text());
            assertTrue(estate().rest("POST", api + "/switchover", "{\"leader\": \"" + replica + "\"}")
                    .contains("leader name does not match"));
        }
    }
}
