package org.pgcluster.toolsets.postgres.advice;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.pgcluster.checks.advice.Candidate;
import org.pgcluster.checks.advice.Planner;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Imagining;
import org.pgcluster.shape.JsonText;

/** The server's own planner, shown one set of hypothetical indexes after the other. */
final class HypotheticalPlanner implements Planner {
    private static final String COSTS = "FORMAT JSON";

    private final Imagining on;
    private final List<String> queries;
    private final Map<Candidate, Imagining.Imagined> shown = new HashMap<>();
    private final Map<Candidate, OptionalLong> sizes = new HashMap<>();
    private final Map<Candidate, String> refused = new HashMap<>();

    HypotheticalPlanner(Imagining on, List<String> queries) {
        this.on = on;
        this.queries = List.copyOf(queries);
    }

    @Override
    public Planned plan(int query, Set<Candidate> indexes) {
        for (var one : List.copyOf(shown.entrySet())) {
            if (!indexes.contains(one.getKey())) {
                on.forget(one.getValue());
                shown.remove(one.getKey());
            }
        }
        indexes.forEach(this::show);
        PlanNode root = root(on.explain(COSTS, queries.get(query)));
        Set<String> named = new HashSet<>();
        root.all().forEach(node -> named.add(String.valueOf(node.text("Index Name"))));
        Set<Candidate> used = new HashSet<>();
        shown.forEach((candidate, imagined) -> {
            if (named.contains(imagined.name())) {
                used.add(candidate);
            }
        });
        return new Planned(root.number("Total Cost"), used);
    }

    /** It stays for the next plan, which mostly wants it. */
    @Override
    public OptionalLong bytes(Candidate candidate) {
        if (!sizes.containsKey(candidate)) {
            show(candidate);
        }
        return sizes.getOrDefault(candidate, OptionalLong.empty());
    }

    private void show(Candidate candidate) {
        if (shown.containsKey(candidate) || refused.containsKey(candidate)) {
            return;
        }
        try {
            Imagining.Imagined imagined = on.imagine(new Imagining.Index(
                    candidate.table(), candidate.keys(), candidate.method(), candidate.include(), candidate.where()));
            shown.put(candidate, imagined);
            sizes.put(candidate, OptionalLong.of(imagined.bytes()));
        } catch (ToolException e) {
            if (Planning.ends(e)) {
                throw e;
            }
            // Not immutable, a type without order, a function that nobody knows to only read: it is no candidate.
            refused.put(candidate, e.text());
            sizes.put(candidate, OptionalLong.empty());
        }
    }

    static PlanNode root(String json) {
        if (JsonText.read(json) instanceof List<?> plans
                && plans.get(0) instanceof Map<?, ?> explained
                && explained.get("Plan") instanceof Map<?, ?> figures) {
            return PlanNode.root(figures);
        }
        throw new IllegalStateException("EXPLAIN (FORMAT JSON) answered no plan");
    }
}
