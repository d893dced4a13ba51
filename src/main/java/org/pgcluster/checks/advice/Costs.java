package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgcluster.checks.advice.Planner.Planned;

/**
 * Remembers what the planner said, so that it is asked as rarely as can be: a plan chosen among many indexes is chosen
 * again among fewer as long as those it uses are there. Used by one thread.
 */
final class Costs {
    private final Planner planner;
    private final List<Query> queries;
    private final List<Set<String>> tables = new ArrayList<>();
    private final List<Map<Set<Candidate>, Planned>> known = new ArrayList<>();
    private int asked;

    Costs(Planner planner, List<Query> queries) {
        this.planner = planner;
        this.queries = queries;
        for (Query query : queries) {
            Set<String> touched = new HashSet<>();
            query.accesses().forEach(access -> touched.add(access.table()));
            tables.add(touched);
            known.add(new HashMap<>());
        }
    }

    int asked() {
        return asked;
    }

    List<Query> queries() {
        return queries;
    }

    boolean touches(int query, Candidate candidate) {
        return tables.get(query).contains(candidate.table());
    }

    Planned plan(int query, Set<Candidate> indexes) {
        Set<Candidate> relevant = new HashSet<>();
        for (Candidate one : indexes) {
            if (touches(query, one)) {
                relevant.add(one);
            }
        }
        Map<Set<Candidate>, Planned> before = known.get(query);
        Planned same = before.get(relevant);
        if (same != null) {
            return same;
        }
        Planned planned = before.entrySet().stream()
                .filter(entry -> entry.getKey().containsAll(relevant)
                        && relevant.containsAll(entry.getValue().used()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
        if (planned == null) {
            asked++;
            planned = planner.plan(query, Set.copyOf(relevant));
        }
        before.put(relevant, planned);
        return planned;
    }

    double now(int query) {
        return plan(query, Set.of()).cost();
    }

    /** How much of the query's importance is left with these indexes. */
    double left(int query, Set<Candidate> indexes) {
        double now = now(query);
        return now <= 0
                ? 0
                : queries.get(query).importance() * plan(query, indexes).cost() / now;
    }
}
