package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.DcsView.Switchover;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Group.Disagreement;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Settings;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Who leads each group, and whether everybody agrees. */
public final class PatroniClusterStatus implements Reads<PatroniClusterStatus.Input, PatroniClusterStatus.Output> {
    record Input(@Says("Citus group or a member of it") Optional<String> group) {}

    record Output(
            List<GroupRow> groups,
            List<MemberRow> members,
            List<String> troubles,
            List<String> unobserved,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            long led = groups.stream().filter(group -> group.confirmed()).count();
            String first = groups.isEmpty()
                    ? "No Patroni answered."
                    : led + " of " + groups.size() + (groups.size() == 1 ? " group has" : " groups have")
                            + " a leader that says so itself.";
            String more = troubles.isEmpty()
                    ? ""
                    : " " + troubles.get(0) + "."
                            + (troubles.size() == 1 ? "" : " And " + (troubles.size() - 1) + " more below.");
            return first
                    + more
                    + (unobserved.isEmpty()
                            ? ""
                            : " Nobody could be asked about: " + String.join("; ", unobserved) + ".");
        }
    }

    record GroupRow(
            String group,
            @Nullable String scope,
            @Nullable String leader,
            boolean confirmed,
            @Nullable Integer timeline,
            int members,
            int healthy,
            @Nullable String synchronous,
            List<String> synchronousStandbys,
            boolean paused,
            @Nullable String scheduledSwitchover,
            @Nullable Long dcsAgeSeconds,
            @Nullable Long ttlSeconds,
            @Nullable Long loopSeconds) {}

    record MemberRow(
            String group,
            String member,
            String role,
            String state,
            @Nullable String address,
            @Nullable Integer timeline,
            @Nullable Long lagBytes,
            boolean answers) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "patroni_cluster_status",
                "Patroni status",
                Input.class,
                Output.class,
                "Each Patroni group: who leads and whether it says so itself, members, synchronous mode, pause, scheduled"
                        + " switchover, where members and DCS disagree.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.group(), context);
        List<MemberRow> members = new ArrayList<>();
        List<String> troubles = new ArrayList<>();
        for (Group group : asked.groups()) {
            group.members().forEach(member -> members.add(row(group, member)));
            troubles(group).forEach(trouble -> troubles.add("group " + group.name() + ": " + trouble));
        }
        return new Output(
                asked.groups().stream().map(PatroniClusterStatus::row).toList(),
                members,
                troubles,
                asked.unobserved(),
                asked.unavailable());
    }

    private static GroupRow row(Group group) {
        Optional<Member> leader = group.leader();
        Optional<Settings> settings = group.settings();
        return new GroupRow(
                group.name(),
                group.scope(),
                leader.map(Member::name).orElse(null),
                confirmed(leader),
                leader.map(Member::timeline).orElse(null),
                group.members().size(),
                (int) group.members().stream().filter(Member::healthy).count(),
                settings.map(Settings::synchronous).orElse(null),
                group.synchronousStandbys(),
                group.paused(),
                group.scheduled().map(PatroniClusterStatus::words).orElse(null),
                group.dcsAgeSeconds(),
                settings.map(Settings::ttl).orElse(null),
                settings.map(Settings::loopWait).orElse(null));
    }

    private static boolean confirmed(Optional<Member> leader) {
        return leader.flatMap(Member::own).map(own -> own.leads()).orElse(false);
    }

    private static String words(Switchover planned) {
        return planned.at()
                + (planned.from() == null ? "" : " from " + planned.from())
                + (planned.to() == null ? "" : " to " + planned.to());
    }

    private static MemberRow row(Group group, Member member) {
        return new MemberRow(
                group.name(),
                member.name(),
                member.role(),
                member.state(),
                member.address().orElse(null),
                member.timeline(),
                member.lagBytes(),
                member.own().isPresent());
    }

    /** What an operator should not have to find by comparing rows; what is worse comes first. */
    private static List<String> troubles(Group group) {
        List<String> troubles = new ArrayList<>();
        String silence = group.dcsSilence();
        if (silence != null) {
            troubles.add("no member can show the DCS (" + silence + "), so roles are the members' own words");
        }
        group.leader()
                .filter(leader -> !leader.asked())
                .ifPresent(leader -> troubles.add(
                        leader.name() + " leads by the DCS and was not asked itself: " + leader.silence()));
        if (group.leader().isEmpty()) {
            troubles.add(group.unlocked() ? "nobody holds the leader lock" : "nobody leads");
        }
        troubles.addAll(group.disagreements().stream().map(Disagreement::words).toList());
        String mode = group.settings().map(Settings::synchronous).orElse("off");
        if (!mode.equals("off") && group.synchronousStandbys().isEmpty()) {
            List<String> served = group.servedSynchronously();
            troubles.add(
                    !served.isEmpty()
                            ? "the DCS names no synchronous standby, so that nobody may take over, though "
                                    + String.join(", ", served) + " is served synchronously"
                            : mode.equals("strict")
                                    ? "synchronous mode is strict and no standby is synchronous: commits wait"
                                    : "synchronous mode is " + mode
                                            + " and no standby is synchronous: commits are on one server only");
        }
        if (group.paused()) {
            troubles.add("paused: Patroni will neither restart nor fail over");
        }
        return troubles;
    }
}
