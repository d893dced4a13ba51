package org.pgcluster.checks.advice;

import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Of all that could be built, what the planner itself would take for some query, and what serves two of them. */
final class Shortlist {
    private static final BitSet NOBODY = new BitSet();
    private static final int ROUNDS = 3;
    private static final int MOST_MERGED = 60;
    /** A plan that costs more than this share of the plan without an index gains nothing. */
    private static final double SAME = 0.99;

    private final Costs costs;
    private final Sizes sizes;
    private final Map<String, Facts> facts;
    /** Each with how many of its first keys may change places. */
    private final Map<Candidate, Integer> all = new LinkedHashMap<>();
    /** Which queries' plans took it. */
    private final Map<Candidate, BitSet> wanted = new HashMap<>();

    private int thought;

    private Shortlist(Costs costs, Sizes sizes, Map<String, Facts> facts) {
        this.costs = costs;
        this.sizes = sizes;
        this.facts = facts;
    }

    static Shortlist of(Costs costs, Sizes sizes, Map<String, Facts> facts, BooleanSupplier timeIsUp) {
        Shortlist made = new Shortlist(costs, sizes, facts);
        for (int query = 0; query < costs.queries().size() && !timeIsUp.getAsBoolean(); query++) {
            made.peel(query);
        }
        made.shareOrders();
        made.merge();
        return made;
    }

    Set<Candidate> all() {
        return all.keySet();
    }

    /** How many candidates were thought of. */
    int thought() {
        return thought;
    }

    /** They begin alike, or one query wanted both. */
    boolean alike(Candidate one, Candidate other) {
        BitSet both = (BitSet) wanted.getOrDefault(one, NOBODY).clone();
        both.and(wanted.getOrDefault(other, NOBODY));
        return one.table().equals(other.table())
                && (one.keys().get(0).equals(other.keys().get(0)) || !both.isEmpty());
    }

    /** What the planner takes from all that could serve a query, what it takes without that, and so on. */
    private void peel(int query) {
        Map<Candidate, Integer> ideas = ideas(query);
        thought += ideas.size();
        ideas.keySet().removeIf(candidate -> !sizes.exists(candidate));
        double now = costs.now(query);
        for (int round = 0; round < ROUNDS && !ideas.isEmpty(); round++) {
            Planner.Planned planned = costs.plan(query, costs.bits(ideas.keySet()));
            if (planned.used().isEmpty() || planned.cost() > SAME * now) {
                return;
            }
            for (Candidate used : planned.used()) {
                Candidate bare = used.including(List.of());
                for (Candidate one : sizes.exists(bare) ? List.of(used, bare) : List.of(used)) {
                    all.merge(one, ideas.getOrDefault(used, 0), Math::max);
                    wanted.computeIfAbsent(one, none -> new BitSet()).set(query);
                }
            }
            ideas.keySet().removeAll(planned.used());
        }
    }

    private Map<Candidate, Integer> ideas(int query) {
        Map<Candidate, Integer> ideas = new LinkedHashMap<>();
        for (Access access : costs.queries().get(query).accesses()) {
            Facts known = facts.get(access.table());
            if (known != null) {
                Candidates.of(access, known).forEach((candidate, free) -> {
                    if (known.indexes().stream()
                            .noneMatch(there -> there.shape().serves(candidate))) {
                        ideas.putIfAbsent(candidate, free);
                    }
                });
            }
        }
        return ideas;
    }

    /** Columns that are equal may change places; it matters where that makes one index the beginning of another. */
    private void shareOrders() {
        Set<Candidate> found = new LinkedHashSet<>();
        for (Map.Entry<Candidate, Integer> entry : List.copyOf(all.entrySet())) {
            if (entry.getValue() > 1) {
                for (Candidate turned : Candidates.orders(entry.getKey(), entry.getValue())) {
                    boolean shared = all.keySet().stream()
                            .anyMatch(other -> !other.equals(entry.getKey())
                                    && other.table().equals(turned.table())
                                    && other.keys().get(0).equals(turned.keys().get(0)));
                    if (shared) {
                        found.add(turned);
                    }
                }
            }
        }
        found.stream().limit(MOST_MERGED).forEach(one -> all.putIfAbsent(one, 0));
    }

    private void merge() {
        Set<Candidate> found = new LinkedHashSet<>();
        List<Candidate> listed = List.copyOf(all.keySet());
        for (Candidate one : listed) {
            for (Candidate other : listed) {
                if (!one.equals(other)) {
                    found.addAll(Candidates.merged(one, other));
                }
            }
        }
        found.stream().limit(MOST_MERGED).forEach(one -> all.putIfAbsent(one, 0));
        thought += found.size();
    }
}
