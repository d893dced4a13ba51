package org.pgcluster.toolsets.citus;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.citus.Citus;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** What could be better on a Citus cluster, most urgent first. */
public final class CitusAdvisor implements Reads<CitusAdvisor.Input, CitusAdvisor.Output> {
    record Input(
            @Says("Only this") Optional<Focus> focus,

            @Says("Most findings of each kind") @Default("20") @Range(min = 1, max = 100)
            int maxTables) {}

    enum Focus {
        SKEW,
        OPS,
        CAPACITY,
        METADATA,
        UPGRADE,
        QUERIES
    }

    record Output(List<Finding> findings, Rest rest, List<String> looked, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String about = "Looked at " + String.join(", ", looked) + ": ";
            String partial = unavailable.isEmpty() ? "" : " Not everything could be read.";
            if (findings.isEmpty()) {
                return about + "nothing wrong was found" + (unavailable.isEmpty() ? "." : " in what could be read.");
            }
            long urgent = findings.stream()
                    .filter(finding -> finding.severity() == Severity.CRITICAL)
                    .count();
            return about + Parts.many(rest.total(), "finding") + (urgent == 0 ? "" : ", " + urgent + " critical")
                    + ", most urgent first." + partial;
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_advisor",
                "Citus advisor",
                Input.class,
                Output.class,
                "Findings and advice on a Citus cluster: skew, operations (long queries, locks,"
                        + " jobs), capacity, metadata, upgrade, queries.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        List<Focus> wanted = input.focus().map(List::of).orElse(List.of(Focus.values()));
        AdvisorFacts facts = AdvisorFacts.of(citus);
        List<Finding> all = AdvisorRules.judge(facts, wanted);
        Map<String, Integer> ofKind = new HashMap<>();
        List<Finding> shown = all.stream()
                .filter(finding -> ofKind.merge(finding.id(), 1, Integer::sum) <= input.maxTables())
                .toList();
        return new Output(
                shown,
                new Rest(shown.size(), all.size(), null),
                wanted.stream()
                        .map(focus -> focus.name().toLowerCase(Locale.ROOT))
                        .toList(),
                wanted.contains(Focus.SKEW) ? facts.unavailableForSkew() : facts.unavailable());
    }
}
