package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.pgcluster.checks.Routing.Fault;
import org.pgcluster.checks.Routing.Purpose;
import org.pgcluster.checks.Routing.Wrong;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.patroni.Group;
import org.pgcluster.snapshot.Snapshot;

/** Writes go to the leader and to nobody else, by every HAProxy. */
final class HaproxyRouting implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("haproxy.no_server", "a backend has no server left"),
                new Kind("haproxy.several_writers", "a backend for writes has several servers"),
                new Kind("haproxy.wrong_writer", "writes go to a server that does not lead"),
                new Kind("haproxy.check_port", "the checks go to a port where nobody listens"),
                new Kind("haproxy.leader_taken_out", "somebody took the leader out of the backend for writes"),
                new Kind("haproxy.checks_differ", "two HAProxy judge one server differently"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Group> groups = new Estate(snapshot).groups();
        List<Proxy> proxies = snapshot.around().proxies();
        List<Wrong> wrongs = new ArrayList<>(Routing.differences(proxies));
        proxies.forEach(proxy -> wrongs.addAll(Routing.wrongs(proxy, groups)));
        Map<String, List<Wrong>> same = new LinkedHashMap<>();
        wrongs.forEach(wrong ->
                same.computeIfAbsent(sameAs(wrong), x -> new ArrayList<>()).add(wrong));
        return same.values().stream()
                .map(some -> finding(some, proxies, groups))
                .toList();
    }

    /** One HAProxy may be configured by page and by socket, and a wrong port is wrong for all its servers. */
    private static String sameAs(Wrong wrong) {
        return wrong.fault() == Fault.CHECK_PORT
                ? wrong.fault().name()
                : wrong.fault() + " " + wrong.backend() + "/" + wrong.server();
    }

    private static Finding finding(List<Wrong> same, List<Proxy> proxies, List<Group> groups) {
        Wrong first = same.get(0);
        var servers = new TreeSet<String>();
        var instances = new TreeSet<String>();
        same.forEach(wrong -> {
            servers.add(wrong.backend() + (wrong.server() == null ? "" : "/" + wrong.server()));
            instances.add(wrong.instance());
        });
        String id = "haproxy." + first.fault().name().toLowerCase(Locale.ROOT);
        String subject = String.join(", ", servers);
        // The socket tells more than the page: which port is checked.
        String words = same.stream()
                .map(Wrong::words)
                .max((one, other) -> Integer.compare(one.length(), other.length()))
                .orElse(first.words());
        Found found =
                mild(first, proxies, groups) ? Found.warning(id, subject, words) : Found.critical(id, subject, words);
        found.read("instances", List.copyOf(instances))
                .read("servers", List.copyOf(servers))
                .next("haproxy_backend_health", Map.of("backend", first.backend()));
        if (first.fault() == Fault.LEADER_TAKEN_OUT) {
            found.next(
                            "haproxy_set_server_state",
                            Map.of(
                                    "backend",
                                    first.backend(),
                                    "server",
                                    String.valueOf(first.server()),
                                    "state",
                                    "ready",
                                    "dry_run",
                                    true))
                    .byHand("set server " + subject + " state ready (to the runtime socket)");
        }
        return found.advice(advice(first.fault()));
    }

    private static boolean mild(Wrong wrong, List<Proxy> proxies, List<Group> groups) {
        return wrong.fault() == Fault.CHECKS_DIFFER
                || (wrong.fault() == Fault.NO_SERVER
                        && proxies.stream()
                                .allMatch(proxy -> Routing.purpose(wrong.backend(), proxy.of(wrong.backend()), groups)
                                        == Purpose.READS));
    }

    private static String advice(Fault fault) {
        return switch (fault) {
            case NO_SERVER ->
                "Clients see \"server closed the connection unexpectedly\": that is HAProxy, not PostgreSQL. See what each"
                        + " check says.";
            case SEVERAL_WRITERS ->
                "Its checks do not tell roles apart: let them ask /primary at each member's own REST port. Until then"
                        + " drain the wrong one.";
            case WRONG_WRITER -> "Let its check ask /primary at that member's own REST port.";
            case CHECK_PORT -> "Correct the check's port; until then: set server BACKEND/SERVER check-port N.";
            case LEADER_TAKEN_OUT -> "Ask who did it, then set it ready.";
            case CHECKS_DIFFER -> "Within seconds of a change that passes; if it stays, one of them checks wrongly.";
        };
    }
}
