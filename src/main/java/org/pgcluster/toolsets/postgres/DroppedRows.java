package org.pgcluster.toolsets.postgres;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.checks.plan.PlanNode;

/** Rows that a node reads or compares to throw them away, and the index that would find the others. */
final class DroppedRows {
    private static final double ROWS_WORTH_AN_INDEX = 1_000;
    private static final double BIG_TABLE_ROWS = 10_000;
    private static final double PAIRS_THAT_MATTER = 10_000;

    private final PlanRemarks remarks;
    private final PlanTables tables;
    private final boolean canIndex;

    DroppedRows(PlanRemarks remarks, PlanTables tables, boolean canIndex) {
        this.remarks = remarks;
        this.tables = tables;
        this.canIndex = canIndex;
    }

    void scanned(PlanNode node) {
        String filter = node.text("Filter");
        if (node.text("Relation Name") == null || filter == null || node.type().equals("Foreign Scan")) {
            return;
        }
        double kept = node.measured() ? node.allRows() : node.number("Plan Rows");
        double read = node.measured()
                ? kept + node.removed("Filter")
                : tables.named(node.table()).map(PlanTables.Known::rows).orElse(0.0);
        boolean estimated = !node.measured();
        if (estimated && !(node.type().equals("Seq Scan") && read >= BIG_TABLE_ROWS)) {
            return;
        }
        if (read - kept >= ROWS_WORTH_AN_INDEX && read - kept >= 0.9 * read) {
            Map<String, @Nullable Object> evidence = PlanRemarks.evidence("filter", filter);
            evidence.put(estimated ? "rows_in_table" : "rows_read", Math.round(read));
            evidence.put(estimated ? "rows_expected" : "rows_kept", Math.round(kept));
            PlanRemarks.loops(node, evidence);
            dropped(node, node.table(), filter, node.alias(), "reads far more rows than it keeps", evidence);
        }
    }

    void joined(PlanNode node) {
        String filter = node.text("Join Filter");
        double removed = node.removed("Join Filter");
        if (node.type().equals("Nested Loop")
                && filter != null
                && removed >= PAIRS_THAT_MATTER
                && removed >= 0.9 * (removed + node.allRows())) {
            PlanNode inner = node.children()
                    .get(node.children().size() - 1)
                    .all()
                    .filter(one -> one.text("Relation Name") != null)
                    .findFirst()
                    .orElse(node);
            Map<String, @Nullable Object> evidence = PlanRemarks.evidence("join_filter", filter);
            evidence.put("pairs_compared", Math.round(removed + node.allRows()));
            evidence.put("pairs_kept", Math.round(node.allRows()));
            dropped(node, inner.table(), filter, inner.alias(), "compares almost every row with every other", evidence);
        }
    }

    private void dropped(
            PlanNode node,
            String table,
            String filter,
            String alias,
            String title,
            Map<String, @Nullable Object> evidence) {
        var index = IndexableColumns.of(node.is("Index Cond", filter) ? "" : filter, alias);
        Optional<String> existing =
                index.flatMap(one -> tables.indexOn(table, one.expressions().get(0)));
        existing.ifPresent(name -> evidence.put("index_not_used", name));
        String known = node.text("Index Cond") == null ? "" : " after those of its condition";
        String advice = index.isEmpty()
                ? "The filter is no plain comparison of a column, so no index is obvious; see whether it can be written as one."
                : existing.isPresent()
                        ? "Index " + existing.get() + " begins with "
                                + index.get().expressions().get(0)
                                + " and was not chosen: a type that differs, old statistics, or too many rows for it."
                        : "An index on " + table + " ("
                                + String.join(", ", index.get().expressions()) + ")"
                                + (index.get().method().equals("btree")
                                        ? ""
                                        : " by " + index.get().method()) + known
                                + " would find them.";
        boolean helps = index.isPresent() && existing.isEmpty() && known.isEmpty();
        remarks.add(
                "plan.rows_dropped",
                node,
                node.measured() ? Sure.CERTAIN : Sure.LIKELY,
                title,
                evidence,
                advice,
                helps && canIndex ? Optional.of(next(table, index.get())) : Optional.empty(),
                helps && !canIndex ? Optional.of(byHand(table, index.get())) : Optional.empty());
    }

    private static Finding.Next next(String table, IndexableColumns.Index index) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        arguments.put("table", table);
        arguments.put("columns", index.expressions());
        if (!index.method().equals("btree")) {
            arguments.put("method", index.method());
        }
        arguments.put("dry_run", true);
        return new Finding.Next("create_index", arguments);
    }

    private static String byHand(String table, IndexableColumns.Index index) {
        return "CREATE INDEX CONCURRENTLY ON " + table + " USING " + index.method() + " ("
                + String.join(", ", index.expressions()) + ");";
    }
}
