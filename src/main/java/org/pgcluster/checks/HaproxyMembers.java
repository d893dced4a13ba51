package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.snapshot.Snapshot;

/** HAProxy's servers are the members of one Patroni group: no stranger, nobody of another group, nobody left out. */
final class HaproxyMembers implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("haproxy.unknown_to_patroni", "a server of HAProxy is no member of any Patroni group"),
                new Kind("haproxy.other_group", "a backend mixes members of several groups"),
                new Kind("haproxy.member_left_out", "a member is in no backend although its group is"),
                new Kind("haproxy.name_differs", "a server bears the name of one member and the address of another"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        Estate estate = new Estate(snapshot);
        List<Group> groups = estate.groups();
        boolean known = !groups.isEmpty() && groups.stream().allMatch(group -> group.dcsSilence() == null);
        boolean all = snapshot.around()
                .patroni()
                .map(one -> one.unobserved().isEmpty())
                .orElse(false);
        if (!known || !all) { // whom Patroni cannot name is no stranger
            return List.of();
        }
        Map<String, Finding> findings = new LinkedHashMap<>();
        Set<String> served = new TreeSet<>();
        for (Proxy proxy : snapshot.around().proxies()) {
            for (Proxy.Back back : proxy.backs()) {
                List<Server> servers = proxy.of(back.name());
                String home = home(servers, groups, estate);
                for (Server server : servers) {
                    one(server, home, groups, estate, served)
                            .ifPresent(found -> findings.put(found.id() + " " + found.subject(), found));
                }
            }
        }
        List<Finding> told = new ArrayList<>(findings.values());
        if (!snapshot.around().proxies().isEmpty()) {
            leftOut(groups, served, told);
        }
        return told;
    }

    /** The group that most of a backend's servers belong to. */
    private static @Nullable String home(List<Server> servers, List<Group> groups, Estate estate) {
        Map<String, Integer> votes = new LinkedHashMap<>();
        for (Server server : servers) {
            Routing.member(server, groups)
                    .map(member -> estate.groupOf(member.name()))
                    .ifPresent(group -> votes.merge(group, 1, Integer::sum));
        }
        return votes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private static Optional<Finding> one(
            Server server, @Nullable String home, List<Group> groups, Estate estate, Set<String> served) {
        if (home == null) {
            return Optional.empty(); // a backend of something else
        }
        String subject = server.backend() + "/" + server.name();
        Optional<Member> member = Routing.member(server, groups);
        if (member.isEmpty()) {
            boolean certain = groups.stream()
                    .flatMap(group -> group.members().stream())
                    .allMatch(one -> Routing.canBeCompared(
                            server.address(), one.address().orElse(null)));
            return !certain
                    ? Optional.empty()
                    : Optional.of(told(
                                    server.serves()
                                            ? Found.critical("haproxy.unknown_to_patroni", subject, stranger(server))
                                            : Found.warning("haproxy.unknown_to_patroni", subject, stranger(server)),
                                    server)
                            .advice("Nobody decides whether it leads or follows. A member that is dead for longer than ttl"
                                            + " looks like this: start its Patroni. Otherwise take it out."));
        }
        served.add(member.get().name());
        String group = estate.groupOf(member.get().name());
        if (!home.equals(group)) {
            String title = server.name() + " of " + server.backend() + " belongs to group " + group
                    + ", the others to group " + home + ": its clients see another database";
            return Optional.of(told(Found.critical("haproxy.other_group", subject, title), server)
                    .read("member", member.get().name())
                    .advice("Take it out of this backend."));
        }
        boolean otherName =
                groups.stream().anyMatch(one -> one.named(server.name()).isPresent())
                        && !member.get().name().equals(server.name());
        return otherName
                ? Optional.of(told(
                                Found.warning(
                                        "haproxy.name_differs",
                                        subject,
                                        server.name() + " of " + server.backend() + " leads to "
                                                + member.get().name()),
                                server)
                        .read("member", member.get().name())
                        .advice("Whoever acts on that name acts on another server: correct name or address."))
                : Optional.empty();
    }

    private static String stranger(Server server) {
        return server.name() + " of " + server.backend() + " (" + server.address() + ") is unknown to Patroni"
                + (server.serves() ? " and gets clients" : "");
    }

    private static Found told(Found found, Server server) {
        return found.read("address", server.address())
                .read("status", server.status())
                .next("haproxy_backend_health", Map.of("backend", server.backend()))
                .byHand("set server " + server.backend() + "/" + server.name()
                        + " state maint (to the runtime socket)");
    }

    private static void leftOut(List<Group> groups, Set<String> served, List<Finding> findings) {
        for (Group group : groups) {
            List<String> out = group.members().stream()
                    .filter(member -> !member.hasTag("noloadbalance") && !member.hasTag("nofailover"))
                    .map(Member::name)
                    .filter(name -> !served.contains(name))
                    .toList();
            boolean fronted = group.members().stream().map(Member::name).anyMatch(served::contains);
            if (!out.isEmpty() && fronted) {
                findings.add(Found.warning(
                                "haproxy.member_left_out",
                                "group " + group.name(),
                                String.join(", ", out) + " of group " + group.name() + " is in no backend of HAProxy")
                        .read("left_out", out)
                        .next("haproxy_backend_health")
                        .advice("Once it leads nobody reaches it: add it to every backend of its group."));
            }
        }
    }
}
