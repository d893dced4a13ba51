package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.toolsets.citus.CitusAdvisor.Focus;

/** Judges what was read of a cluster, most urgent first; each subject has rules of its own. */
final class AdvisorRules {
    static final Comparator<Finding> URGENT_FIRST =
            Comparator.comparing(Finding::severity).thenComparing(Finding::id).thenComparing(Finding::subject);

    private AdvisorRules() {}

    static List<Finding> judge(AdvisorFacts facts, List<Focus> focus) {
        List<Finding> findings = new ArrayList<>();
        for (Focus one : focus) {
            findings.addAll(
                    switch (one) {
                        case SKEW -> AdvisorSkewRules.judge(facts);
                        case OPS -> AdvisorOpsRules.judge(facts);
                        case CAPACITY -> AdvisorCapacityRules.judge(facts);
                        case METADATA -> AdvisorMetadataRules.judge(facts);
                        case UPGRADE -> AdvisorUpgradeRules.judge(facts);
                        case QUERIES -> AdvisorQueryRules.judge(facts);
                    });
        }
        findings.sort(URGENT_FIRST);
        return List.copyOf(findings);
    }

    static Map<String, @Nullable Object> evidence(@Nullable Object... pairs) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            evidence.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return evidence;
    }

    static Finding finding(
            String id,
            Severity severity,
            Sure sure,
            String subject,
            String title,
            Map<String, @Nullable Object> evidence,
            String advice,
            Next next,
            @Nullable String byHand) {
        return new Finding(
                id,
                severity,
                sure,
                "citus",
                subject,
                title,
                evidence,
                advice,
                Optional.of(next),
                Optional.ofNullable(byHand));
    }
}
