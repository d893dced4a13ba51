package org.pgcluster.toolsets.citus;

import static org.pgcluster.toolsets.citus.AdvisorRules.evidence;
import static org.pgcluster.toolsets.citus.AdvisorRules.finding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Silent;

/** Versions that differ between nodes, or between the library and its extension. */
final class AdvisorUpgradeRules {
    private final AdvisorFacts facts;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorUpgradeRules(AdvisorFacts facts) {
        this.facts = facts;
    }

    static List<Finding> judge(AdvisorFacts facts) {
        AdvisorUpgradeRules rules = new AdvisorUpgradeRules(facts);
        rules.upgrade();
        return rules.findings;
    }

    private void upgrade() {
        differing("library", NodeState::citusVersion);
        differing("extension", NodeState::extensionVersion);
        differing("PostgreSQL", state -> state.postgresVersion().split("\\D", 2)[0]);
        for (CitusNode node : facts.nodes()) {
            facts.states().of(node.nodeId()).ifPresent(state -> behind(node, state));
        }
        facts.states().silent().stream()
                .filter(Silent::isBehind)
                .forEach(silent -> facts.nodes().stream()
                        .filter(node -> node.nodeId() == silent.nodeId())
                        .forEach(node -> behind(
                                node,
                                "The extension of " + node.where()
                                        + " does not fit its library, so Citus answers nothing there",
                                evidence("why", silent.why()))));
    }

    private void behind(CitusNode node, NodeState state) {
        String library = state.citusVersion();
        String extension = state.extensionVersion();
        if (library != null && extension != null && !minor(library).equals(minor(extension))) {
            behind(
                    node,
                    "Library " + library + " runs with extension " + extension,
                    evidence("library", library, "extension", extension));
        }
    }

    private void behind(CitusNode node, String title, Map<String, @Nullable Object> evidence) {
        boolean coordinator = node.groupId() == 0;
        findings.add(finding(
                "citus.extension_behind",
                Severity.WARNING,
                Sure.CERTAIN,
                "group " + node.groupId(),
                title,
                evidence,
                "Finish the upgrade on every node, the coordinator first"
                        + (coordinator ? "." : ", and then CALL citus_finish_citus_upgrade() there."),
                new Next("citus_cluster_summary", Map.of()),
                "ALTER EXTENSION citus UPDATE" + (coordinator ? "; CALL citus_finish_citus_upgrade()" : "") + " (on "
                        + node.where() + ")"));
    }

    private static String minor(String version) {
        String[] parts = version.split("[.-]", 3);
        return parts[0] + "." + (parts.length > 1 ? parts[1] : "0");
    }

    private interface Version {
        @Nullable
        String of(NodeState state);
    }

    private void differing(String what, Version version) {
        Map<String, TreeSet<Integer>> byVersion = new TreeMap<>();
        for (Round.Told<NodeState> told : facts.states().told()) {
            byVersion
                    .computeIfAbsent(String.valueOf(version.of(told.row())), value -> new TreeSet<>())
                    .add(told.nodeId());
        }
        if (byVersion.size() > 1) {
            findings.add(finding(
                    "citus.versions_differ",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    what,
                    "Nodes run different versions (" + what + ")",
                    evidence("versions", byVersion.toString()),
                    "Bring all nodes to one version; rebalance and DDL only then.",
                    new Next("citus_worker_health", Map.of()),
                    null));
        }
    }
}
