package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;
import org.pgcluster.checks.advice.Access;
import org.pgcluster.checks.advice.Choice;
import org.pgcluster.checks.advice.Query;
import org.pgcluster.checks.advice.Search;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.TableSize;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Imagining;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Context;

/** From a workload to advice: take each statement apart, look up what is known, let the planner judge every idea. */
public final class Advisor {
    /** Of the time that the call has left; what remains is for what began late. */
    private static final double SHARE_OF_TIME = 0.6;

    private static final double CHEAP = 100;

    /** What was looked up about the tables of the workload. */
    record Known(Statistics statistics, Predicates predicates, Upkeep upkeep) {}

    private final Context context;
    private final Workload workload;
    private final long budget;
    private final DoubleSupplier spent;

    private Advisor(Context context, Workload workload, long budget) {
        this.context = context;
        this.workload = workload;
        this.budget = budget;
        long begun = System.nanoTime();
        long most = (long) (SHARE_OF_TIME * context.call().timeLeft().toNanos());
        this.spent = () -> context.call().cancelled() ? 1 : (double) (System.nanoTime() - begun) / Math.max(1, most);
    }

    /** Empty where no queries are given and nothing counts what runs. */
    public static Optional<Advice> of(Context context, Optional<List<String>> queries, long budget) {
        Optional<Workload> workload = queries.isPresent() ? queries.map(Workload::given) : Workload.seen(context.sql());
        return workload.map(known -> new Advisor(context, known, budget).advice());
    }

    private Advice advice() {
        record Read(Planning.All all, boolean possible) {}
        Read read = context.cluster()
                .imagining(
                        context.call(),
                        Optional.empty(),
                        on -> new Read(Planning.all(on, workload.statements()), on.possible()));
        List<Planning.Skipped> skipped = new ArrayList<>(workload.skipped());
        skipped.addAll(read.all().skipped());
        Sql sql = context.sql();
        List<Planning.Taken> taken = Shards.named(sql, read.all().taken());
        Set<String> names = new HashSet<>();
        taken.forEach(one -> one.accesses().forEach(access -> names.add(access.table())));
        Statistics statistics = Statistics.of(sql, names);
        if (taken.stream().anyMatch(Planning.Taken::distributed)) {
            List<Statistics.Table> tables = List.copyOf(statistics.tables());
            statistics.measured(TableSize.ask(
                            Citus.of(context.cluster(), context.call()),
                            tables.stream().map(Statistics.Table::schema).toList(),
                            tables.stream().map(Statistics.Table::relation).toList())
                    .rows());
        }
        Predicates predicates = Predicates.of(sql);
        List<Planning.Taken> here = new ArrayList<>();
        List<Planning.Taken> elsewhere = new ArrayList<>();
        for (Planning.Taken one : taken) {
            Optional<Planning.Taken> known = Planning.named(one, statistics).map(predicates::sharpened);
            known.ifPresent(found -> (found.distributed() ? elsewhere : here).add(found));
            if (known.isEmpty() && !workload.counted()) {
                skipped.add(
                        new Planning.Skipped(one.statement().original(), "it reads no table that could have indexes"));
            }
        }
        Upkeep upkeep = Upkeep.of(sql.withSearchPathOfLogin(), workload.written(), statistics);
        return read.possible()
                ? context.cluster()
                        .imagining(
                                context.call(),
                                Optional.empty(),
                                on -> searched(on, here, elsewhere, new Known(statistics, predicates, upkeep), skipped))
                : Advice.byRule(workload, joined(here, elsewhere), new Known(statistics, predicates, upkeep), skipped);
    }

    /** Where nobody knows how often a query runs, all that is not cheap anyway weighs alike. */
    private static double weight(double cost) {
        return cost / (cost + CHEAP);
    }

    static List<Planning.Taken> joined(List<Planning.Taken> here, List<Planning.Taken> elsewhere) {
        List<Planning.Taken> all = new ArrayList<>(here);
        all.addAll(elsewhere);
        return all;
    }

    private Advice searched(
            Imagining on,
            List<Planning.Taken> here,
            List<Planning.Taken> elsewhere,
            Known known,
            List<Planning.Skipped> skipped) {
        List<Planning.Taken> planned = new ArrayList<>();
        List<HypotheticalPlanner.Asked> texts = new ArrayList<>();
        List<Double> costs = new ArrayList<>();
        double weighed = 0;
        double taken = 0;
        int real = 0;
        int usual = 0;
        for (Planning.Taken one : here) {
            Values.Filled filled = Values.filled(one, known.statistics(), known.predicates());
            try {
                Set<String> tables = one.accesses().stream().map(Access::table).collect(Collectors.toSet());
                HypotheticalPlanner.Asked asked = new HypotheticalPlanner.Asked(filled.text(), tables);
                double cost = new HypotheticalPlanner(on, List.of(asked))
                        .plan(0, Set.of())
                        .cost();
                costs.add(cost);
                weighed += one.statement().calls() * cost;
                taken += one.statement().totalMs();
                planned.add(one);
                real += filled.real();
                usual += filled.usual();
                texts.add(asked);
            } catch (ToolException e) {
                if (Planning.ends(e)) {
                    throw e;
                }
                skipped.add(new Planning.Skipped(
                        one.statement().original(),
                        workload.counted() || !one.types().isEmpty()
                                ? "no usual values were found that it can be planned with"
                                : e.text()));
            }
        }
        List<Query> queries = new ArrayList<>();
        for (int at = 0; at < planned.size(); at++) {
            double importance = workload.counted() ? planned.get(at).statement().totalMs() : weight(costs.get(at));
            queries.add(new Query(importance, planned.get(at).accesses()));
        }
        double msPerCost = weighed <= 0 || !workload.counted() ? 0 : taken / weighed;
        Choice choice = new Search(
                        new HypotheticalPlanner(on, texts),
                        queries,
                        known.statistics().facts(),
                        candidate -> msPerCost * known.upkeep().cost(candidate),
                        new Search.Limits(budget, spent))
                .best();
        return Advice.proven(
                workload,
                planned,
                elsewhere,
                known,
                new Parameters(real, usual, known.predicates()),
                skipped,
                choice,
                candidate -> msPerCost * known.upkeep().cost(candidate),
                budget);
    }
}
