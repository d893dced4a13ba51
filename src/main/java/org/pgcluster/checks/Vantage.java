package org.pgcluster.checks;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.snapshot.Snapshot;

/** Some tools see only the server that is asked: for a finding about a worker, the one that sees all nodes takes their place. */
final class Vantage {
    private static final Map<String, Next> ON_ALL_NODES = Map.of(
            "active_queries", new Next("citus_activity", Map.of("include_idle", true)),
            "blocking_locks", new Next("citus_lock_inspector", Map.of()));

    private final Set<String> workers;

    Vantage(Snapshot snapshot) {
        workers = snapshot.citus().stream()
                .flatMap(citus -> citus.nodes().stream())
                .filter(node -> node.groupId() != 0)
                .map(CitusNode::where)
                .collect(Collectors.toUnmodifiableSet());
    }

    Finding of(Finding finding) {
        Object server = finding.evidence().getOrDefault("server", finding.subject());
        return Optional.ofNullable(server)
                .filter(where -> workers.contains(String.valueOf(where)))
                .flatMap(where -> finding.next())
                .map(next -> ON_ALL_NODES.get(next.tool()))
                .map(finding::leadingTo)
                .orElse(finding);
    }
}
