package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/** The set that was found, and what can be said for and against each index. */
public final class Choice {
    private static final double NOTICEABLE = 0.95;

    private final Costs costs;
    private final Set<Candidate> chosen;
    private final Map<Candidate, Long> bytes;
    private final Set<Candidate> tried;
    private final ToDoubleFunction<Candidate> upkeep;
    private final int thought;
    private final boolean stopped;

    /** What a query costs now, and with all that was chosen. */
    public record Gain(int query, double before, double after) {}

    public record Dropped(Candidate candidate, String why) {}

    Choice(
            Costs costs,
            Set<Candidate> chosen,
            Map<Candidate, Long> bytes,
            Set<Candidate> tried,
            ToDoubleFunction<Candidate> upkeep,
            int thought,
            boolean stopped) {
        this.costs = costs;
        this.chosen = Set.copyOf(chosen);
        this.bytes = bytes;
        this.tried = Set.copyOf(tried);
        this.upkeep = upkeep;
        this.thought = thought;
        this.stopped = stopped;
    }

    /** The one that saves most first. */
    public List<Candidate> chosen() {
        return chosen.stream()
                .sorted((one, other) -> {
                    int more = Double.compare(saves(other), saves(one));
                    return more != 0 ? more : one.ddl().compareTo(other.ddl());
                })
                .toList();
    }

    public long bytes(Candidate candidate) {
        return bytes.getOrDefault(candidate, 0L);
    }

    /** The time was over before everything had been compared. */
    public boolean stopped() {
        return stopped;
    }

    public int thought() {
        return thought;
    }

    public int asked() {
        return costs.asked();
    }

    /** What would be lost without it, less what it costs to keep up; in the unit of importance. */
    public double saves(Candidate candidate) {
        Set<Candidate> without = new LinkedHashSet<>(chosen);
        without.remove(candidate);
        return left(without) - left(chosen) - upkeep.applyAsDouble(candidate);
    }

    public double before() {
        return costs.queries().stream().mapToDouble(Query::importance).sum();
    }

    public double after() {
        return left(chosen);
    }

    private double left(Set<Candidate> set) {
        return costs.left(costs.bits(set));
    }

    /** The queries whose plan takes it, those that gain most first. */
    public List<Gain> gains(Candidate candidate) {
        List<Gain> gains = new ArrayList<>();
        for (int query = 0; query < costs.queries().size(); query++) {
            Planner.Planned planned = costs.plan(query, costs.bits(chosen));
            if (planned.used().contains(candidate) && planned.cost() < NOTICEABLE * costs.now(query)) {
                gains.add(new Gain(query, costs.now(query), planned.cost()));
            }
        }
        gains.sort((one, other) -> Double.compare(saved(other), saved(one)));
        return gains;
    }

    public Gain gain(int query) {
        return new Gain(
                query, costs.now(query), costs.plan(query, costs.bits(chosen)).cost());
    }

    private double saved(Gain gain) {
        return costs.queries().get(gain.query()).importance() * (1 - gain.after() / Math.max(1e-9, gain.before()));
    }

    /** Those that some plan wanted and the set does not have, each with the reason; what would have saved most first. */
    public List<Dropped> dropped(long budget) {
        long used = chosen.stream().mapToLong(this::bytes).sum();
        return tried.stream()
                .filter(one -> !chosen.contains(one) && bytes.containsKey(one))
                .sorted((one, other) -> {
                    int more = Double.compare(alone(other), alone(one));
                    return more != 0 ? more : one.ddl().compareTo(other.ddl());
                })
                .map(one -> new Dropped(one, why(one, budget, used)))
                .toList();
    }

    private double alone(Candidate candidate) {
        return left(Set.of()) - left(Set.of(candidate));
    }

    private String why(Candidate one, long budget, long used) {
        if (bytes(one) > budget) {
            return "larger than the budget";
        }
        Set<Candidate> with = new LinkedHashSet<>(chosen);
        with.add(one);
        double more = left(chosen) - left(with);
        double upkeep = this.upkeep.applyAsDouble(one);
        if (alone(one) > 0 && alone(one) < upkeep) {
            return "its writes cost more than it saves";
        }
        for (Candidate other : chosen) {
            if (other.serves(one)) {
                return "served by " + other.inShort();
            }
        }
        if (more > upkeep && bytes(one) + used > budget) {
            return "over the budget with the others";
        }
        return alone(one) <= 0 ? "no plan is cheaper with it alone" : "saves little beside the others";
    }

    /** Indexes that are there and that a chosen one serves as well: they only cost writes from then on. */
    public List<Facts.Existing> superfluous(Facts facts) {
        return facts.indexes().stream()
                .filter(there -> !there.enforces())
                .filter(there -> chosen.stream().anyMatch(one -> one.serves(there.shape())))
                .toList();
    }
}
