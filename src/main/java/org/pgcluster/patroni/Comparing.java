package org.pgcluster.patroni;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.Group.Disagreement;
import org.pgcluster.patroni.Group.Kind;

/** Holds what each member says against what the others and the DCS say. Pure. */
final class Comparing {
    private final List<Member> members;
    private final long ttl;
    private final List<Disagreement> found = new ArrayList<>();

    private Comparing(List<Member> members, long ttl) {
        this.members = members;
        this.ttl = ttl;
    }

    static List<Disagreement> of(List<Member> members, long ttl) {
        var comparing = new Comparing(members, ttl);
        comparing.primaries();
        comparing.leaders();
        comparing.leaderItself();
        comparing.membership();
        comparing.timelines();
        comparing.identities();
        return comparing.found;
    }

    private void primaries() {
        List<String> primaries = members.stream()
                .filter(member -> member.own().map(OwnView::leads).orElse(false))
                .map(Member::name)
                .toList();
        if (primaries.size() > 1) {
            add(Kind.TWO_PRIMARIES, String.join(" and ", primaries) + " each say that they are the primary");
        }
    }

    private void leaders() {
        Map<String, List<String>> byLeader = new LinkedHashMap<>();
        for (Member member : members) {
            member.seen()
                    .ifPresent(view -> byLeader.computeIfAbsent(
                                    view.leader().map(DcsView.Row::name).orElse("nobody"), x -> new ArrayList<>())
                            .add(member.name()));
        }
        if (byLeader.size() > 1) {
            List<String> sides = new ArrayList<>();
            byLeader.forEach((leader, who) -> sides.add(String.join(", ", who) + " see " + leader + " lead"));
            add(Kind.LEADERS_DIFFER, String.join("; ", sides));
        }
    }

    private void leaderItself() {
        for (Member member : members) {
            if (!member.dcs().map(DcsView.Row::leads).orElse(false)) {
                continue;
            }
            Optional<OwnView> own = member.own();
            if (!member.asked()) {
                continue;
            }
            if (own.isEmpty()) {
                add(
                        Kind.LEADER_SILENT,
                        member.name() + " leads by the DCS and did not answer itself; a dead leader is shown as running"
                                + " until its ttl of " + ttl + " s is over");
            } else if (!own.get().leads() || !member.healthy()) {
                add(
                        Kind.LEADER_DENIES,
                        member.name() + " leads by the DCS and says of itself: "
                                + own.get().role() + ", " + own.get().state());
            }
        }
    }

    private void membership() {
        Set<String> all = new TreeSet<>();
        members.forEach(member -> member.seen().ifPresent(view -> view.members().forEach(row -> all.add(row.name()))));
        for (Member member : members) {
            member.seen().ifPresent(view -> {
                Set<String> missing = new TreeSet<>(all);
                view.members().forEach(row -> missing.remove(row.name()));
                if (!missing.isEmpty()) {
                    add(Kind.MEMBERS_DIFFER, member.name() + " does not see " + String.join(", ", missing));
                }
            });
        }
    }

    /** A replica follows within seconds; one that stays behind cannot be promoted and must be made anew. */
    private void timelines() {
        Integer leads = members.stream()
                .filter(member -> member.dcs().map(DcsView.Row::leads).orElse(false))
                .findFirst()
                .map(Member::timeline)
                .orElse(null);
        for (Member member : members) {
            Integer own = member.timeline();
            if (leads != null && own != null && !own.equals(leads)) {
                add(Kind.TIMELINE, member.name() + " is on timeline " + own + ", its leader on " + leads);
            }
        }
    }

    private void identities() {
        Set<String> identifiers = new TreeSet<>();
        for (Member member : members) {
            String one = member.own().map(OwnView::systemIdentifier).orElse(null);
            if (isKnown(one)) {
                identifiers.add(one);
            }
        }
        if (identifiers.size() > 1) {
            add(Kind.IDENTITY, "the members are not copies of one database: system identifiers " + identifiers);
        }
    }

    private static boolean isKnown(@Nullable String identifier) {
        return identifier != null && !identifier.isEmpty();
    }

    private void add(Kind kind, String words) {
        found.add(new Disagreement(kind, words));
    }
}
