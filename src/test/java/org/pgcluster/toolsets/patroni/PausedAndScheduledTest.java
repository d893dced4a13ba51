package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;

/** What only the DCS knows: that a switchover waits for its time, that Patroni is paused. */
class PausedAndScheduledTest extends OnTwoFakeMembers {
    private Lab acting() {
        return acting(Map.of());
    }

    private static Answer planned(Lab lab, String argument, Object value) {
        return lab.call("patroni_failover", argument, value, "dry_run", true);
    }

    @Test
    void one_that_is_scheduled_already_is_named_since_it_would_be_replaced() {
        String rows = FakePatroni.row("a", "leader", group.get(0).url()) + ","
                + FakePatroni.row("b", "replica", group.get(1).url());
        String scheduled = ", \"scheduled_switchover\": {\"at\": \"2099-01-01T00:00:00+00:00\", \"to\": \"b\"}}";
        group.forEach(member -> member.answers("GET /cluster", 200, "{\"members\": [" + rows + "]" + scheduled));
        try (Lab lab = acting()) {
            Answer answer = planned(lab, "candidate", "b");
            assertTrue(
                    answer.text().contains("! none is scheduled yet: one waits for 2099-01-01T00:00:00+00:00 to b"),
                    answer.text());
            assertTrue(
                    planned(lab, "unschedule", true).text().contains("something is scheduled: holds"), answer.text());
        }
    }

    @Test
    void without_a_dcs_nobody_says_that_nothing_is_scheduled() {
        group.forEach(member -> member.answers("GET /cluster", 503, "no DCS"));
        try (Lab lab = acting()) {
            Answer answer = planned(lab, "unschedule", true);
            assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
            assertTrue(answer.text().contains("Patroni reaches its DCS"), answer.text());
            assertFalse(answer.text().contains("nothing is"), answer.text());
        }
    }

    @Test
    void who_was_silent_when_patroni_was_paused_is_named_though_the_dcs_forgets_it_meanwhile() {
        FakePatroni a = group.get(0);
        String leader = FakePatroni.row("a", "leader", a.url());
        String both = "{\"members\": [" + leader + ","
                + FakePatroni.row("b", "replica", group.get(1).url()) + "]}";
        String paused = FakePatroni.own("master").replaceFirst("\\{", "{\"pause\": true, ");
        group.get(1).close();
        a.answersAfter(
                "PATCH /config",
                () -> a.answersAfter(
                        "GET /cluster",
                        () -> a.answers("GET /cluster", 200, "{\"members\": [" + leader + "], \"pause\": true}")
                                .answers("GET /patroni", 200, paused),
                        200,
                        both),
                200,
                "{}");
        try (Lab lab = acting()) {
            Answer answer = Acting.done(lab, "patroni_pause", "paused", true);
            assertTrue(answer.text().contains("is paused. Without an answer: b."), answer.text());
        }
    }
}
