package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
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
    private static final BitSet NOBODY = new BitSet();
    private static final int ROUNDS = 3;
    private static final int PASSES = 3;
    private static final int MOST_MERGED = 60;
    private static final int SMALL = 9;
    private static final int PAIRED = 12;
    /** What a smaller index may lose of what the larger one saves, and of everything. */
    private static final double NEARLY = 0.1;

    private static final double LITTLE = 0.01;

    /** What each index costs beside its writes: this share of everything, and of a query of average weight. */
    private static final double PRICE = 0.002;

    private static final double PRICE_OF_ONE = 0.2;
    private static final int FEW = 4;

    /** {@code upkeep} is what the writes of the workload cost for an index, in the unit of importance. */
    public record Limits(long bytes, BooleanSupplier timeIsUp) {}

    private final Costs costs;
    private final Planner planner;
    private final ToDoubleFunction<Candidate> upkeep;
    private final Limits limits;
    private final Map<String, Facts> facts;
    private final double total;
    private final double price;
    private final Map<Candidate, Long> bytes = new LinkedHashMap<>();
    private final Map<Candidate, Integer> shortlist = new LinkedHashMap<>();
    /** Which queries' plans took it while the shortlist was made. */
    private final Map<Candidate, BitSet> wanted = new HashMap<>();

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
        this.price = price(queries);
    }

    static double price(List<Query> queries) {
        double total = queries.stream().mapToDouble(Query::importance).sum();
        return Math.max(PRICE * total, PRICE_OF_ONE * total / Math.max(FEW, queries.size()));
    }

    public Choice best() {
        for (int query = 0; query < costs.queries().size() && !late(); query++) {
            peel(query);
        }
        shareOrders();
        merge();
        List<Integer> all = shortlist.keySet().stream()
                .filter(this::exists)
                .map(costs::number)
                .filter(one -> size(one) <= limits.bytes())
                .toList();
        BitSet best = slim(all.size() <= SMALL ? exhaustive(all) : greedy(all));
        return new Choice(
                costs, costs.candidates(best), Map.copyOf(bytes), shortlist.keySet(), upkeep, thought, late());
    }

    /** What the planner takes from all that could serve a query, what it takes without that, and so on. */
    private void peel(int query) {
        Map<Candidate, Integer> ideas = ideas(query);
        thought += ideas.size();
        ideas.keySet().removeIf(candidate -> !exists(candidate));
        double now = costs.now(query);
        for (int round = 0; round < ROUNDS && !ideas.isEmpty() && !late(); round++) {
            Planner.Planned planned = costs.plan(query, costs.bits(ideas.keySet()));
            if (planned.used().isEmpty() || planned.cost() > 0.99 * now) {
                return;
            }
            for (Candidate used : planned.used()) {
                Candidate bare = used.including(List.of());
                for (Candidate one : exists(bare) ? List.of(used, bare) : List.of(used)) {
                    shortlist.merge(one, ideas.getOrDefault(used, 0), Math::max);
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
        for (Map.Entry<Candidate, Integer> entry : List.copyOf(shortlist.entrySet())) {
            if (entry.getValue() > 1) {
                for (Candidate turned : Candidates.orders(entry.getKey(), entry.getValue())) {
                    boolean shared = shortlist.keySet().stream()
                            .anyMatch(other -> !other.equals(entry.getKey())
                                    && other.table().equals(turned.table())
                                    && other.keys().get(0).equals(turned.keys().get(0)));
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

    private BitSet exhaustive(List<Integer> all) {
        BitSet best = new BitSet();
        for (int chosen = 1; chosen < 1 << all.size() && !late(); chosen++) {
            BitSet set = new BitSet();
            for (int at = 0; at < all.size(); at++) {
                set.set(all.get(at), (chosen & 1 << at) != 0);
            }
            if (fits(set) && value(set) < value(best)) {
                best = set;
            }
        }
        return best;
    }

    private BitSet greedy(List<Integer> all) {
        BitSet everything = new BitSet();
        all.forEach(everything::set);
        for (int query = 0; query < costs.queries().size() && !late(); query++) {
            costs.plan(query, everything);
        }
        BitSet byGain = improved(grown(all, false), all);
        boolean tight = all.stream().mapToLong(this::size).sum() > limits.bytes();
        if (!tight || late()) {
            return byGain;
        }
        BitSet byDensity = improved(grown(all, true), all);
        return value(byDensity) < value(byGain) ? byDensity : byGain;
    }

    /**
     * The best first. What a candidate gains rarely grows while others join, so that one whose last gain was below the
     * best of this round is not looked at again; those that only help together come later.
     */
    private BitSet grown(List<Integer> all, boolean forItsSize) {
        BitSet chosen = new BitSet();
        Map<Integer, Double> gains = new HashMap<>();
        all.forEach(one -> gains.put(one, Double.MAX_VALUE));
        while (!late()) {
            int next = next(chosen, gains, forItsSize);
            if (next < 0) {
                return chosen;
            }
            gains.remove(next);
            chosen.set(next);
            prune(chosen);
        }
        return chosen;
    }

    private int next(BitSet chosen, Map<Integer, Double> gains, boolean forItsSize) {
        int next = -1;
        double most = 0;
        double now = value(chosen);
        List<Integer> promising = gains.keySet().stream()
                .sorted((one, other) -> {
                    int more = Double.compare(gains.getOrDefault(other, 0.0), gains.getOrDefault(one, 0.0));
                    return more != 0 ? more : one.compareTo(other);
                })
                .toList();
        for (int one : promising) {
            if (gains.getOrDefault(one, 0.0) <= most || late()) {
                return next;
            }
            BitSet with = with(chosen, one);
            double gain = fits(with) ? now - value(with) : 0;
            gains.put(one, forItsSize ? gain / Math.max(1, size(one)) : gain);
            if (gains.getOrDefault(one, 0.0) > most) {
                most = gains.getOrDefault(one, 0.0);
                next = one;
            }
        }
        return next;
    }

    /** What was taken early may have become superfluous. */
    private void prune(BitSet chosen) {
        for (int one : chosen.stream().toArray()) {
            if (value(without(chosen, one)) <= value(chosen)) {
                chosen.clear(one);
            }
        }
    }

    private BitSet improved(BitSet grown, List<Integer> all) {
        BitSet chosen = grown;
        boolean better = true;
        for (int pass = 0; pass < PASSES && better && !late(); pass++) {
            BitSet next = paired(combined(exchanged(chosen, all)), all);
            better = value(next) < value(chosen) - price / 4;
            chosen = better ? next : chosen;
        }
        prune(chosen);
        return chosen;
    }

    private BitSet exchanged(BitSet chosen, List<Integer> all) {
        BitSet best = chosen;
        for (int out : chosen.stream().toArray()) {
            for (int in : all) {
                boolean near = !chosen.get(in) && alike(costs.candidate(in), costs.candidate(out));
                BitSet set = near ? with(without(chosen, out), in) : chosen;
                if (near && !late() && fits(set) && value(set) < value(best)) {
                    best = set;
                }
            }
        }
        return best;
    }

    /** They begin alike, or one query wanted both. */
    private boolean alike(Candidate in, Candidate out) {
        BitSet both = (BitSet) wanted.getOrDefault(in, NOBODY).clone();
        both.and(wanted.getOrDefault(out, NOBODY));
        return in.table().equals(out.table())
                && (in.keys().get(0).equals(out.keys().get(0)) || !both.isEmpty());
    }

    /** One index in the place of two. */
    private BitSet combined(BitSet chosen) {
        BitSet best = chosen;
        for (int one : chosen.stream().toArray()) {
            for (int other : chosen.stream().toArray()) {
                for (Candidate both : Candidates.merged(costs.candidate(one), costs.candidate(other))) {
                    if (one != other && best.get(one) && best.get(other) && !late() && exists(both)) {
                        BitSet set = with(without(without(best, one), other), costs.number(both));
                        best = fits(set) && value(set) < value(best) ? set : best;
                    }
                }
            }
        }
        return best;
    }

    /** Those that help only together, as on both sides of a join. */
    private BitSet paired(BitSet chosen, List<Integer> all) {
        BitSet best = chosen;
        BitSet everything = new BitSet();
        all.forEach(everything::set);
        for (int query = 0; query < costs.queries().size() && !late(); query++) {
            BitSet set = costs.bits(costs.plan(query, everything).used());
            set.or(best);
            int more = set.cardinality() - best.cardinality();
            if (more > 1 && more <= PAIRED && fits(set)) {
                prune(set);
                best = value(set) < value(best) ? set : best;
            }
        }
        return best;
    }

    /** A smaller index that does nearly the same is the better one: it is written and kept in memory, too. */
    private BitSet slim(BitSet chosen) {
        BitSet slim = chosen;
        for (int one : chosen.stream().toArray()) {
            double now = value(slim);
            double most = now + Math.min(NEARLY * (value(without(slim, one)) - now), LITTLE * total);
            int kept = one;
            for (Candidate smaller : shorter(costs.candidate(one))) {
                if (!late() && exists(smaller)) {
                    int other = costs.number(smaller);
                    BitSet set = with(without(slim, kept), other);
                    if (size(other) < size(kept) && value(set) <= most) {
                        slim = set;
                        kept = other;
                    }
                }
            }
        }
        return slim;
    }

    private static List<Candidate> shorter(Candidate one) {
        List<Candidate> shorter = new ArrayList<>();
        for (int keys = one.keys().size(); keys > 0; keys--) {
            shorter.add(one.ordered(one.keys().subList(0, keys)).including(List.of()));
        }
        return shorter;
    }

    private double value(BitSet set) {
        return costs.left(set)
                + price * set.cardinality()
                + set.stream()
                        .mapToDouble(one -> upkeep.applyAsDouble(costs.candidate(one)))
                        .sum();
    }

    private static BitSet with(BitSet set, int one) {
        BitSet with = (BitSet) set.clone();
        with.set(one);
        return with;
    }

    private static BitSet without(BitSet set, int one) {
        BitSet without = (BitSet) set.clone();
        without.clear(one);
        return without;
    }

    private boolean fits(BitSet set) {
        return set.stream().mapToLong(this::size).sum() <= limits.bytes();
    }

    private long size(int number) {
        return bytes.getOrDefault(costs.candidate(number), 0L);
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
