package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.toolsets.postgres.ExplainQuery.Remark;

/** What is worth knowing about a plan, and what could be done. */
final class PlanRemarks {
    private static final double COSTLY_SHARE = 0.4;
    private static final double FAR_OFF = 10;
    private static final double ROWS_THAT_MATTER = 100;
    private static final double BIG_SCAN_ROWS = 100_000;
    private static final double BIG_SCAN_COST = 10_000;
    private static final double JIT_SHARE = 0.2;

    private final List<Remark> remarks = new ArrayList<>();
    private final PlanNode root;

    private PlanRemarks(PlanNode root) {
        this.root = root;
    }

    static List<Remark> of(PlanNode root, Map<?, ?> explained) {
        PlanRemarks remarks = new PlanRemarks(root);
        root.all().filter(node -> !node.neverExecuted()).forEach(remarks::node);
        remarks.jit(explained);
        return List.copyOf(remarks.remarks);
    }

    private void node(PlanNode node) {
        costly(node);
        misestimated(node);
        spilled(node);
        scanned(node);
        lossy(node);
        workers(node);
    }

    private void add(String severity, String title, String advice) {
        remarks.add(new Remark(severity, title, advice));
    }

    private void costly(PlanNode node) {
        if (root.whole() > 0
                && node.self() / root.whole() >= COSTLY_SHARE
                && !node.children().isEmpty()) {
            String what = node.measured() ? " of the time" : " of the cost";
            add("notice", node.name() + " itself is " + PlanNode.percent(node.self(), root.whole()) + what, "");
        }
    }

    private void misestimated(PlanNode node) {
        double estimated = Math.max(1, node.number("Plan Rows"));
        double actual = Math.max(1, node.number("Actual Rows"));
        boolean cutShort = node.belowLimit() && actual < estimated;
        double factor = Math.max(estimated / actual, actual / estimated);
        boolean matters = Math.max(estimated, actual) * node.loops() >= ROWS_THAT_MATTER;
        if (node.measured() && !cutShort && factor >= FAR_OFF && matters) {
            add(
                    "warning",
                    node.name() + " was estimated at " + PlanNode.whole(estimated) + " rows and gave "
                            + PlanNode.whole(node.number("Actual Rows")) + " a loop (" + Math.round(factor) + "×)",
                    "ANALYZE the tables below it; for conditions that depend on each other, CREATE STATISTICS.");
        }
    }

    private void spilled(PlanNode node) {
        boolean sort = "Disk".equals(node.text("Sort Space Type"));
        boolean hash = node.number("Hash Batches") > 1 || node.number("Disk Usage") > 0;
        if (sort || hash) {
            String size = sort
                    ? PlanNode.whole(node.number("Sort Space Used")) + " kB"
                    : PlanNode.whole(node.number("Temp Written Blocks") * 8) + " kB";
            add(
                    "warning",
                    node.name() + " spilled " + size + " to disk",
                    "More work_mem for this session, or fewer rows and columns before it.");
        }
    }

    private void scanned(PlanNode node) {
        boolean sequential = "Seq Scan".equals(node.text("Node Type"));
        double dropped = node.number("Rows Removed by Filter") * node.loops();
        double seen = dropped + node.allRows();
        if (dropped >= 1000 && dropped >= 0.9 * seen) {
            add(
                    "warning",
                    node.name() + " reads " + PlanNode.whole(seen) + " rows and drops "
                            + Math.floor(1000 * dropped / seen) / 10 + "% by its filter",
                    "An index on the columns of " + node.text("Filter") + " could find them.");
        } else if (sequential && (seen >= BIG_SCAN_ROWS || node.number("Total Cost") >= BIG_SCAN_COST)) {
            add(
                    "notice",
                    node.name() + " reads a big table from end to end",
                    node.text("Filter") == null ? "" : "Where few rows pass the filter, an index helps.");
        }
    }

    private void lossy(PlanNode node) {
        if (node.number("Lossy Heap Blocks") > 0) {
            add(
                    "notice",
                    node.name() + " remembered " + PlanNode.whole(node.number("Lossy Heap Blocks"))
                            + " pages without their rows",
                    "More work_mem keeps the bitmap exact.");
        }
    }

    private void workers(PlanNode node) {
        double planned = node.number("Workers Planned");
        double launched = node.number("Workers Launched");
        if (node.measured() && launched < planned) {
            add(
                    "notice",
                    node.name() + " got " + PlanNode.whole(launched) + " of " + PlanNode.whole(planned) + " workers",
                    "max_parallel_workers or max_worker_processes was used up.");
        }
    }

    private void jit(Map<?, ?> explained) {
        if (explained.get("JIT") instanceof Map<?, ?> jit && jit.get("Timing") instanceof Map<?, ?> timing) {
            double total = PlanNode.number(timing, "Total");
            double execution = PlanNode.number(explained, "Execution Time");
            if (execution > 0 && total / execution >= JIT_SHARE) {
                add(
                        "notice",
                        "Compiling (JIT) took " + PlanNode.percent(total, execution) + " of the time",
                        "Try SET jit = off, or a higher jit_above_cost.");
            }
        }
    }
}
