package org.pgcluster.patroni;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.DcsView.Switchover;

/**
 * One Patroni cluster; with Citus one for each group.
 *
 * @param name the Citus group's number where that is known, else the scope, else an address of it
 * @param settings empty where no member could tell its configuration
 * @param dcsSilence why no member could show the DCS
 */
public record Group(
        String name,
        @Nullable String scope,
        List<Member> members,
        Optional<Settings> settings,
        List<Disagreement> disagreements,
        @Nullable String dcsSilence) {
    public Group {
        members = List.copyOf(members);
        disagreements = List.copyOf(disagreements);
    }

    public enum Kind {
        LEADER_SILENT,
        LEADERS_DIFFER,
        TWO_PRIMARIES,
        LEADER_DENIES,
        TIMELINE,
        IDENTITY,
        MEMBERS_DIFFER
    }

    /** Two voices that cannot both be right. */
    public record Disagreement(Kind kind, String words) {}

    /** Whom the DCS names; the members' own words count only where nobody can show the DCS. */
    public Optional<Member> leader() {
        return dcsSilence == null
                ? members.stream()
                        .filter(member -> member.dcs().map(DcsView.Row::leads).orElse(false))
                        .findFirst()
                : members.stream()
                        .filter(member -> member.own().map(OwnView::leads).orElse(false))
                        .findFirst();
    }

    Group called(String other) {
        return new Group(other, scope, members, settings, disagreements, dcsSilence);
    }

    /** Of the database that its members are copies of. */
    public Optional<String> systemIdentifier() {
        return members.stream()
                .flatMap(member -> member.own().stream())
                .map(OwnView::systemIdentifier)
                .filter(one -> one != null && !one.isEmpty())
                .map(String::valueOf)
                .findFirst();
    }

    public List<Member> replicas() {
        Optional<Member> leader = leader();
        return members.stream()
                .filter(member -> leader.isEmpty() || !leader.get().equals(member))
                .toList();
    }

    public Optional<Member> named(String member) {
        return members.stream().filter(one -> one.name().equals(member)).findFirst();
    }

    public boolean paused() {
        return views().stream().anyMatch(DcsView::paused)
                || members.stream()
                        .anyMatch(member -> member.own().map(OwnView::paused).orElse(false));
    }

    /** No leader holds the lock, by the word of any member that answered. */
    public boolean unlocked() {
        return members.stream()
                .anyMatch(member -> member.own().map(OwnView::unlocked).orElse(false));
    }

    public Optional<Switchover> scheduled() {
        return views().stream().flatMap(view -> view.scheduled().stream()).findFirst();
    }

    public List<String> synchronousStandbys() {
        return members.stream()
                .filter(member ->
                        member.role().equals("sync_standby") || member.role().equals("quorum_standby"))
                .map(Member::name)
                .toList();
    }

    /** Whom the leader's PostgreSQL waits for, whatever the DCS has. */
    public List<String> servedSynchronously() {
        return leader().flatMap(Member::own).stream()
                .flatMap(own -> own.standbys().stream())
                .filter(one -> one.syncState().equals("sync") || one.syncState().equals("quorum"))
                .map(OwnView.Standby::name)
                .toList();
    }

    /** The oldest: one member that lost the DCS is enough to know. */
    public @Nullable Long dcsAgeSeconds() {
        return members.stream()
                .flatMap(member -> member.own().stream())
                .map(OwnView::dcsAgeSeconds)
                .filter(Objects::nonNull)
                .max(Long::compare)
                .orElse(null);
    }

    public List<DcsView> views() {
        return members.stream().flatMap(member -> member.seen().stream()).toList();
    }
}
