package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.pgbouncer.Bouncer;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;

/**
 * Who is where: one row for each real server, whatever names the components have for it. Servers are one where their
 * addresses are, or where both are the primary of one system identifier. Pure.
 */
public record Topology(List<Server> servers, List<Door> doors, List<String> contradictions) {
    /** Findings that say that two components speak of different estates. */
    private static final Pattern CONTRADICTION =
            Pattern.compile("citus\\.(names_no_leader|node_is_standby|two_nodes_one_server|coordinator_unregistered)"
                    + "|haproxy\\.(several_writers|wrong_writer|unknown_to_patroni|other_group|name_differs"
                    + "|member_left_out)|patroni\\.(watches_another|two_primaries|identity|unobserved)");

    public Topology {
        servers = List.copyOf(servers);
        doors = List.copyOf(doors);
        contradictions = List.copyOf(contradictions);
    }

    /**
     * {@code group} is Patroni's; {@code citus} is {@code coordinator} or {@code worker} where pg_dist_node names this
     * server; {@code haproxy} are the servers of backends that lead here, with their status.
     */
    public record Server(
            String address,
            @Nullable String group,
            @Nullable String member,
            String role,
            @Nullable String state,
            @Nullable String citus,
            @Nullable Integer nodeId,
            List<String> haproxy,
            @Nullable String systemIdentifier) {}

    /** A way in that is no database: what it is and where it leads. */
    public record Door(String component, String where, List<String> leadsTo) {}

    public static Topology of(Snapshot snapshot) {
        return new Joined(snapshot).topology();
    }

    private static final class Joined {
        private final Snapshot snapshot;
        private final Estate estate;
        private final Map<String, Server> byAddress = new LinkedHashMap<>();

        Joined(Snapshot snapshot) {
            this.snapshot = snapshot;
            this.estate = new Estate(snapshot);
        }

        Topology topology() {
            for (Group group : estate.groups()) {
                group.members().forEach(member -> member(group, member));
            }
            estate.nodes().stream().filter(CitusNode::primary).forEach(this::node);
            snapshot.postgres().forEach(this::alone);
            List<String> contradictions = Checks.of(snapshot).stream()
                    .filter(finding -> CONTRADICTION.matcher(finding.id()).matches())
                    .map(Finding::title)
                    .toList();
            return new Topology(List.copyOf(byAddress.values()), doors(), contradictions);
        }

        private void member(Group group, Member member) {
            String address = member.address().orElse(member.name());
            boolean leads = group.leader().map(member::equals).orElse(false);
            byAddress.put(
                    address,
                    new Server(
                            address,
                            group.name(),
                            member.name(),
                            leads ? "leader" : member.role(),
                            member.state(),
                            null,
                            null,
                            haproxy(member),
                            member.own().map(OwnView::systemIdentifier).orElse(null)));
        }

        private List<String> haproxy(Member member) {
            return snapshot.around().proxies().stream()
                    .flatMap(proxy -> proxy.servers().stream())
                    .filter(server -> Routing.member(server, estate.groups())
                            .map(member::equals)
                            .orElse(false))
                    .map(server -> server.backend() + "/" + server.name() + " " + server.status())
                    .distinct()
                    .toList();
        }

        private void node(CitusNode node) {
            String address = estate.seat(node).flatMap(Member::address).orElse(node.where());
            Server known = byAddress.get(address);
            Optional<PostgresState> asked = snapshot.postgres().stream()
                    .filter(state -> state.where().equals(node.where()))
                    .findFirst();
            byAddress.put(
                    address,
                    new Server(
                            address,
                            known == null ? null : known.group(),
                            known == null ? null : known.member(),
                            known == null ? asked.map(Joined::role).orElse("unknown") : known.role(),
                            known == null ? null : known.state(),
                            node.kind(),
                            node.nodeId(),
                            known == null ? List.of() : known.haproxy(),
                            known == null ? asked.flatMap(Estate::identifier).orElse(null) : known.systemIdentifier()));
        }

        private static String role(PostgresState state) {
            return state.standby() ? "standby" : "primary";
        }

        /** A server that neither Patroni nor Citus names. */
        private void alone(PostgresState state) {
            String identifier = Estate.identifier(state).orElse("");
            boolean known = byAddress.containsKey(state.where())
                    || byAddress.containsKey(Estate.address(state).orElse(""))
                    || (!identifier.isEmpty()
                            && byAddress.values().stream()
                                    .anyMatch(server -> identifier.equals(server.systemIdentifier())));
            if (!known) {
                String address = Estate.address(state).orElse(state.where());
                byAddress.put(
                        address, new Server(address, null, null, role(state), null, null, null, List.of(), identifier));
            }
        }

        private List<Door> doors() {
            List<Door> doors = new ArrayList<>(entries());
            for (Bouncer bouncer : snapshot.around().bouncers()) {
                doors.add(new Door(
                        "pgbouncer",
                        bouncer.where(),
                        bouncer.databases().stream()
                                .map(one -> one.name() + " at " + one.host() + ":" + one.port())
                                .sorted()
                                .toList()));
            }
            for (Proxy proxy : snapshot.around().proxies()) {
                doors.add(new Door(
                        "haproxy",
                        proxy.where(),
                        proxy.servers().stream()
                                .map(one -> one.backend() + "/" + one.name() + " " + one.status() + " at " + where(one))
                                .sorted()
                                .toList()));
            }
            return doors;
        }

        /** An address that leads to a server which itself says that it is elsewhere: a proxy or a mapped port. */
        private List<Door> entries() {
            List<Door> entries = new ArrayList<>();
            for (PostgresState state : snapshot.postgres()) {
                Estate.address(state)
                        .filter(address -> !address.equals(state.where()) && byAddress.containsKey(address))
                        .ifPresent(address ->
                                entries.add(new Door("entry", state.where(), List.of("leads now at " + address))));
            }
            return entries;
        }

        /** A statistics page may hide addresses; the member of that name is then where it most likely leads. */
        private String where(org.pgcluster.haproxy.Server server) {
            String shown = server.address();
            return shown != null
                    ? shown
                    : Routing.member(server, estate.groups())
                            .flatMap(Member::address)
                            .orElse("?");
        }
    }
}
