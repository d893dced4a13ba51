package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Finds the set of indexes that takes most from what the queries cost, less what the indexes cost to keep up, within a
 * budget. One index after the other, the best first; what a later one makes superfluous goes again; then pairs that only
 * help together, and exchanges. Small choices are tried out completely.
 */
public final class Search {
    private static final int PASSES = 3;
    private static final int SMALL = 9;
    private static final int PAIRED = 12;
    /** What a smaller index may lose of what the larger one saves, and of everything. */
    private static final double NEARLY = 0.1;

    private static final double LITTLE = 0.01;

    /** What each index costs beside its writes: this share of everything, and of a query of average weight. */
    private static final double PRICE = 0.002;

    private static final double PRICE_OF_ONE = 0.2;
    private static final int FEW = 4;

    /** Of the time; what is left then must do to choose among what was found. */
    private static final double TO_THINK = 0.5;

    /** {@code spent} is the share of the time that is over; at one the search ends with what it has. */
    public record Limits(long bytes, DoubleSupplier spent) {}

    private final Costs costs;
    private final Sizes sizes;
    private final ToDoubleFunction<Candidate> upkeep;
    private final Limits limits;
    private final Map<String, Facts> facts;
    private final double total;
    private final double price;

    /** {@code upkeep} is what the writes of the workload cost for an index, in the unit of importance. */
    public Search(
            Planner planner,
            List<Query> queries,
            Map<String, Facts> facts,
            ToDoubleFunction<Candidate> upkeep,
            Limits limits) {
        this.costs = new Costs(planner, queries);
        this.sizes = new Sizes(planner);
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
        Shortlist shortlist = Shortlist.of(costs, sizes, facts, () -> spent() > TO_THINK);
        List<Integer> all = shortlist.all().stream()
                .filter(sizes::exists)
                .map(costs::number)
                .filter(one -> size(one) <= limits.bytes())
                .toList();
        BitSet best = slim(all.size() <= SMALL ? exhaustive(all) : greedy(all, shortlist));
        return new Choice(
                costs, costs.candidates(best), sizes.all(), shortlist.all(), upkeep, shortlist.thought(), late());
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

    private BitSet greedy(List<Integer> all, Shortlist shortlist) {
        BitSet everything = new BitSet();
        all.forEach(everything::set);
        for (int query = 0; query < costs.queries().size() && !late(); query++) {
            costs.plan(query, everything);
        }
        BitSet byGain = improved(grown(all, false), all, shortlist);
        boolean tight = all.stream().mapToLong(this::size).sum() > limits.bytes();
        if (!tight || late()) {
            return byGain;
        }
        BitSet byDensity = improved(grown(all, true), all, shortlist);
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

    private BitSet improved(BitSet grown, List<Integer> all, Shortlist shortlist) {
        BitSet chosen = grown;
        boolean better = true;
        for (int pass = 0; pass < PASSES && better && !late(); pass++) {
            BitSet next = paired(combined(exchanged(chosen, all, shortlist)), all);
            better = value(next) < value(chosen) - price / 4;
            chosen = better ? next : chosen;
        }
        prune(chosen);
        return chosen;
    }

    private BitSet exchanged(BitSet chosen, List<Integer> all, Shortlist shortlist) {
        BitSet best = chosen;
        for (int out : chosen.stream().toArray()) {
            for (int in : all) {
                boolean near = !chosen.get(in) && shortlist.alike(costs.candidate(in), costs.candidate(out));
                BitSet set = near ? with(without(chosen, out), in) : chosen;
                if (near && !late() && fits(set) && value(set) < value(best)) {
                    best = set;
                }
            }
        }
        return best;
    }

    /** One index in the place of two. */
    private BitSet combined(BitSet chosen) {
        BitSet best = chosen;
        for (int one : chosen.stream().toArray()) {
            for (int other : chosen.stream().toArray()) {
                for (Candidate both : Candidates.merged(costs.candidate(one), costs.candidate(other))) {
                    if (one != other && best.get(one) && best.get(other) && !late() && sizes.exists(both)) {
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
                if (!late() && sizes.exists(smaller)) {
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
        return sizes.of(costs.candidate(number));
    }

    private double spent() {
        return limits.spent().getAsDouble();
    }

    private boolean late() {
        return spent() >= 1;
    }
}
