package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;

/** A change of leader that Patroni refuses, loses, or does in another way: what is known is told, and no more. */
class FailoverRefusedTest extends OnTwoFakeMembers {
    private static final String SWITCHOVER = "POST /switchover";

    private Lab acting() {
        return acting(Map.of("admin_dsn", "postgres://nobody@127.0.0.1:1/none"));
    }

    private Answer switchedOver() {
        try (Lab lab = acting()) {
            return Acting.done(lab, "patroni_failover");
        }
    }

    private static String code(Answer answer) {
        return String.valueOf(answer.structured().get("code"));
    }

    @Test
    void a_connection_that_breaks_in_the_middle_leaves_the_outcome_unknown() {
        group.get(0).hangsUpOn(SWITCHOVER);
        Answer answer = switchedOver();
        assertEquals("OUTCOME_UNKNOWN", code(answer), answer.text());
        assertEquals(false, answer.structured().get("retryable"));
        assertTrue(
                answer.text().contains("a is leader, running; b is replica, running, 0 bytes behind"), answer.text());
        assertTrue(answer.text().contains("patroni_cluster_status"), answer.text());
        long sent = group.get(0).asked().stream()
                .filter(one -> one.startsWith(SWITCHOVER))
                .count();
        assertEquals(1, sent, "nothing is sent twice: " + group.get(0).asked());
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "412|switchover is not possible: no good candidates have been found|PRECONDITION_FAILED",
                "412|leader name does not match|PRECONDITION_FAILED",
                "400|Switchover is possible only to a specific candidate in a paused state|PRECONDITION_FAILED",
                "503|Switchover failed|UPSTREAM_ERROR",
                "503|failed to write switchover key into DCS|UPSTREAM_ERROR",
                "401|not authenticated|PERMISSION_DENIED",
                "403|Access is denied|PERMISSION_DENIED"
            })
    void a_refusal_is_told_in_patronis_words_with_what_each_member_says(int status, String words, String code) {
        group.get(0).answers(SWITCHOVER, status, words);
        Answer answer = switchedOver();
        assertEquals(code, code(answer), answer.text());
        assertTrue(answer.text().contains("(" + status + "): " + words + ". Members: a is leader"), answer.text());
    }

    @Test
    void a_page_of_html_is_not_shown_as_a_reason() {
        group.get(0).answers(SWITCHOVER, 400, "<!DOCTYPE HTML><html><body>Bad request</body></html>");
        assertTrue(switchedOver().text().contains("(400): an HTML page"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "leader|x|not x: a is leader, running; b is replica, running, 0 bytes behind",
                "candidate|x|there is no member x; a is leader",
                "candidate|a|a leads already"
            })
    void what_the_plan_knows_patroni_would_refuse_is_not_sent(String argument, String value, String why) {
        try (Lab lab = acting()) {
            Answer answer = lab.call("patroni_failover", "group", "a", argument, value, "dry_run", true);
            assertEquals("PRECONDITION_FAILED", code(answer), answer.text());
            assertTrue(answer.text().contains(why), answer.text());
        }
        assertFalse(group.get(0).asked().stream().anyMatch(one -> one.startsWith("POST")));
    }

    @Test
    void a_member_with_the_tag_nofailover_is_no_candidate_and_the_reason_says_so() {
        String rows = FakePatroni.row("a", "leader", group.get(0).url()) + ","
                + FakePatroni.row("b", "replica", group.get(1).url())
                        .replace("\"timeline\"", "\"tags\": {\"nofailover\": true}, \"timeline\"");
        group.forEach(member -> member.answers("GET /cluster", 200, "{\"members\": [" + rows + "]}"));
        Answer answer = planned("candidate", "b");
        assertTrue(answer.text().contains("b can lead: it may not: it has the tag nofailover"), answer.text());
        answer = planned("kind", "auto");
        assertTrue(answer.text().contains("no good candidate: a is leader"), answer.text());
        assertTrue(answer.text().contains("may not lead: it has the tag nofailover"), answer.text());
    }

    @Test
    void where_nobody_that_answers_could_lead_no_name_is_promised() {
        group.get(1).close();
        Answer answer = planned("kind", "switchover");
        assertTrue(
                answer.text().contains("from a to whom Patroni chooses (none that answers could lead)"), answer.text());
    }

    private Answer planned(String argument, String value) {
        try (Lab lab = acting()) {
            return lab.call("patroni_failover", argument, value, "dry_run", true);
        }
    }

    @Test
    void while_paused_a_candidate_must_be_named() {
        String rows = FakePatroni.row("a", "leader", group.get(0).url()) + ","
                + FakePatroni.row("b", "replica", group.get(1).url());
        group.forEach(member -> member.answers("GET /cluster", 200, "{\"pause\": true, \"members\": [" + rows + "]}"));
        Answer answer = planned("kind", "auto");
        assertEquals("PRECONDITION_FAILED", code(answer));
        assertTrue(answer.text().contains("it is paused: a candidate must be named; a is leader"), answer.text());
        assertFalse(planned("candidate", "b").isError());
    }

    @Test
    void every_check_that_fails_is_named() {
        try (Lab lab = acting()) {
            Answer answer =
                    lab.call("patroni_failover", "candidate", "x", "leader", "y", "group", "a", "dry_run", true);
            assertTrue(answer.text().contains("(1) the leader is who it should be: not y"), answer.text());
            assertTrue(answer.text().contains("(2) the candidate exists: there is no member x"), answer.text());
        }
    }

    @Test
    void without_a_synchronous_standby_a_synchronous_group_switches_to_nobody() {
        synchronous("3.0.2");
        Answer answer = planned("candidate", "b");
        assertEquals("PRECONDITION_FAILED", code(answer), answer.text());
        assertTrue(answer.text().contains("only a synchronous standby may, and there is none"), answer.text());
        assertTrue(planned("kind", "auto").text().contains("somebody may take over: no good candidate"));
    }

    /** Seen on 3.0.2, which answers "Failover failed" there. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"3.0.2,true", "3.1.2,true", "3.2.0,false", "4.1.4,false"})
    void a_living_leader_hands_over_to_an_asynchronous_member_since_3_2(String version, boolean refused) {
        synchronous(version);
        try (Lab lab = acting()) {
            Answer answer = lab.call("patroni_failover", "candidate", "b", "kind", "failover", "dry_run", true);
            assertEquals(refused, answer.isError(), answer.text());
            assertEquals(
                    refused,
                    answer.text().contains("Patroni " + version + " fails over to a synchronous standby only"),
                    answer.text());
        }
    }

    private void synchronous(String version) {
        for (FakePatroni member : group) {
            member.answers("GET /config", 200, "{\"ttl\": 20, \"loop_wait\": 1, \"synchronous_mode\": true}");
            String role = member.equals(group.get(0)) ? "master" : "replica";
            member.answers("GET /patroni", 200, FakePatroni.own(role).replace("3.0.2", version));
        }
    }

    @Test
    void a_candidate_that_nobody_can_ask_is_unknown_and_heads_the_plan() {
        group.get(1).close();
        Answer answer = planned("candidate", "b");
        assertFalse(answer.isError(), answer.text());
        assertTrue(answer.text().contains("! b can lead: it does not answer"), answer.text());
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {"200|Successfully switched over to \"b\"", "503|Switchover status unknown"})
    void a_change_is_followed_to_its_end_even_where_patroni_stopped_watching(int status, String words) {
        group.get(0).answersAfter(SWITCHOVER, () -> FakePatroni.led(group, 1, 4, "a", "b"), status, words);
        Answer answer = switchedOver();
        assertFalse(answer.isError(), answer.text());
        assertTrue(answer.text().contains("b leads group fake in place of a."), answer.text());
        assertFalse(answer.text().contains("Not yet"), answer.text());
        assertTrue(answer.text().contains("Writes were down for about"), answer.text());
    }

    @Test
    void another_leader_than_the_asked_one_is_told_though_patroni_calls_it_done() {
        group.forEach(FakePatroni::close);
        group = FakePatroni.group("a", "b", "c");
        group.get(0)
                .answersAfter(
                        SWITCHOVER,
                        () -> FakePatroni.led(group, 1, 4, "a", "b", "c"),
                        200,
                        "Switched over to \"b\" instead of \"c\"");
        try (Lab lab = acting()) {
            Answer answer = Acting.done(lab, "patroni_failover", "candidate", "c");
            assertTrue(answer.text().contains("in place of a, not c as asked"), answer.text());
        }
    }

    /** As Patroni's own Raft without a majority shows it: the REST interface goes on telling the last that it knew. */
    @Test
    void a_leader_that_denies_it_is_no_safe_switchover_and_where_nobody_else_leads_it_is_critical() {
        group.get(0).answers("GET /patroni", 200, FakePatroni.own("replica"));
        try (Lab lab = acting()) {
            String plan = lab.call("patroni_failover", "dry_run", true).text();
            assertTrue(plan.contains("it says of itself: running, replica"), plan);
            assertFalse(plan.contains("Nothing: the old leader stops first"), plan);
            Answer health = lab.call("cluster_health");
            assertTrue(
                    health.text()
                            .contains("a leads by the DCS and says of itself: replica, running, and no member says"),
                    health.text());
            assertEquals("critical", health.structured().get("state"), health.text());
        }
    }

    @Test
    void the_only_group_needs_no_name_while_the_dcs_keeps_its_members_names() {
        group.forEach(one -> one.hangsUpOn("GET /cluster"));
        try (Lab lab = acting()) {
            String refused = lab.call("patroni_failover", "candidate", "b", "dry_run", true)
                    .text();
            assertTrue(refused.contains("repair the DCS first"), refused);
            String unknown =
                    lab.call("patroni_restart", "member", "b", "dry_run", true).text();
            assertTrue(unknown.contains("Its DCS is silent"), unknown);
        }
    }
}
