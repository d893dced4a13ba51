package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgcluster.checks.advice.Planner.Planned;

/**
 * Remembers what the planner said, so that it is asked as rarely as can be: a plan chosen among many indexes is chosen
 * again among fewer as long as those it uses are there. Sets are bits of numbered candidates, because thousands of sets
 * are compared. Used by one thread.
 */
final class Costs {
    /** A plan that the planner made, the candidates that it could take and those that it took. */
    private record Asked(BitSet among, BitSet used, Planned planned) {}

    private final Planner planner;
    private final List<Query> queries;
    private final List<Set<String>> tables = new ArrayList<>();
    private final List<BitSet> relevant = new ArrayList<>();
    private final List<Map<BitSet, Planned>> known = new ArrayList<>();
    private final List<List<Asked>> asked = new ArrayList<>();
    private final List<Candidate> numbered = new ArrayList<>();
    private final Map<Candidate, Integer> numbers = new HashMap<>();

    Costs(Planner planner, List<Query> queries) {
        this.planner = planner;
        this.queries = queries;
        for (Query query : queries) {
            Set<String> touched = new HashSet<>();
            query.accesses().forEach(access -> touched.add(access.table()));
            tables.add(touched);
            relevant.add(new BitSet());
            known.add(new HashMap<>());
            asked.add(new ArrayList<>());
        }
    }

    int asked() {
        return asked.stream().mapToInt(List::size).sum();
    }

    List<Query> queries() {
        return queries;
    }

    int number(Candidate candidate) {
        return numbers.computeIfAbsent(candidate, added -> {
            int number = numbered.size();
            numbered.add(added);
            for (int query = 0; query < queries.size(); query++) {
                relevant.get(query).set(number, tables.get(query).contains(added.table()));
            }
            return number;
        });
    }

    Candidate candidate(int number) {
        return numbered.get(number);
    }

    BitSet bits(Iterable<Candidate> candidates) {
        BitSet bits = new BitSet();
        candidates.forEach(one -> bits.set(number(one)));
        return bits;
    }

    Set<Candidate> candidates(BitSet bits) {
        Set<Candidate> candidates = new HashSet<>();
        bits.stream().forEach(number -> candidates.add(numbered.get(number)));
        return candidates;
    }

    Planned plan(int query, BitSet indexes) {
        BitSet among = (BitSet) indexes.clone();
        among.and(relevant.get(query));
        Planned planned = known.get(query).get(among);
        if (planned == null) {
            planned = anew(query, among);
            known.get(query).put(among, planned);
        }
        return planned;
    }

    private Planned anew(int query, BitSet among) {
        for (Asked before : asked.get(query)) {
            if (within(among, before.among()) && within(before.used(), among)) {
                return before.planned();
            }
        }
        Planned planned = planner.plan(query, candidates(among));
        asked.get(query).add(new Asked(among, bits(planned.used()), planned));
        return planned;
    }

    private static boolean within(BitSet small, BitSet large) {
        BitSet beyond = (BitSet) small.clone();
        beyond.andNot(large);
        return beyond.isEmpty();
    }

    double now(int query) {
        return plan(query, new BitSet()).cost();
    }

    /** How much of the query's importance is left with these indexes. */
    double left(int query, BitSet indexes) {
        double now = now(query);
        return now <= 0
                ? 0
                : queries.get(query).importance() * plan(query, indexes).cost() / now;
    }

    double left(BitSet indexes) {
        double left = 0;
        for (int query = 0; query < queries.size(); query++) {
            left += left(query, indexes);
        }
        return left;
    }
}
