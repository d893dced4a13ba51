package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;

/** Which Patroni member each server of HAProxy is, and whether a backend leads where it should. Pure. */
public final class Routing {
    /** Around a switchover a proxy needs some checks to notice; younger differences prove nothing. */
    private static final long SETTLED_SECONDS = 5;

    private Routing() {}

    public enum Purpose {
        WRITES,
        READS,
        UNKNOWN
    }

    public enum Fault {
        NO_SERVER,
        SEVERAL_WRITERS,
        WRONG_WRITER,
        CHECK_PORT,
        LEADER_TAKEN_OUT,
        CHECKS_DIFFER
    }

    public record Wrong(
            Fault fault,
            String instance,
            String backend,
            @Nullable String server,
            String words) {}

    /**
     * By address, which is where clients really go; by name only where HAProxy hides the address, or knows a number where
     * Patroni knows a name.
     */
    public static Optional<Member> member(Server server, List<Group> groups) {
        List<Member> all =
                groups.stream().flatMap(group -> group.members().stream()).toList();
        Optional<Member> there = all.stream()
                .filter(member -> server.address() != null
                        && member.address().map(server.address()::equals).orElse(false))
                .findFirst();
        return there.isPresent()
                ? there
                : all.stream()
                        .filter(member -> member.name().equals(server.name()))
                        .filter(member -> !canBeCompared(
                                server.address(), member.address().orElse(null)))
                        .findFirst();
    }

    /** Two addresses that differ are two places only where both are numbers, or both are names. */
    static boolean canBeCompared(@Nullable String one, @Nullable String other) {
        return one != null && other != null && isNumber(one) == isNumber(other);
    }

    private static boolean isNumber(String address) {
        String host = address.substring(0, Math.max(0, address.lastIndexOf(':')));
        return host.matches("[0-9.]+") || host.contains(":");
    }

    public static boolean leads(Member member, List<Group> groups) {
        return groups.stream()
                .anyMatch(group -> group.leader().map(member::equals).orElse(false));
    }

    /** What its name says, else what its checks let through. */
    public static Purpose purpose(String backend, List<Server> servers, List<Group> groups) {
        String name = backend.toLowerCase(Locale.ROOT);
        if (name.matches(".*(primary|master|write|leader|(^|[^a-z])rw([^a-z]|$)).*")) {
            return Purpose.WRITES;
        }
        if (name.matches(".*(replica|standby|read|slave|(^|[^a-z])ro([^a-z]|$)).*")) {
            return Purpose.READS;
        }
        boolean leader = false;
        boolean others = false;
        for (Server server : servers) {
            Optional<Member> member = member(server, groups);
            if (server.serves() && member.isPresent()) {
                leader |= leads(member.get(), groups);
                others |= !leads(member.get(), groups);
            }
        }
        return leader == others ? Purpose.UNKNOWN : leader ? Purpose.WRITES : Purpose.READS;
    }

    public static List<Wrong> wrongs(Proxy proxy, List<Group> groups) {
        List<Wrong> wrongs = new ArrayList<>();
        for (Proxy.Back back : proxy.backs()) {
            List<Server> servers = proxy.of(back.name());
            if (servers.isEmpty()) {
                continue;
            }
            if (servers.stream().noneMatch(Server::serves)) {
                wrongs.add(new Wrong(
                        Fault.NO_SERVER,
                        proxy.where(),
                        back.name(),
                        null,
                        "backend " + back.name() + " has no server: new clients get their connection closed at once"));
            }
            if (purpose(back.name(), servers, groups) == Purpose.WRITES) {
                writers(proxy, back.name(), servers, groups, wrongs);
            }
            servers.forEach(server -> ports(proxy, server, groups, wrongs));
        }
        return wrongs;
    }

    private static void writers(
            Proxy proxy, String backend, List<Server> servers, List<Group> groups, List<Wrong> wrongs) {
        List<Server> serving = servers.stream()
                .filter(server -> server.serves() && !server.checkStatus().equals("INI")) // up until its first check
                .toList();
        if (serving.size() > 1) {
            wrongs.add(new Wrong(
                    Fault.SEVERAL_WRITERS,
                    proxy.where(),
                    backend,
                    null,
                    "backend " + backend + " sends writes to " + serving.size()
                            + " servers; all but one are standbys and refuse them"));
        }
        for (Server server : servers) {
            Optional<Member> member = member(server, groups);
            if (member.isEmpty()) {
                continue;
            }
            boolean leads = leads(member.get(), groups);
            boolean led = groups.stream()
                    .filter(group -> group.members().contains(member.get()))
                    .anyMatch(group -> group.leader().isPresent());
            if (!leads && led && serving.size() == 1 && server.serves() && settled(server)) {
                wrongs.add(new Wrong(
                        Fault.WRONG_WRITER,
                        proxy.where(),
                        backend,
                        server.name(),
                        server.name() + " gets the writes of " + backend + " and is no leader"));
            }
            boolean out = server.state() == Server.State.DRAIN || server.state() == Server.State.MAINTENANCE;
            if (leads && out) {
                wrongs.add(new Wrong(
                        Fault.LEADER_TAKEN_OUT,
                        proxy.where(),
                        backend,
                        server.name(),
                        server.name() + " leads and somebody took it out of " + backend + " (" + server.status()
                                + ")"));
            }
        }
    }

    private static boolean settled(Server server) {
        Long since = server.lastChangeSeconds();
        return since == null || since >= SETTLED_SECONDS;
    }

    /** The port refuses and the member answers: it is the wrong one. */
    private static void ports(Proxy proxy, Server server, List<Group> groups, List<Wrong> wrongs) {
        Optional<Member> member = member(server, groups);
        if (server.checkStatus().equals("L4CON") && member.flatMap(Member::own).isPresent()) {
            Integer port = server.checkPort();
            wrongs.add(new Wrong(
                    Fault.CHECK_PORT,
                    proxy.where(),
                    server.backend(),
                    server.name(),
                    "HAProxy's check of " + server.name() + " is refused"
                            + (port == null ? "" : " at port " + port)
                            + ", and its Patroni answers at " + member.get().api()
                            + ": the check goes to the wrong port"));
        }
    }

    /** Instances that judge one server differently: their clients land in different places. */
    public static List<Wrong> differences(List<Proxy> proxies) {
        List<Wrong> wrongs = new ArrayList<>();
        for (int i = 1; i < proxies.size(); i++) {
            Proxy first = proxies.get(0);
            Proxy other = proxies.get(i);
            for (Server server : other.servers()) {
                first.of(server.backend()).stream()
                        .filter(same -> same.name().equals(server.name()) && same.serves() != server.serves())
                        .forEach(same -> wrongs.add(new Wrong(
                                Fault.CHECKS_DIFFER,
                                other.where(),
                                server.backend(),
                                server.name(),
                                server.name() + " of " + server.backend() + " is " + same.status() + " for "
                                        + first.where() + " and " + server.status() + " for " + other.where())));
            }
        }
        return wrongs;
    }
}
