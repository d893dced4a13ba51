package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Group.Disagreement;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Observed;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.snapshot.Snapshot;

/** Every group has exactly one leader that says so itself; where not, the layer that broke first is named. */
final class PatroniLeadership implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("patroni.dcs_lost", "Patroni cannot reach its DCS"),
                new Kind("patroni.no_leader", "a group has no leader"),
                new Kind("patroni.paused", "Patroni is paused"),
                new Kind("patroni.leader_silent", "the leader by the DCS does not answer itself"),
                new Kind("patroni.leaders_differ", "members name different leaders"),
                new Kind("patroni.two_primaries", "two members say that they are the primary"),
                new Kind("patroni.leader_denies", "the leader by the DCS says that it does not lead or does not run"),
                new Kind("patroni.timeline", "a member is on another timeline than its leader"),
                new Kind("patroni.identity", "members of one group are copies of different databases"),
                new Kind("patroni.members_differ", "members see different members"),
                new Kind("patroni.unobserved", "a Citus group whose Patroni nobody watches"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        snapshot.around().patroni().ifPresent(observed -> {
            List<Group> lost = observed.groups().stream()
                    .filter(PatroniLeadership::lostDcs)
                    .toList();
            if (!lost.isEmpty()) {
                findings.add(dcs(lost));
            }
            for (Group group : observed.groups()) {
                if (!lost.contains(group)) {
                    leader(group, findings);
                }
                paused(group, findings);
                group.disagreements().forEach(one -> findings.add(disagreement(group, one)));
            }
            observed.unobserved().forEach(one -> findings.add(unobserved(one)));
        });
        return findings;
    }

    /** No member can show the DCS, or they say that they have not reached it for longer than a leader may live without. */
    private static boolean lostDcs(Group group) {
        Long age = group.dcsAgeSeconds();
        long ttl = group.settings().map(settings -> settings.ttl()).orElse(30L);
        boolean anybody =
                group.members().stream().anyMatch(member -> member.own().isPresent());
        return anybody && ((group.dcsSilence() != null && group.unlocked()) || (age != null && age > ttl));
    }

    private static Finding dcs(List<Group> lost) {
        List<String> names = lost.stream().map(Group::name).toList();
        return new Finding(
                "patroni.dcs_lost",
                Severity.CRITICAL,
                Sure.CERTAIN,
                "patroni",
                "DCS",
                "Patroni cannot reach its DCS (etcd, Consul, ZooKeeper, Kubernetes, Raft): leaders step down and all is read-only",
                Evidence.of("seconds_since_dcs", lost.get(0).dcsAgeSeconds())
                        .and("cluster_unlocked", lost.get(0).unlocked())
                        .and("cluster_answers", lost.get(0).dcsSilence())
                        .and("seen_by", names)
                        .fields(),
                "Repair the DCS and its quorum; leaders return by themselves within seconds. Do not promote by hand.",
                Optional.of(new Next("patroni_cluster_status", Map.of())),
                Optional.empty());
    }

    private static void leader(Group group, List<Finding> findings) {
        if (group.leader().isPresent()) {
            return;
        }
        boolean paused = group.paused();
        findings.add(new Finding(
                "patroni.no_leader",
                Severity.CRITICAL,
                Sure.CERTAIN,
                "patroni",
                "group " + group.name(),
                "Group " + group.name() + " has no leader" + hindrance(group, paused),
                Evidence.of("cluster_unlocked", group.unlocked())
                        .and("paused", paused)
                        .and("members", words(group))
                        .fields(),
                paused
                        ? "Resume Patroni: it then fails over within seconds."
                        : barred(group)
                                ? "Start the former leader, or take the tag nofailover from a replica that has its data."
                                : "For up to ttl this is a failover under way. If it stays, see which member may not lead and"
                                        + " why.",
                Optional.of(new Next("patroni_cluster_status", Map.of("group", group.name()))),
                paused ? Optional.of(resume(group)) : Optional.empty()));
    }

    private static String hindrance(Group group, boolean paused) {
        return paused
                ? " and is paused, so nobody will take over"
                : barred(group) ? " and nobody may take over: each replica has the tag nofailover" : "";
    }

    private static boolean barred(Group group) {
        List<Member> replicas = group.replicas();
        return !replicas.isEmpty() && replicas.stream().allMatch(Member::mayNeverLead);
    }

    private static String words(Group group) {
        return String.join(
                ", ",
                group.members().stream()
                        .map(member -> member.name() + " " + member.role() + " " + member.state())
                        .toList());
    }

    private static void paused(Group group, List<Finding> findings) {
        if (group.paused() && group.leader().isPresent()) {
            findings.add(new Finding(
                    "patroni.paused",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    "patroni",
                    "group " + group.name(),
                    "Patroni of group " + group.name() + " is paused: a dead leader stays dead",
                    Evidence.of("paused", true)
                            .and("leader", group.leader().map(Member::name).orElse(null))
                            .fields(),
                    "Resume it when the maintenance is over.",
                    Optional.of(new Next("patroni_cluster_status", Map.of("group", group.name()))),
                    Optional.of(resume(group))));
        }
    }

    private static String resume(Group group) {
        String scope = group.scope() == null ? "" : " " + group.scope();
        return "patronictl resume" + scope + (group.name().matches("\\d+") ? " --group " + group.name() : "");
    }

    private static Finding disagreement(Group group, Disagreement one) {
        boolean split = one.kind() == Group.Kind.TWO_PRIMARIES || one.kind() == Group.Kind.IDENTITY;
        boolean nobodyWrites = one.kind() == Group.Kind.LEADER_DENIES && nobodyLeads(group);
        return new Finding(
                "patroni." + one.kind().name().toLowerCase(java.util.Locale.ROOT),
                split || nobodyWrites || one.kind() == Group.Kind.LEADER_SILENT ? Severity.CRITICAL : Severity.WARNING,
                split ? Sure.CERTAIN : Sure.LIKELY,
                "patroni",
                "group " + group.name(),
                "Group " + group.name() + ": " + one.words()
                        + (nobodyWrites ? ", and no member says that it is the primary" : ""),
                Evidence.of("members", words(group)).fields(),
                advice(one.kind()),
                Optional.of(new Next("patroni_member_list", Map.of("group", group.name()))),
                Optional.empty());
    }

    private static boolean nobodyLeads(Group group) {
        return group.members().stream().flatMap(member -> member.own().stream()).noneMatch(OwnView::leads);
    }

    private static String advice(Group.Kind kind) {
        return switch (kind) {
            case LEADER_SILENT ->
                "Wait one ttl: Patroni then fails over by itself. Afterwards see that the old leader rejoined.";
            case LEADERS_DIFFER, MEMBERS_DIFFER ->
                "Normal for a loop during a change. If it stays, a member does not reach the DCS.";
            case TWO_PRIMARIES ->
                "Keep clients from the one that the DCS does not name, and find out why it was not demoted.";
            case LEADER_DENIES ->
                "Normal while it is promoted or restarts. If it stays, read PostgreSQL's and Patroni's log there: one whose"
                        + " Raft has no majority goes on showing the last that it knew.";
            case TIMELINE -> "Normal for seconds after a failover. If it stays, reinitialize that member.";
            case IDENTITY -> "One of them was made anew under an old scope: nothing can replicate between them.";
        };
    }

    private static Finding unobserved(Observed.Unobserved one) {
        @Nullable Object where = one.where();
        return new Finding(
                "patroni.unobserved",
                Severity.WARNING,
                Sure.CERTAIN,
                "patroni",
                "group " + one.group(),
                "Nobody watches Patroni of Citus group " + one.group(),
                Evidence.of("primary_by_citus", where).fields(),
                "Add the REST interface of one of its members to patroni_urls.",
                Optional.empty(),
                Optional.of("pgcluster-mcp config"));
    }
}
