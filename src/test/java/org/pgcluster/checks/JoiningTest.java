package org.pgcluster.checks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pgcluster.checks.Small.NOW;
import static org.pgcluster.checks.Small.facts;
import static org.pgcluster.checks.Small.withTag;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.pgcluster.checks.Finding.Effect;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.snapshot.Certificate;
import org.pgcluster.snapshot.Details;
import org.pgcluster.snapshot.Details.Prepared;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;

/** What stands under a cause follows from it; a second cause stands beside the first, however large that is. */
class JoiningTest {
    private final Small estate = new Small();

    private static List<String> effects(Finding finding) {
        return finding.effects().orElse(List.of()).stream().map(Effect::id).toList();
    }

    private static Unread silent(String component, String where, Unread.Kind kind) {
        return new Unread(new Unavailable(component, where, "kein Anschluss"), kind);
    }

    private static Group withoutDcs(Group group) {
        List<Member> members = group.members().stream()
                .map(member -> new Member(
                        member.name(),
                        member.api(),
                        Optional.empty(),
                        member.own().map(JoiningTest::unlocked),
                        member.seen(),
                        member.silence()))
                .toList();
        return new Group(group.name(), group.scope(), members, group.settings(), group.disagreements(), "etcd is gone");
    }

    private static OwnView unlocked(OwnView own) {
        return new OwnView(
                own.state(),
                "replica",
                own.timeline(),
                null,
                null,
                null,
                null,
                null,
                null,
                false,
                List.of(),
                true,
                false,
                false,
                false,
                60L,
                own.systemIdentifier(),
                null,
                own.scope(),
                own.name());
    }

    @Test
    void without_a_dcs_what_hangs_follows_from_it_and_what_has_gone_does_not() {
        estate.groups = estate.groups.stream().map(JoiningTest::withoutDcs).toList();
        estate.unavailable = List.of(
                silent("patroni", "x:8008", Unread.Kind.HANGING),
                silent("patroni", "y:8008", Unread.Kind.GONE),
                silent("haproxy", "h:7000", Unread.Kind.GONE),
                silent("postgres", "h:5000", Unread.Kind.GONE));
        List<Finding> found = estate.findings();
        assertEquals(
                List.of("patroni.dcs_lost", "haproxy.out_of_reach", "patroni.out_of_reach"),
                found.stream().map(Finding::id).toList());
        assertEquals(List.of("patroni.out_of_reach"), effects(found.get(0)));
        assertEquals("y:8008", found.get(2).subject());
        assertEquals(List.of("postgres.out_of_reach"), effects(found.get(1)));
    }

    @Test
    void neither_a_certificate_nor_a_password_follows_from_a_lost_dcs_or_leader() {
        var certificate = new Certificate("patroni", "w0:8008", "CN=w0", NOW.plus(Duration.ofDays(3)));
        estate.certificates = List.of(certificate);
        estate.unavailable = List.of(new Unread(
                new Unavailable("haproxy", "h:7000", "h:7000 asks for a password"), Unread.Kind.LOGIN_REFUSED));
        List<Group> whole = estate.groups;
        for (var broken : List.of("dcs_lost", "no_leader")) {
            estate.groups = broken.equals("dcs_lost")
                    ? whole.stream().map(JoiningTest::withoutDcs).toList()
                    : List.of(whole.get(0), leaderless(whole.get(1)));
            assertEquals(
                    List.of("haproxy.login_refused", "patroni." + broken, "patroni.certificate_near_end"),
                    estate.ids().stream()
                            .sorted()
                            .sorted(JoiningTest::lastCertificate)
                            .toList());
        }
    }

    /** Patroni goes silent for a moment each time it tries to start its server. */
    @Test
    void a_server_that_does_not_start_is_told_alike_whether_its_patroni_answers_or_not() {
        Group group = estate.groups.get(1);
        Member replica = group.members().get(1);
        DcsView.Row row = replica.dcs().orElseThrow();
        var failed = new DcsView.Row(
                row.name(),
                row.role(),
                "start failed",
                row.host(),
                row.port(),
                row.api(),
                1,
                null,
                null,
                List.of(),
                false,
                List.of(),
                null);
        var silent = new Member(
                replica.name(), replica.api(), Optional.of(failed), Optional.empty(), Optional.empty(), "late");
        estate.groups = List.of(
                estate.groups.get(0),
                new Group(
                        group.name(),
                        group.scope(),
                        List.of(group.members().get(0), silent),
                        group.settings(),
                        List.of(),
                        null));
        estate.unavailable = List.of(silent("patroni", "w1:8008", Unread.Kind.HANGING));
        Finding found = estate.findings().get(0);
        assertEquals("PostgreSQL of w1 is not running: start failed", found.title());
        assertEquals(List.of("patroni.out_of_reach"), effects(found));
        assertEquals(List.of("patroni.member_not_running"), estate.ids());
    }

    private static int lastCertificate(String one, String other) {
        return Boolean.compare(one.contains("certificate"), other.contains("certificate"));
    }

    private static Group leaderless(Group group) {
        Group tagged = withTag(group, "nofailover=true");
        List<Member> members = tagged.members().stream()
                .filter(member -> !tagged.leader().equals(Optional.of(member)))
                .toList();
        return new Group(group.name(), group.scope(), members, group.settings(), List.of(), null);
    }

    @Test
    void a_finding_about_a_worker_leads_to_a_tool_that_sees_workers() {
        var full = new PostgresState.Connections(100, 100, 3);
        estate.servers = Stream.of("c0", "w0")
                .map(name -> new PostgresState(
                        name + ":5432",
                        false,
                        true,
                        full,
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        new Details(
                                facts(name.equals("c0") ? "id0" : "id1", name, "13.2-1"),
                                0,
                                1,
                                List.of(new Prepared("tx", "app", 60, false)),
                                List.of(),
                                null,
                                List.of(),
                                List.of())))
                .toList();
        List<Next> next =
                estate.findings().stream().flatMap(one -> one.next().stream()).toList();
        assertEquals(
                List.of(
                        new Next("active_queries", Map.of("include_idle", true)),
                        new Next("citus_activity", Map.of("include_idle", true)),
                        new Next("blocking_locks", Map.of()),
                        new Next("citus_lock_inspector", Map.of())),
                next);
    }
}
