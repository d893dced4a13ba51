package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
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
    private final List<Asked> queries;
    private final Map<Candidate, Imagining.Imagined> shown = new HashMap<>();
    private final Map<Candidate, OptionalLong> sizes = new HashMap<>();

    /** A query's text, and the tables whose indexes its plan could take. */
    record Asked(String text, Set<String> tables) {}

    HypotheticalPlanner(Imagining on, List<Asked> queries) {
        this.on = on;
        this.queries = List.copyOf(queries);
    }

    @Override
    public Planned plan(int query, Set<Candidate> indexes) {
        Asked asked = queries.get(query);
        arrange(asked, indexes);
        PlanNode root = root(on.explain(COSTS, asked.text()));
        Set<String> named = new HashSet<>();
        root.all().forEach(node -> named.add(String.valueOf(node.text("Index Name"))));
        Set<Candidate> used = new HashSet<>();
        for (Candidate candidate : indexes) {
            Imagining.Imagined imagined = shown.get(candidate);
            if (imagined != null && named.contains(imagined.name())) {
                used.add(candidate);
            }
        }
        return new Planned(root.number("Total Cost"), used);
    }

    /** What lies on other tables may stay: no plan of the query looks at it, and the next one may want it. */
    private void arrange(Asked asked, Set<Candidate> indexes) {
        List<Imagining.Imagined> gone = new ArrayList<>();
        for (Candidate one : Set.copyOf(shown.keySet())) {
            if (asked.tables().contains(one.table()) && !indexes.contains(one)) {
                gone.add(shown.remove(one));
            }
        }
        on.forget(gone);
        List<Candidate> missing = new ArrayList<>();
        for (Candidate one : indexes) {
            if (!shown.containsKey(one) && bytes(one).isPresent() && !shown.containsKey(one)) {
                missing.add(one);
            }
        }
        if (!missing.isEmpty()) {
            List<Imagining.Imagined> made =
                    on.imagine(missing.stream().map(HypotheticalPlanner::index).toList());
            for (int at = 0; at < missing.size(); at++) {
                shown.put(missing.get(at), made.get(at));
            }
        }
    }

    private static Imagining.Index index(Candidate candidate) {
        return new Imagining.Index(
                candidate.table(), candidate.keys(), candidate.method(), candidate.include(), candidate.where());
    }

    /** It stays for the next plan, which mostly wants it. */
    @Override
    public OptionalLong bytes(Candidate candidate) {
        OptionalLong known = sizes.get(candidate);
        if (known != null) {
            return known;
        }
        OptionalLong bytes = OptionalLong.empty();
        try {
            Imagining.Imagined imagined = on.imagine(index(candidate));
            shown.put(candidate, imagined);
            bytes = OptionalLong.of(imagined.bytes());
        } catch (ToolException e) {
            if (Planning.ends(e)) {
                throw e;
            }
            // Not immutable, a type without order, a function that nobody knows to only read: it is no candidate.
        }
        sizes.put(candidate, bytes);
        return bytes;
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
