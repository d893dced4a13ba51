package org.pgcluster.toolsets.citus;

import static org.pgcluster.toolsets.citus.AdvisorRules.evidence;
import static org.pgcluster.toolsets.citus.AdvisorRules.finding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;

/** Where the metadata and what lies on the nodes disagree. */
final class AdvisorMetadataRules {
    private final AdvisorFacts facts;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorMetadataRules(AdvisorFacts facts) {
        this.facts = facts;
    }

    static List<Finding> judge(AdvisorFacts facts) {
        AdvisorMetadataRules rules = new AdvisorMetadataRules(facts);
        rules.metadata();
        return rules.findings;
    }

    private void metadata() {
        for (CitusNode node : facts.nodes()) {
            if (node.primary() && node.active() && !node.metadataSynced()) {
                findings.add(finding(
                        "citus.metadata_not_synced",
                        Severity.WARNING,
                        Sure.LIKELY,
                        node.where(),
                        "The metadata of " + node.where() + " is not synced",
                        evidence("hasmetadata", node.hasMetadata(), "metadatasynced", node.metadataSynced()),
                        "For some seconds after a node change that is normal; look again.",
                        new Next("list_nodes", Map.of()),
                        "SELECT start_metadata_sync_to_node('" + node.host() + "', " + node.port() + ")"));
            }
        }
        if (!facts.metadata().coordinatorRegistered() && facts.nodes().stream().anyMatch(node -> node.groupId() != 0)) {
            findings.add(finding(
                    "citus.coordinator_missing",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    "coordinator",
                    "The coordinator is not in pg_dist_node",
                    evidence("group_0", "no row"),
                    "Joins of plain and reference tables need its copies.",
                    new Next("list_nodes", Map.of()),
                    "SELECT citus_set_coordinator_host('host', port)"));
        }
        facts.states().told().stream()
                .filter(told -> told.row().missing() > 0)
                .forEach(told -> findings.add(finding(
                        "citus.shard_missing",
                        Severity.CRITICAL,
                        Sure.CERTAIN,
                        "node " + told.nodeId(),
                        Parts.many(told.row().missing(), "placement") + " on node " + told.nodeId()
                                + " without a table",
                        evidence("missing", told.row().missing()),
                        "Queries on them fail. Restore the table from a copy; do not remove metadata first.",
                        new Next("list_shards", Map.of("node", String.valueOf(told.nodeId()))),
                        null)));
        facts.faults().stream()
                .filter(fault -> !fault.kind().equals(AdvisorFacts.HALF_DRAINED))
                .forEach(fault -> findings.add(fault(fault)));
    }

    private static Finding fault(AdvisorFacts.Fault fault) {
        String what = switch (fault.kind()) {
            case "hash ranges" -> "has gaps or overlaps in its hash ranges";
            case "no placement" -> "has " + Parts.many(fault.count(), "shard") + " without a placement";
            case "no node" -> "has " + Parts.many(fault.count(), "placement") + " and no node";
            case "no table" -> "is in pg_dist_partition and is no table";
            case "apart" -> "has " + Parts.many(fault.count(), "shard") + " that do not lie with their colocated ones";
            default -> "lacks a copy on " + Parts.many(fault.count(), "node");
        };
        boolean copy = fault.kind().equals("no copy");
        return finding(
                "citus.metadata_" + fault.kind().replace(' ', '_'),
                copy ? Severity.NOTICE : Severity.CRITICAL,
                Sure.CERTAIN,
                fault.subject(),
                fault.subject() + " " + what,
                evidence("count", fault.count(), "detail", fault.detail()),
                copy
                        ? "After a node was added that is normal until it is first needed; a rebalance copies it."
                        : "Metadata and data disagree. Change nothing in pg_dist_* by hand before the data is safe.",
                new Next("citus_worker_health", Map.of()),
                copy ? "SELECT replicate_reference_tables('auto')" : null);
    }
}
