package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.checks.Routing.Fault;
import org.pgcluster.checks.Routing.Wrong;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.patroni.Group;
import org.pgcluster.snapshot.Snapshot;

/** Writes go to the leader and to nobody else, by every HAProxy. */
final class HaproxyRouting implements Check {
    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Group> groups =
                snapshot.around().patroni().map(one -> one.groups()).orElse(List.of());
        List<Proxy> proxies = snapshot.around().proxies();
        List<Wrong> wrongs = new ArrayList<>(Routing.differences(proxies));
        proxies.forEach(proxy -> wrongs.addAll(Routing.wrongs(proxy, groups)));
        return wrongs.stream().map(HaproxyRouting::finding).toList();
    }

    private static Finding finding(Wrong wrong) {
        String subject = wrong.backend() + (wrong.server() == null ? "" : "/" + wrong.server());
        return new Finding(
                "haproxy." + wrong.fault().name().toLowerCase(java.util.Locale.ROOT),
                wrong.fault() == Fault.CHECKS_DIFFER ? Severity.WARNING : Severity.CRITICAL,
                Sure.CERTAIN,
                "haproxy",
                subject,
                wrong.words(),
                Evidence.of("instance", wrong.instance())
                        .and("backend", wrong.backend())
                        .and("server", wrong.server())
                        .fields(),
                advice(wrong.fault()),
                Optional.of(new Next("haproxy_backend_health", Map.of("backend", wrong.backend()))),
                wrong.fault() == Fault.LEADER_TAKEN_OUT
                        ? Optional.of("set server " + subject + " state ready")
                        : Optional.empty());
    }

    private static String advice(Fault fault) {
        return switch (fault) {
            case NO_SERVER ->
                "Clients see \"server closed the connection unexpectedly\": that is HAProxy, not PostgreSQL. See what each"
                        + " check says.";
            case SEVERAL_WRITERS ->
                "Its checks do not tell roles apart: let them ask /primary at each member's own REST port.";
            case WRONG_WRITER -> "Let its check ask /primary at that member's own REST port.";
            case CHECK_PORT -> "Correct the check's port; until then: set server BACKEND/SERVER check-port N.";
            case LEADER_TAKEN_OUT -> "Ask who did it, then set it ready.";
            case CHECKS_DIFFER -> "Within seconds of a change that passes; if it stays, one of them checks wrongly.";
        };
    }
}
