package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.patroni.Settings;
import org.pgcluster.snapshot.Snapshot;

/** Whether somebody could take over, and with how much lost. */
final class PatroniReplicas implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("patroni.members_missing", "a group has fewer members than `expect` says"),
                new Kind("patroni.not_synchronous", "`expect` says synchronous and a group is not"),
                new Kind("patroni.no_synchronous_standby", "a synchronous group has no standby for it"),
                new Kind("patroni.nobody_may_take_over", "every replica has the tag nofailover"),
                new Kind("patroni.member_not_running", "a member is not running"),
                new Kind("patroni.replica_not_streaming", "a replica runs and its leader sends it nothing"),
                new Kind("patroni.replica_behind", "a replica is too far behind to take over"),
                new Kind("patroni.pending_restart", "changed settings wait for a restart"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        OptionalInt expected = snapshot.around().expected().membersPerGroup();
        boolean wanted = snapshot.around().expected().synchronous().orElse(false);
        snapshot.around().patroni().ifPresent(observed -> {
            for (Group group : observed.groups()) {
                if (group.dcsSilence() == null) {
                    absent(group, expected, findings);
                    synchronous(group, wanted, findings);
                    candidates(group, findings);
                    notStreaming(group, findings);
                }
                group.members().forEach(member -> member(group, member, findings));
            }
        });
        return findings;
    }

    /** A member that is gone longer than ttl is not in the DCS any more: only somebody who counted can miss it. */
    private static void absent(Group group, OptionalInt expected, List<Finding> findings) {
        if (expected.isPresent() && group.members().size() < expected.getAsInt()) {
            findings.add(finding(
                    "patroni.members_missing",
                    Severity.WARNING,
                    group,
                    "group " + group.name(),
                    "Group " + group.name() + " has " + group.members().size()
                            + (group.members().size() == 1 ? " member, not " : " members, not ") + expected.getAsInt(),
                    Evidence.of(
                                    "members",
                                    group.members().stream().map(Member::name).toList())
                            .and("expect.members_per_group", expected.getAsInt()),
                    "Start the missing one, or correct the expectation."));
        }
    }

    private static void synchronous(Group group, boolean wanted, List<Finding> findings) {
        String mode = group.settings().map(Settings::synchronous).orElse("off");
        if (wanted && mode.equals("off") && group.settings().isPresent()) {
            findings.add(finding(
                    "patroni.not_synchronous",
                    Severity.WARNING,
                    group,
                    "group " + group.name(),
                    "Group " + group.name() + " should replicate synchronously and does not",
                    Evidence.of("synchronous_mode", mode).and("expect.synchronous", true),
                    "A failover can lose the last commits. Switch synchronous_mode on, or correct the expectation."));
        }
        if (!mode.equals("off")
                && group.leader().isPresent()
                && group.synchronousStandbys().isEmpty()) {
            findings.add(alone(group, mode));
        }
    }

    private static Finding alone(Group group, String mode) {
        List<String> served = group.servedSynchronously();
        boolean waits = served.isEmpty() && mode.equals("strict");
        String name = "Group " + group.name();
        return finding(
                "patroni.no_synchronous_standby",
                waits ? Severity.CRITICAL : Severity.WARNING,
                group,
                "group " + group.name(),
                !served.isEmpty()
                        ? name + ": the DCS names no synchronous standby, so nobody may take over"
                        : waits
                                ? name + " has no synchronous standby, so commits wait"
                                : name + " should replicate synchronously and has no standby for it: Patroni"
                                        + " switched it off silently",
                Evidence.of("synchronous_mode", mode)
                        .and(
                                "members",
                                group.members().stream().map(Member::name).toList())
                        .and("leader_serves_synchronously", served),
                served.isEmpty()
                        ? "A commit now is on one server only. Bring a standby back."
                        : "Seconds after a change that is normal. If it stays, the log of the leader's Patroni says why it"
                                + " cannot write its synchronous standby into the DCS.");
    }

    private static void candidates(Group group, List<Finding> findings) {
        List<Member> replicas = group.replicas();
        if (!replicas.isEmpty() && replicas.stream().allMatch(Member::mayNeverLead)) {
            findings.add(finding(
                    "patroni.nobody_may_take_over",
                    Severity.WARNING,
                    group,
                    "group " + group.name(),
                    "No replica of group " + group.name() + " may take over: each has the tag nofailover",
                    Evidence.of("replicas", replicas.stream().map(Member::name).toList()),
                    "It looks redundant and is not: remove the tag, or add a member."));
        }
    }

    /**
     * A replica that streams says so since 3.0.4; before that each is called running, also one that can never follow again,
     * as after two members led for a while. Who reads from another replica, or from the archive only, is meant to be missing at the leader.
     */
    private static void notStreaming(Group group, List<Finding> findings) {
        Optional<OwnView> leader = group.leader().flatMap(Member::own).filter(OwnView::leads);
        if (leader.isEmpty()) {
            return;
        }
        List<String> served =
                leader.get().standbys().stream().map(OwnView.Standby::name).toList();
        group.replicas().stream()
                .filter(member -> member.own().filter(own -> !own.leads()).isPresent()
                        && member.state().equals("running")
                        && !served.contains(member.name())
                        && !member.hasTag("nostream")
                        && !member.isFedByAnother())
                .forEach(
                        member -> findings.add(
                                finding(
                                        "patroni.replica_not_streaming",
                                        Severity.WARNING,
                                        group,
                                        member.name(),
                                        member.name() + " runs, and its leader sends it nothing",
                                        Evidence.of("state", member.state())
                                                .and("lag_bytes", member.lagBytes())
                                                .and("leader_sends_to", served),
                                        "Seconds after a restart that is normal. If it stays, read PostgreSQL's log there: one that is on a"
                                                + " timeline which its leader does not have is copied anew with patroni_reinitialize.")));
    }

    private static void member(Group group, Member member, List<Finding> findings) {
        boolean leads = group.leader().map(member::equals).orElse(false);
        if (member.isDown()) {
            findings.add(finding(
                    "patroni.member_not_running",
                    leads ? Severity.CRITICAL : Severity.WARNING,
                    group,
                    member.name(),
                    "PostgreSQL of " + member.name() + " is not running: " + member.state(),
                    Evidence.of("role", member.role()).and("state", member.state()),
                    "Starting and restarting pass. If it stays, read PostgreSQL's log there."));
        }
        Long lag = member.lagBytes();
        long most = group.settings().map(Settings::maximumLagOnFailover).orElse(1_048_576L);
        if (!leads && lag != null && lag > most) {
            findings.add(finding(
                    "patroni.replica_behind",
                    Severity.WARNING,
                    group,
                    member.name(),
                    member.name() + " is " + lag + " bytes behind and may not take over",
                    Evidence.of("lag_bytes", lag).and("maximum_lag_on_failover", most),
                    "Look at its disk and network; in synchronous mode commits wait until Patroni drops it."));
        }
        boolean restart = member.own().map(own -> own.pendingRestart()).orElse(false)
                || member.dcs().map(row -> row.pendingRestart()).orElse(false);
        if (restart) {
            findings.add(
                    finding(
                            "patroni.pending_restart",
                            Severity.NOTICE,
                            group,
                            member.name(),
                            member.name() + " needs a restart before changed settings count",
                            Evidence.of("pending_restart", true)
                                    .and(
                                            "reasons",
                                            member.dcs()
                                                    .map(row -> row.restartReasons())
                                                    .orElse(List.of())),
                            "Restart replicas first, then the leader; where max_connections or its like was lowered, the leader first."));
        }
    }

    private static Finding finding(
            String id, Severity severity, Group group, String subject, String title, Evidence evidence, String advice) {
        return new Finding(
                id,
                severity,
                Sure.CERTAIN,
                "patroni",
                subject,
                title,
                evidence.fields(),
                advice,
                Optional.of(new Next("patroni_member_list", Map.of("group", group.name()))),
                Optional.empty());
    }
}
