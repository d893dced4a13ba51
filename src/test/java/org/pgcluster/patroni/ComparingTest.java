package org.pgcluster.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.pgcluster.patroni.Group.Kind;
import org.pgcluster.shape.JsonText;

/** Voices that cannot both be right. */
class ComparingTest {
    private static final DcsView A_LEADS = view("a", "b");

    private static DcsView view(@Nullable String leader, String... others) {
        StringBuilder rows = new StringBuilder();
        if (leader != null) {
            rows.append(row(leader, "leader"));
        }
        for (String other : others) {
            rows.append(rows.isEmpty() ? "" : ",").append(row(other, "replica"));
        }
        return DcsView.of(fields("{\"members\": [" + rows + "]}"));
    }

    private static String row(String name, String role) {
        return "{\"name\":\"" + name + "\",\"role\":\"" + role
                + "\",\"state\":\"running\",\"host\":\"h\",\"port\":1,\"timeline\":2,\"api_url\":\"http://" + name
                + ":8008/patroni\"}";
    }

    private static Fields fields(String json) {
        return new Fields((Map<?, ?>) Objects.requireNonNull(JsonText.read(json)));
    }

    private static OwnView own(String role, int timeline, String identifier) {
        return OwnView.of(
                fields("{\"state\":\"running\",\"role\":\"" + role + "\",\"timeline\":" + timeline
                        + ",\"database_system_identifier\":\"" + identifier + "\"}"),
                Optional.empty());
    }

    private static Member member(String name, DcsView listed, @Nullable OwnView own, @Nullable DcsView seen) {
        Optional<DcsView.Row> row =
                listed.members().stream().filter(one -> one.name().equals(name)).findFirst();
        return new Member(
                name,
                "http://" + name + ":8008",
                row,
                Optional.ofNullable(own),
                Optional.ofNullable(seen),
                own == null ? "silent" : null);
    }

    private static List<Kind> kinds(Member... members) {
        return Comparing.of(List.of(members), 30).stream()
                .map(Group.Disagreement::kind)
                .toList();
    }

    @Test
    void members_that_agree_are_left_alone() {
        assertEquals(
                List.of(),
                kinds(
                        member("a", A_LEADS, own("master", 2, "7"), A_LEADS),
                        member("b", A_LEADS, own("replica", 2, "7"), A_LEADS)));
    }

    @Test
    void a_dead_leader_is_running_for_the_dcs_and_silent_itself() {
        assertEquals(
                List.of(Kind.LEADER_SILENT),
                kinds(member("a", A_LEADS, null, null), member("b", A_LEADS, own("replica", 2, "7"), A_LEADS)));
    }

    @Test
    void two_members_that_both_lead_are_named() {
        assertEquals(
                List.of(Kind.TWO_PRIMARIES),
                kinds(
                        member("a", A_LEADS, own("primary", 2, "7"), A_LEADS),
                        member("b", A_LEADS, own("primary", 2, "7"), A_LEADS)));
    }

    @Test
    void a_leader_that_calls_itself_a_replica_is_named() {
        assertEquals(
                List.of(Kind.LEADER_DENIES),
                kinds(
                        member("a", A_LEADS, own("replica", 2, "7"), A_LEADS),
                        member("b", A_LEADS, own("replica", 2, "7"), A_LEADS)));
    }

    @Test
    void members_that_see_different_leaders_are_named() {
        assertEquals(
                List.of(Kind.LEADERS_DIFFER),
                kinds(
                        member("a", A_LEADS, own("master", 2, "7"), A_LEADS),
                        member("b", A_LEADS, own("replica", 2, "7"), view("b", "a"))));
    }

    @Test
    void a_member_that_sees_fewer_than_the_others_is_named() {
        assertEquals(
                List.of(Kind.MEMBERS_DIFFER),
                kinds(
                        member("a", A_LEADS, own("master", 2, "7"), view("a")),
                        member("b", A_LEADS, own("replica", 2, "7"), A_LEADS)));
    }

    @Test
    void a_replica_on_an_old_timeline_and_one_of_another_database_are_named() {
        assertEquals(
                List.of(Kind.TIMELINE, Kind.IDENTITY),
                kinds(
                        member("a", A_LEADS, own("master", 2, "7"), A_LEADS),
                        member("b", A_LEADS, own("replica", 1, "8"), A_LEADS)));
    }
}
