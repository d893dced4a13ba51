package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Finds the set of indexes that takes most from what the queries cost, less what the indexes cost to keep up, within a
 * budget. One index after the other, the best first; what a later one makes superfluous goes again; then pairs that only
 * help together, and exchanges. Small choices are tried out completely.
 */
public final class Search {
    private static final int ROUNDS = 3;
    private static final int MOST_MERGED = 60;
    private static final int SMALL = 9;
    private static final int PAIRED = 12;
    /** What a smaller index may lose of what the larger one saves, and of everything. */
    private static final double NEARLY = 0.1;

    private static final double LITTLE = 0.01;

    /** Less than this share of everything is not worth an index. */
    private static final double LEAST = 0.002;

    /** {@code upkeep} is what the writes of the workload cost for an index, in the unit of importance. */
    public record Limits(long bytes, BooleanSupplier timeIsUp) {}

    private final Costs costs;
    private final Planner planner;
    private final ToDoubleFunction<Candidate> upkeep;
    private final Limits limits;
    private final Map<String, Facts> facts;
    private final double total;
    private final double least;
    private final Map<Candidate, Long> bytes = new LinkedHashMap<>();
    private final Map<Candidate, Integer> shortlist = new LinkedHashMap<>();
    private int thought;

    public Search(
            Planner planner,
            List<Query> queries,
            Map<String, Facts> facts,
            ToDoubleFunction<Candidate> upkeep,
            Limits limits) {
        this.costs = new Costs(planner, queries);
        this.planner = planner;
        this.facts = facts;
        this.upkeep = upkeep;
        this.limits = limits;
        this.total = queries.stream().mapToDouble(Query::importance).sum();
        this.least = LEAST * total;
    }

    public Choice best() {
        for (int query = 0; query < costs.queries().size() && !late(); query++) {
            peel(query);
        }
        shareOrders();
        merge();
        List<Candidate> all = shortlist.keySet().stream()
                .filter(this::exists)
                .filter(one -> size(one) <= limits.bytes())
                .toList();
        Set<Candidate> best = slim(all.size() <= SMALL ? exhaustive(all) : greedy(all));
        return new Choice(costs, best, Map.copyOf(bytes), shortlist.keySet(), upkeep, thought, late());
    }

    /** What the planner takes from all that could serve a query, what it takes without that, and so on. */
    private void peel(int query) {
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
        thought += ideas.size();
        ideas.keySet().removeIf(candidate -> !exists(candidate));
        double now = costs.now(query);
        for (int round = 0; round < ROUNDS && !ideas.isEmpty() && !late(); round++) {
            Planner.Planned planned = costs.plan(query, ideas.keySet());
            if (planned.used().isEmpty() || planned.cost() > 0.99 * now) {
                return;
            }
            for (Candidate used : planned.used()) {
                shortlist.merge(used, ideas.getOrDefault(used, 0), Math::max);
                Candidate bare = used.including(List.of());
                if (!used.include().isEmpty() && exists(bare)) {
                    shortlist.merge(bare, ideas.getOrDefault(used, 0), Math::max);
                }
            }
            ideas.keySet().removeAll(planned.used());
        }
    }

    /** Columns that are equal may change places; it matters where that makes one index the beginning of another. */
    private void shareOrders() {
        Set<Candidate> found = new LinkedHashSet<>();
        for (Map.Entry<Candidate, Integer> entry : List.copyOf(shortlist.entrySet())) {
            if (entry.getValue() > 1) {
                for (Candidate turned : Candidates.orders(entry.getKey(), entry.getValue())) {
                    boolean shared = shortlist.keySet().stream()
                            .anyMatch(other -> !other.equals(entry.getKey())
                                    && other.table().equals(turned.table())
                                    && turned.keys().get(0).equals(other.keys().get(0)));
                    if (shared) {
                        found.add(turned);
                    }
                }
            }
        }
        found.stream().limit(MOST_MERGED).forEach(one -> shortlist.putIfAbsent(one, 0));
    }

    private void merge() {
        Set<Candidate> found = new LinkedHashSet<>();
        List<Candidate> all = List.copyOf(shortlist.keySet());
        for (Candidate one : all) {
            for (Candidate other : all) {
                if (!one.equals(other)) {
                    found.addAll(Candidates.merged(one, other));
                }
            }
        }
        found.stream().limit(MOST_MERGED).forEach(one -> shortlist.putIfAbsent(one, 0));
        thought += found.size();
    }

    private Set<Candidate> exhaustive(List<Candidate> all) {
        Set<Candidate> best = Set.of();
        double bestLeft = value(best);
        for (int bits = 1; bits < 1 << all.size() && !late(); bits++) {
            Set<Candidate> set = new LinkedHashSet<>();
            for (int at = 0; at < all.size(); at++) {
                if ((bits & 1 << at) != 0) {
                    set.add(all.get(at));
                }
            }
            if (fits(set) && value(set) < bestLeft) {
                best = set;
                bestLeft = value(set);
            }
        }
        return best;
    }

