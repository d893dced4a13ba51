package org.pgcluster.checks;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Observed;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.snapshot.Certificate;
import org.pgcluster.snapshot.CitusState;
import org.pgcluster.snapshot.Details;
import org.pgcluster.snapshot.Details.Facts;
import org.pgcluster.snapshot.Expected;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Snapshot;
import org.pgcluster.snapshot.Surroundings;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;

/** Small estates, said in few words: two groups of two members, c0 c1 and w0 w1, all well until a test says otherwise. */
final class Small {
    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    List<PostgresState> servers =
            List.of(server("c0:5432", facts("id0", "c0", "13.2-1")), server("w0:5432", facts("id1", "w0", "13.2-1")));
    List<Group> groups = List.of(group("0", "id0", "c0", "c1"), group("1", "id1", "w0", "w1"));
    List<CitusNode> nodes = List.of(node(1, 0, "c0"), node(2, 1, "w0"));
    List<CitusState.Placed> placed = List.of();
    List<CitusState.Task> tasks = List.of();
    List<Proxy> proxies = List.of();
    List<Unread> unavailable = List.of();
    List<Certificate> certificates = List.of();
    Expected expected = new Expected(OptionalInt.of(2), OptionalInt.of(1), Optional.empty());

    static Unread silent(String component, String where) {
        return new Unread(new Unavailable(component, where, "Connection refused"), Unread.Kind.SILENT);
    }

    Snapshot snapshot() {
        Observed observed = new Observed(groups, List.of(), List.of(), null);
        Surroundings around = new Surroundings(Optional.of(observed), proxies, List.of(), expected, List.of());
        CitusState citus = new CitusState(nodes, placed, List.of(), List.of("clicks"), tasks);
        return new Snapshot("small", NOW, servers, unavailable, around, Optional.of(citus), certificates);
    }

    List<Finding> findings() {
        return Checks.of(snapshot());
    }

    List<String> ids() {
        return findings().stream().map(Finding::id).toList();
    }

    static Group group(String name, String identifier, String leader, String... replicas) {
        List<Member> members = new java.util.ArrayList<>(List.of(member(leader, "leader", identifier)));
        for (String replica : replicas) {
            members.add(member(replica, "replica", identifier));
        }
        return new Group(name, "scope", members, Optional.empty(), List.of(), null);
    }

    static Member member(String name, String role, String identifier) {
        var row = new DcsView.Row(
                name,
                role,
                "running",
                name,
                5432,
                "http://" + name + ":8008",
                1,
                0L,
                null,
                List.of(),
                false,
                List.of(),
                null);
        var own = new OwnView(
                role.equals("leader") ? "running" : "streaming",
                role.equals("leader") ? "primary" : "replica",
                1,
                null,
                null,
                null,
                null,
                null,
                null,
                false,
                List.of(),
                false,
                false,
                false,
                false,
                0L,
                identifier,
                null,
                "scope",
                name);
        return new Member(name, "http://" + name + ":8008", Optional.of(row), Optional.of(own), Optional.empty(), null);
    }

    /** Each replica has the tag. */
    static Group withTag(Group group, String tag) {
        List<Member> members = new java.util.ArrayList<>();
        for (Member member : group.members()) {
            DcsView.Row row = member.dcs().orElseThrow();
            var tagged = new DcsView.Row(
                    row.name(),
                    row.role(),
                    row.state(),
                    row.host(),
                    row.port(),
                    row.api(),
                    row.timeline(),
                    row.lagBytes(),
                    row.receiveLagBytes(),
                    row.leads() ? List.of() : List.of(tag),
                    false,
                    List.of(),
                    null);
            members.add(new Member(
                    member.name(), member.api(), Optional.of(tagged), member.own(), member.seen(), member.silence()));
        }
        return new Group(
                group.name(), group.scope(), members, group.settings(), group.disagreements(), group.dcsSilence());
    }

    static CitusNode node(int id, int group, String host) {
        return new CitusNode(
                id, group, host, 5432, "default", "primary", true, true, true, group != 0, "default", true, false);
    }

    static Facts facts(String identifier, String address, String extension) {
        return new Facts(
                identifier,
                address,
                5432,
                150020,
                "logical",
                "off",
                0,
                false,
                null,
                null,
                null,
                extension,
                "13.2.2",
                0,
                0);
    }

    static PostgresState server(String where, @Nullable Facts facts) {
        return server(where, false, new Details(facts, 0, 1, List.of(), List.of(), null, List.of(), List.of()));
    }

    static PostgresState server(String where, boolean standby, Details details) {
        return new PostgresState(
                where,
                standby,
                true,
                new PostgresState.Connections(5, 100, 3),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                details);
    }

    static Server haproxy(String name, @Nullable String address, String status) {
        return new Server(
                "write",
                name,
                address,
                8008,
                status,
                false,
                "",
                status.equals("UP") ? "L7OK" : "L7STS",
                null,
                1L,
                false,
                0L,
                0L,
                null,
                0L,
                0L,
                0L,
                0L,
                0L,
                0L,
                0L,
                60L,
                0L);
    }

    static Proxy proxy(Server... servers) {
        var back = new Proxy.Back("write", "UP", 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 60L);
        return new Proxy("haproxy:8404", List.of(), List.of(back), List.of(servers), null, true);
    }
}
