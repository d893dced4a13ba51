package org.pgcluster.checks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.snapshot.CitusState;
import org.pgcluster.snapshot.Details.Facts;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;

/** Who is who in a snapshot: which address, name or word means which Patroni group. */
final class Estate {
    private final Snapshot snapshot;
    private final Map<String, String> groupOf = new LinkedHashMap<>();

    Estate(Snapshot snapshot) {
        this.snapshot = snapshot;
        for (CitusNode node : nodes()) {
            if (node.primary()) {
                groupOf.put(node.where(), String.valueOf(node.groupId()));
            }
        }
        for (Group group : groups()) {
            groupOf.put("group " + group.name(), group.name());
            for (Member member : group.members()) {
                groupOf.put(member.name(), group.name());
                member.address().ifPresent(address -> groupOf.put(address, group.name()));
                String api = member.api();
                if (api != null) {
                    groupOf.put(api, group.name());
                    groupOf.put(api.replaceFirst("^https?://", ""), group.name());
                }
            }
        }
    }

    List<Group> groups() {
        return snapshot.around().patroni().map(one -> one.groups()).orElse(List.of());
    }

    List<CitusNode> nodes() {
        return snapshot.citus().map(CitusState::nodes).orElse(List.of());
    }

    Optional<Group> group(String name) {
        return groups().stream().filter(group -> group.name().equals(name)).findFirst();
    }

    /** What a subject stands in: the name of a Patroni group, none where it is in none that is known. */
    @Nullable
    String groupOf(String subject) {
        String known = groupOf.get(subject);
        return known != null || !subject.startsWith("group ") ? known : subject.substring("group ".length());
    }

    /** The group that clients of the whole estate come to: the coordinator's, or the only one there is. */
    boolean isFront(@Nullable String group) {
        return group != null && (group.equals("0") || groups().size() == 1);
    }

    List<PostgresState> servers() {
        return snapshot.postgres();
    }

    static Optional<Facts> facts(PostgresState state) {
        return Optional.ofNullable(state.details().facts());
    }

    static Optional<String> identifier(Group group) {
        return group.members().stream()
                .flatMap(member -> member.own().stream())
                .map(OwnView::systemIdentifier)
                .filter(one -> one != null && !one.isEmpty())
                .map(String::valueOf)
                .findFirst();
    }

    /** The node of pg_dist_node that a server is, by the address it was asked at. */
    Optional<CitusNode> node(PostgresState state) {
        return nodes().stream()
                .filter(node -> node.where().equals(state.where()))
                .findFirst();
    }
}
