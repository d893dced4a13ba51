package org.pgcluster.toolsets.citus;

import static org.pgcluster.toolsets.citus.AdvisorRules.evidence;
import static org.pgcluster.toolsets.citus.AdvisorRules.finding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;

/** What is about to be used up on a node. */
final class AdvisorCapacityRules {
    private static final double DISK_NEARLY_FULL = 0.1;
    private static final double DISK_FILLING = 0.2;
    private static final double CONNECTIONS_NEARLY_USED = 0.85;

    private final AdvisorFacts facts;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorCapacityRules(AdvisorFacts facts) {
        this.facts = facts;
    }

    static List<Finding> judge(AdvisorFacts facts) {
        AdvisorCapacityRules rules = new AdvisorCapacityRules(facts);
        rules.capacity();
        return rules.findings;
    }

    private void capacity() {
        for (CitusNode node : facts.nodes()) {
            Optional<NodeState> told = facts.states().of(node.nodeId());
            if (told.isEmpty()) {
                continue;
            }
            NodeState state = told.get();
            double free = (double) state.diskFreeBytes() / Math.max(1, state.diskTotalBytes());
            if (free < DISK_FILLING) {
                findings.add(finding(
                        "citus.disk_filling",
                        free < DISK_NEARLY_FULL ? Severity.CRITICAL : Severity.WARNING,
                        Sure.CERTAIN,
                        node.where(),
                        node.where() + " has " + Math.round(free * 100) + " % of its disk free",
                        evidence("free_bytes", state.diskFreeBytes(), "total_bytes", state.diskTotalBytes()),
                        "Shard moves onto it are refused below citus.desired_percent_disk_available_after_move.",
                        new Next("citus_shard_distribution", Map.of()),
                        null));
            }
            Long used = state.connections();
            if (used != null && used > state.maxConnections() * CONNECTIONS_NEARLY_USED) {
                findings.add(finding(
                        "citus.connections_used_up",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        node.where(),
                        node.where() + " uses " + used + " of " + state.maxConnections() + " connections",
                        evidence("used", used, "max_connections", state.maxConnections()),
                        "See who opened them; limit citus.max_shared_pool_size or pool the clients.",
                        new Next("citus_connections", Map.of()),
                        null));
            }
        }
    }
}
