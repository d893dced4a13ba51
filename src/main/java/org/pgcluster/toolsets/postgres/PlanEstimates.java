package org.pgcluster.toolsets.postgres;

import java.util.Optional;
import org.pgcluster.checks.plan.PlanNode;

/** What to do about a wrong estimate or a costly node, by what kind of node it is. */
final class PlanEstimates {
    private static final double CHANGED_MUCH = 0.1;

    private PlanEstimates() {}

    static String advice(PlanNode node, PlanTables tables) {
        var known = tables.named(node.table());
        if (known.isPresent() && stale(known.get())) {
            return known.get().neverAnalysed()
                    ? node.table() + " has never been analysed since its statistics were last reset."
                    : Math.round(known.get().changedSince()) + " rows of " + node.table()
                            + " changed since its last ANALYZE.";
        }
        if (known.isPresent()) {
            return several(node)
                    ? "Statistics are fresh, so its conditions depend on each other: CREATE STATISTICS (dependencies) on their columns, then ANALYZE."
                    : "Statistics are fresh: a higher statistics target for the column of its condition, then ANALYZE.";
        }
        return switch (node.type()) {
            case "Function Scan" -> "Its rows are a guess of the function: ALTER FUNCTION … ROWS tells the planner.";
            case "Aggregate", "Group" -> "CREATE STATISTICS (ndistinct) on what it groups by, then ANALYZE.";
            default ->
                "What is below it was estimated well, so the condition that joins or combines it is what surprises.";
        };
    }

    private static boolean stale(PlanTables.Known known) {
        return known.neverAnalysed() || known.changedSince() > CHANGED_MUCH * Math.max(1, known.rows());
    }

    private static boolean several(PlanNode node) {
        return (node.text("Filter") + " " + node.text("Index Cond") + " " + node.text("Recheck Cond"))
                .contains(" AND ");
    }

    static Optional<String> byHand(PlanNode node, PlanTables tables) {
        return tables.named(node.table()).filter(PlanEstimates::stale).map(known -> "ANALYZE " + node.table() + ";");
    }

    /** Of what a Citus node hides, a shard read by its own name, nothing is known. */
    static String costly(PlanNode node, PlanTables tables) {
        boolean known = node.measured()
                || tables.named(node.table()).filter(table -> table.rows() >= 0).isPresent();
        return switch (node.type()) {
            case "Seq Scan" ->
                node.text("Filter") == null
                        ? "It reads the whole table, which is right only where most rows are needed."
                        : known ? "Most rows pass its filter, so an index would not help." : "";
            case "Sort", "Incremental Sort" -> "An index in that order saves the sort.";
            case "Function Scan" -> "The time is spent inside the function: explain the statements in it.";
            default -> "";
        };
    }
}
