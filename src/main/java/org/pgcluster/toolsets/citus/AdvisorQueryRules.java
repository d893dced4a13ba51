package org.pgcluster.toolsets.citus;

import static org.pgcluster.toolsets.citus.AdvisorRules.evidence;
import static org.pgcluster.toolsets.citus.AdvisorRules.finding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;

/** What keeps one from knowing, or the planner from guessing, how statements run. */
final class AdvisorQueryRules {
    private final AdvisorFacts facts;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorQueryRules(AdvisorFacts facts) {
        this.facts = facts;
    }

    static List<Finding> judge(AdvisorFacts facts) {
        AdvisorQueryRules rules = new AdvisorQueryRules(facts);
        rules.queries();
        return rules.findings;
    }

    private void queries() {
        if (!"all".equals(facts.statementTracking())) {
            findings.add(finding(
                    "citus.statements_untracked",
                    Severity.NOTICE,
                    Sure.CERTAIN,
                    "citus.stat_statements_track",
                    "Distributed statements are not tracked, so nobody knows which go to many shards",
                    evidence("citus.stat_statements_track", facts.statementTracking()),
                    "Switch it on for a while.",
                    new Next("citus_distributed_query_stats", Map.of()),
                    "ALTER SYSTEM SET citus.stat_statements_track = 'all'; SELECT pg_reload_conf()"));
        }
        List<AdvisorFacts.GroupSize> stale = facts.groups().rows().stream()
                .filter(group -> group.neverAnalyzed() > 0)
                .toList();
        stale.stream()
                .collect(java.util.stream.Collectors.groupingBy(
                        group -> String.valueOf(group.neverAnalyzedTable()),
                        TreeMap::new,
                        java.util.stream.Collectors.toList()))
                .entrySet()
                .forEach(entry -> findings.add(finding(
                        "citus.never_analyzed",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        entry.getKey(),
                        "Shards above 1 MB of " + entry.getKey() + " and its neighbours were never analyzed",
                        evidence(
                                "shards",
                                entry.getValue().stream()
                                        .mapToLong(AdvisorFacts.GroupSize::neverAnalyzed)
                                        .sum()),
                        "Plans on the workers guess row counts.",
                        new Next("citus_table_inspector", Map.of("table", entry.getKey())),
                        "ANALYZE " + entry.getKey())));
    }
}