    private Set<Candidate> greedy(List<Candidate> all) {
        Set<Candidate> byGain = improved(grown(all, false), all);
        boolean tight = all.stream().mapToLong(this::size).sum() > limits.bytes();
        if (!tight || late()) {
            return byGain;
        }
        Set<Candidate> byDensity = improved(grown(all, true), all);
        return value(byDensity) < value(byGain) ? byDensity : byGain;
    }

    private Set<Candidate> grown(List<Candidate> all, boolean forItsSize) {
        Set<Candidate> chosen = new LinkedHashSet<>();
        while (!late()) {
            Candidate next = null;
            double most = 0;
            double now = value(chosen);
            for (Candidate one : all) {
                Set<Candidate> with = with(chosen, one);
                if (!chosen.contains(one) && fits(with)) {
                    double gain = now - value(with);
                    double weighed = forItsSize ? gain / Math.max(1, size(one)) : gain;
                    if (gain > least && weighed > most) {
                        next = one;
                        most = weighed;
                    }
                }
            }
            if (next == null) {
                return chosen;
            }
            chosen.add(next);
            prune(chosen);
        }
        return chosen;
    }

    /** What was taken early may have become superfluous. */
    private void prune(Set<Candidate> chosen) {
        for (Candidate one : List.copyOf(chosen)) {
            if (value(without(chosen, one)) <= value(chosen) + least) {
                chosen.remove(one);
            }
        }
    }

    private Set<Candidate> improved(Set<Candidate> grown, List<Candidate> all) {
        Set<Candidate> chosen = grown;
        boolean better = true;
        while (better && !late()) {
            Set<Candidate> next = paired(exchanged(chosen, all), all);
            better = value(next) < value(chosen) - least;
            chosen = better ? next : chosen;
        }
        prune(chosen);
        return chosen;
    }

    private Set<Candidate> exchanged(Set<Candidate> chosen, List<Candidate> all) {
        Set<Candidate> best = chosen;
        for (Candidate out : List.copyOf(chosen)) {
            for (Candidate in : all) {
                boolean near = in.table().equals(out.table()) && !chosen.contains(in);
                Set<Candidate> set = near ? with(without(chosen, out), in) : chosen;
                if (near && !late() && fits(set) && value(set) < value(best)) {
                    best = set;
                }
            }
        }
        return best;
    }

    /** Two that help only together, as on both sides of a join. */
    private Set<Candidate> paired(Set<Candidate> chosen, List<Candidate> all) {
        Set<Candidate> best = chosen;
        for (int query = 0; query < costs.queries().size() && !late(); query++) {
            Set<Candidate> everything = new LinkedHashSet<>(all);
            Collection<Candidate> wanted = costs.plan(query, everything).used();
            Set<Candidate> missing = new LinkedHashSet<>(wanted);
            missing.removeAll(chosen);
            Set<Candidate> set = new LinkedHashSet<>(best);
            set.addAll(missing);
            if (missing.size() > 1 && missing.size() <= PAIRED && fits(set) && value(set) < value(best) - least) {
                prune(set);
                best = set;
            }
        }
        return best;
    }

    /** A smaller index that does nearly the same is the better one: it is written and kept in memory, too. */
    private Set<Candidate> slim(Set<Candidate> chosen) {
        Set<Candidate> slim = chosen;
        for (Candidate one : chosen) {
            double most = value(slim) + Math.min(NEARLY * (value(without(slim, one)) - value(slim)), LITTLE * total);
            List<Candidate> smaller = new ArrayList<>();
            smaller.add(one.including(List.of()));
            for (int keys = one.keys().size() - 1; keys > 0; keys--) {
                smaller.add(one.ordered(one.keys().subList(0, keys)).including(List.of()));
            }
            Candidate kept = one;
            for (Candidate other : smaller) {
                Set<Candidate> set = with(without(slim, kept), other);
                boolean nearly = !late() && exists(other) && value(set) <= most;
                if (nearly && size(other) < size(kept)) {
                    slim = set;
                    kept = other;
                }
            }
        }
        return slim;
    }

    private double value(Set<Candidate> set) {
        double value = 0;
        for (int query = 0; query < costs.queries().size(); query++) {
            value += costs.left(query, set);
        }
        for (Candidate one : set) {
            value += upkeep.applyAsDouble(one);
        }
        return value;
    }

    private static Set<Candidate> with(Set<Candidate> set, Candidate one) {
        Set<Candidate> with = new LinkedHashSet<>(set);
        with.add(one);
        return with;
    }

    private static Set<Candidate> without(Set<Candidate> set, Candidate one) {
        Set<Candidate> without = new LinkedHashSet<>(set);
        without.remove(one);
        return without;
    }

    private boolean fits(Set<Candidate> set) {
        return set.stream().mapToLong(this::size).sum() <= limits.bytes();
    }

    private long size(Candidate candidate) {
        return bytes.getOrDefault(candidate, 0L);
    }

    private boolean exists(Candidate candidate) {
        if (!bytes.containsKey(candidate)) {
            planner.bytes(candidate).ifPresent(size -> bytes.put(candidate, size));
        }
        return bytes.containsKey(candidate);
    }

    private boolean late() {
        return limits.timeIsUp().getAsBoolean();
    }
}
