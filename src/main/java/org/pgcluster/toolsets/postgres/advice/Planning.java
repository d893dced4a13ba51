package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.pgcluster.checks.advice.Access;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Imagining;
import org.pgcluster.postgres.Rewritten;

/** Takes each statement apart by the plan that the server shows of it. */
public final class Planning {
    private static final String SHAPE = "FORMAT JSON, VERBOSE";
    /** The same table again and again, as partitions are, says the same. */
    private static final int MOST_OF_ONE = 3;

    /** One statement with what it does to each table; {@code types} are those of its parameters. */
    record Taken(Workload.Statement statement, List<String> types, List<Access> accesses, boolean distributed) {}

    public record Skipped(String query, String why) {}

    record All(List<Taken> taken, List<Skipped> skipped) {}

    private Planning() {}

    /** Whether it ends everything, not just the statement that met it. */
    static boolean ends(ToolException e) {
        return Set.of(ErrorCode.TIMEOUT, ErrorCode.CANCELLED, ErrorCode.CONNECTION_FAILED, ErrorCode.INTERNAL)
                .contains(e.code());
    }

    static All all(Imagining on, List<Workload.Statement> statements) {
        List<Taken> taken = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>();
        for (Workload.Statement statement : statements) {
            try {
                taken.add(taken(on, statement));
            } catch (ToolException e) {
                if (ends(e)) {
                    throw e;
                }
                withAllColumns(on, statement)
                        .ifPresentOrElse(taken::add, () -> skipped.add(new Skipped(statement.original(), e.text())));
            }
        }
        return new All(taken, skipped);
    }

    /** Citus knows no ctid of a distributed table, which the search for the rows of a change asks for. */
    private static Optional<Taken> withAllColumns(Imagining on, Workload.Statement statement) {
        if (statement.text().equals(statement.original()) || !statement.text().contains(".ctid FROM ")) {
            return Optional.empty();
        }
        String text = statement.text().replaceFirst("\\.ctid FROM ", ".* FROM ");
        try {
            return Optional.of(taken(
                            on,
                            new Workload.Statement(
                                    statement.original(),
                                    text,
                                    statement.calls(),
                                    statement.totalMs(),
                                    statement.id())))
                    .filter(Taken::distributed);
        } catch (ToolException e) {
            if (ends(e)) {
                throw e;
            }
            return Optional.empty(); // what was said first tells more
        }
    }

    private static Taken taken(Imagining on, Workload.Statement statement) {
        boolean open = Rewritten.parameters(statement.text()) > 0;
        Imagining.Generic plan = open
                ? generic(on, statement.text())
                : new Imagining.Generic(on.explain(SHAPE, statement.text()), List.of());
        PlanNode root = HypotheticalPlanner.root(plan.plan());
        List<PlanNode> remote = DistributedPlan.of(root);
        List<Access> there = accesses(remote);
        if (open && DistributedPlan.isOne(root) && there.isEmpty()) {
            // Which shard it goes to is decided by values: the plan that serves any shows none, or one that reads
            // nothing.
            String sampled = Values.sampled(statement.text(), plan.types());
            remote = DistributedPlan.of(HypotheticalPlanner.root(on.explain(SHAPE, sampled)));
            there = accesses(remote);
        }
        List<Access> accesses = new ArrayList<>(Access.in(root));
        accesses.addAll(there);
        return new Taken(statement, plan.types(), accesses, !remote.isEmpty());
    }

    /** Citus has no plan for any values of what goes to many shards: some values stand in there, as samples. */
    private static Imagining.Generic generic(Imagining on, String text) {
        try {
            return on.explainGeneric(SHAPE, text);
        } catch (ToolException e) {
            if (ends(e) || !e.text().contains("distributed plan")) {
                throw e;
            }
            List<String> types = on.parameterTypes(text);
            return new Imagining.Generic(on.explain(SHAPE, Values.sampled(text, types)), types);
        }
    }

    private static List<Access> accesses(List<PlanNode> plans) {
        return plans.stream().flatMap(plan -> Access.in(plan).stream()).toList();
    }

    /** Under the names of the tables that indexes belong to; without what no user made. */
    static Optional<Taken> named(Taken taken, Statistics statistics) {
        List<Access> named = new ArrayList<>();
        Map<String, Integer> times = new HashMap<>();
        Set<Object> said = new HashSet<>();
        for (Access access : taken.accesses()) {
            statistics.table(access.table()).ifPresent(table -> {
                Access renamed = access.of(table.name());
                boolean part = !table.name().equals(access.table());
                int time = times.merge(
                        access.table().equals(table.name()) ? access.alias() : table.name(), 1, Integer::sum);
                if (said.add(renamed) && (!part || time <= MOST_OF_ONE)) {
                    named.add(renamed);
                }
            });
        }
        return named.isEmpty()
                ? Optional.empty()
                : Optional.of(new Taken(taken.statement(), taken.types(), named, taken.distributed()));
    }
}
