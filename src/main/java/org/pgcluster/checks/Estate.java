package org.pgcluster.checks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
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

    static Optional<String> identifier(PostgresState state) {
        return facts(state).map(Facts::systemIdentifier);
    }

    /** Where it says that it listens, which a proxy or a name in between does not change. */
    static Optional<String> address(PostgresState state) {
        return facts(state).filter(one -> one.address() != null).map(one -> one.address() + ":" + one.port());
    }

    /** Of a member that Patroni names, as it is asked: host and port. */
    Optional<String> patroniOf(String name) {
        return groups().stream()
                .flatMap(group -> group.members().stream())
                .filter(member -> member.name().equals(name) && member.api() != null)
                .map(member -> String.valueOf(member.api()).replaceFirst("^https?://", ""))
                .findFirst();
    }

    /** Where nodes reach the coordinator, also while pg_dist_node does not say it: as Patroni does, else as it does itself. */
    Optional<String> coordinator() {
        return group("0")
                .flatMap(Group::leader)
                .flatMap(Member::address)
                .or(() -> servers().stream()
                        .filter(state -> node(state).isEmpty() && !state.standby())
                        .findFirst()
                        .flatMap(Estate::address));
    }

    /** The member that a row of pg_dist_node leads to: by address as written, as the server says it, or by identity. */
    Optional<Member> seat(CitusNode node) {
        List<Member> members =
                groups().stream().flatMap(group -> group.members().stream()).toList();
        Optional<PostgresState> asked = servers().stream()
                .filter(state -> state.where().equals(node.where()))
                .findFirst();
        String real = asked.flatMap(Estate::address).orElse(node.where());
        Optional<Member> there = members.stream()
                .filter(member -> member.address()
                        .map(one -> one.equals(node.where()) || one.equals(real))
                        .orElse(false))
                .findFirst();
        return there.isPresent()
                ? there
                : asked.filter(state -> !state.standby()).flatMap(this::leading);
    }

    /** Two that are no standby and copies of one database are one server, as long as nobody split. */
    private Optional<Member> leading(PostgresState state) {
        Optional<String> identity = identifier(state);
        return groups().stream()
                .filter(group -> identity.isPresent() && identity.equals(group.systemIdentifier()))
                .flatMap(group -> group.leader().stream())
                .findFirst();
    }

    /** Before Citus 11 a worker without metadata was nothing unusual. */
    boolean givesMetadataToAll() {
        return servers().stream()
                .flatMap(state -> facts(state).stream())
                .map(Facts::citusExtension)
                .noneMatch(version -> version != null && version.matches("(10|[5-9])\\..*"));
    }

    /** The node of pg_dist_node that a server is, by the address it was asked at. */
    Optional<CitusNode> node(PostgresState state) {
        return nodes().stream()
                .filter(node -> node.where().equals(state.where()))
                .findFirst();
    }
}
