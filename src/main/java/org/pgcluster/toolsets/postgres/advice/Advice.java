package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.advice.Candidate;
import org.pgcluster.checks.advice.Choice;

/**
 * What came of it. Costs are the planner's; shares are of the time that the workload took, or, where queries were given,
 * of all of them alike.
 *
 * @param proven whether a planner was asked
 * @param stopped whether the time was over before everything had been compared
 * @param leftPercent what of the workload's cost remains with all that is recommended
 */
public record Advice(
        boolean proven,
        boolean counted,
        boolean stopped,
        double leftPercent,
        int thought,
        int plans,
        List<Recommendation> recommended,
        List<Statement> statements,
        List<Superfluous> superfluous,
        List<Dropped> dropped,
        int droppedInAll,
        List<Unproven> unproven,
        List<Planning.Skipped> skipped,
        Parameters parameters,
        long hidden) {
    private static final int MOST_DROPPED = 6;
    private static final int MOST_GAINS = 5;
    private static final double NOTICEABLE = 0.95;

    /** {@code gains}: the cost of each query that takes it, before and after. */
    public record Recommendation(
            String index,
            long bytes,
            double savesPercent,
            double writesPercent,
            List<String> gains,
            Map<String, @Nullable Object> arguments) {}

    /** Without costs where nobody planned it. */
    public record Statement(
            String q,
            double calls,
            @Nullable Double before,
            @Nullable Double after,
            String query) {}

    public record Superfluous(String index, long bytes, long scans) {}

    public record Dropped(String index, String why) {}

    static Advice byRule(
            Workload workload, List<Planning.Taken> taken, Advisor.Known known, List<Planning.Skipped> skipped) {
        Statistics statistics = known.statistics();
        List<Unproven> unproven = new ArrayList<>(Unproven.byRule(
                taken, statistics.facts(), "by rule: what is equal, then a range; nobody planned with it"));
        unproven.addAll(Unproven.kinds(taken, statistics.facts(), known.predicates()));
        List<Statement> statements = new ArrayList<>();
        for (int at = 0; at < taken.size(); at++) {
            String name = "q" + (at + 1);
            if (unproven.stream().anyMatch(one -> one.query().equals(name))) {
                statements.add(
                        new Statement(name, taken.get(at).statement().calls(), null, null, shown(taken.get(at))));
            }
        }
        return new Advice(
                false,
                workload.counted(),
                false,
                100,
                0,
                0,
                List.of(),
                statements,
                List.of(),
                List.of(),
                0,
                unproven,
                skipped,
                new Parameters(0, 0, known.predicates()),
                workload.hidden());
    }

    static Advice proven(
            Workload workload,
            List<Planning.Taken> planned,
            List<Planning.Taken> elsewhere,
            Advisor.Known known,
            Parameters parameters,
            List<Planning.Skipped> skipped,
            Choice choice,
            ToDoubleFunction<Candidate> upkeep,
            long budget) {
        Statistics statistics = known.statistics();
        List<Recommendation> recommended = choice.chosen().stream()
                .map(one -> recommendation(one, choice, upkeep, statistics))
                .toList();
        List<Planning.Taken> all = Advisor.joined(planned, elsewhere);
        List<Unproven> unproven = new ArrayList<>(Unproven.kinds(all, statistics.facts(), known.predicates()));
        Unproven.byRule(all, statistics.facts(), "its shards are on other nodes, where nobody planned with it").stream()
                .filter(one -> number(one.query()) > planned.size())
                .forEach(unproven::add);
        List<Statement> statements = new ArrayList<>();
        for (int at = 0; at < all.size(); at++) {
            String name = "q" + (at + 1);
            Choice.Gain gain = at < planned.size() ? choice.gain(at) : new Choice.Gain(at, 0, 0);
            boolean told = gain.after() < NOTICEABLE * gain.before()
                    || unproven.stream().anyMatch(one -> one.query().equals(name));
            if (told) {
                statements.add(new Statement(
                        name,
                        all.get(at).statement().calls(),
                        at < planned.size() ? round(gain.before()) : null,
                        at < planned.size() ? round(gain.after()) : null,
                        shown(all.get(at))));
            }
        }
        List<Superfluous> superfluous = statistics.facts().values().stream()
                .flatMap(facts -> choice.superfluous(facts).stream())
                .map(there -> new Superfluous(there.name(), there.bytes(), there.scans()))
                .toList();
        List<Choice.Dropped> dropped = choice.stopped() ? List.of() : choice.dropped(budget);
        return new Advice(
                true,
                workload.counted(),
                choice.stopped(),
                choice.before() <= 0 ? 100 : round(100 * choice.after() / choice.before()),
                choice.thought(),
                choice.asked(),
                recommended,
                statements,
                superfluous,
                dropped.stream()
                        .limit(MOST_DROPPED)
                        .map(one -> new Dropped(one.candidate().inShort(), one.why()))
                        .toList(),
                dropped.size(),
                unproven,
                skipped,
                parameters,
                workload.hidden());
    }

    private static Recommendation recommendation(
            Candidate one, Choice choice, ToDoubleFunction<Candidate> upkeep, Statistics statistics) {
        double all = Math.max(1e-9, choice.before());
        List<String> gains = choice.gains(one).stream()
                .limit(MOST_GAINS)
                .map(gain -> "q" + (gain.query() + 1) + " " + cost(gain.before()) + " → " + cost(gain.after()))
                .toList();
        boolean partitioned = statistics
                .table(one.table())
                .map(Statistics.Table::kind)
                .orElse("r")
                .equals("p");
        String ddl = partitioned ? one.ddl().replaceFirst(" CONCURRENTLY", "") : one.ddl();
        return new Recommendation(
                ddl,
                choice.bytes(one),
                round(100 * choice.saves(one) / all),
                round(100 * upkeep.applyAsDouble(one) / all),
                gains,
                arguments(one, partitioned));
    }

    /** As create_index takes them. */
    private static Map<String, @Nullable Object> arguments(Candidate one, boolean partitioned) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        arguments.put("table", one.table());
        arguments.put("columns", one.keys());
        if (!one.method().equals("btree")) {
            arguments.put("method", one.method());
        }
        if (!one.include().isEmpty()) {
            arguments.put("include", one.include());
        }
        if (!one.include().isEmpty() || one.where().isPresent()) {
            arguments.put("name", name(one));
        }
        one.where().ifPresent(condition -> arguments.put("where", condition));
        if (partitioned) {
            arguments.put("concurrently", false);
        }
        arguments.put("dry_run", true);
        return arguments;
    }

    /** Not the name of the plain index on the same columns, which may be there. */
    private static String name(Candidate one) {
        String table = one.table().substring(one.table().indexOf('.') + 1);
        String words = (table + " " + String.join(" ", one.keys())).replaceAll("[^\\p{L}\\p{N}]+", "_");
        String plain = words.replaceAll("^_|_$", "").toLowerCase(Locale.ROOT);
        String end = (one.include().isEmpty() ? "" : "_plus") + (one.where().isPresent() ? "_part" : "") + "_idx";
        return plain.substring(0, Math.min(plain.length(), 63 - end.length())) + end;
    }

    private static int number(String query) {
        return Integer.parseInt(query.substring(1));
    }

    private static String shown(Planning.Taken taken) {
        return Workload.cut(taken.statement().original());
    }

    private static String cost(double cost) {
        return cost < 100 ? String.format(Locale.ROOT, "%.1f", cost) : String.valueOf(Math.round(cost));
    }

    private static double round(double value) {
        return Math.round(10 * value) / 10.0;
    }
}
