package org.pgcluster.toolsets.citus;

import static org.pgcluster.toolsets.citus.AdvisorRules.URGENT_FIRST;
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

/** Hash ranges that are far larger than the others of their group. */
final class AdvisorSkewRules {
    private static final double SKEWED = 2;
    private static final double VERY_SKEWED = 5;
    private static final long SMALL_GROUP = 64L * 1024 * 1024;

    private final AdvisorFacts facts;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorSkewRules(AdvisorFacts facts) {
        this.facts = facts;
    }

    static List<Finding> judge(AdvisorFacts facts) {
        AdvisorSkewRules rules = new AdvisorSkewRules(facts);
        rules.skew();
        return rules.findings;
    }

    /** Judged only where every range was measured; small groups are skewed by chance. */
    private void skew() {
        if (!facts.groups().complete()) {
            return;
        }
        Map<Integer, long[]> byGroup = new TreeMap<>();
        for (AdvisorFacts.GroupSize one : facts.groups().rows()) {
            long[] sums = byGroup.computeIfAbsent(one.colocationId(), id -> new long[4]);
            sums[0] += one.bytes();
            sums[1] += one.ranges();
            sums[2] = Math.max(sums[2], one.largest());
            sums[3] += one.unknown();
        }
        List<Finding> found = new ArrayList<>();
        byGroup.forEach((id, sums) -> {
            double ratio = sums[0] == 0 ? 0 : (double) sums[2] * sums[1] / sums[0];
            if (sums[1] > 1 && sums[3] == 0 && ratio >= SKEWED) {
                boolean large = sums[0] >= SMALL_GROUP;
                found.add(finding(
                        "citus.skewed_range",
                        large && ratio >= VERY_SKEWED ? Severity.WARNING : Severity.NOTICE,
                        Sure.CERTAIN,
                        "group " + id,
                        "One hash range of colocation group " + id + " is " + Math.round(ratio * 10) / 10.0
                                + " times the average",
                        evidence("largest_bytes", sums[2], "average_bytes", sums[0] / sums[1], "ranges", sums[1]),
                        "Rebalancing cannot split it: give the value behind it a shard of its own, or split the shard.",
                        new Next("citus_shard_skew_report", Map.of()),
                        null));
            }
        });
        found.stream().sorted(URGENT_FIRST).forEach(findings::add);
    }
}
