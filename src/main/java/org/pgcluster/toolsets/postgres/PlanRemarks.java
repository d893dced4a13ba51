package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.checks.plan.PlanLine;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.checks.plan.PlanShares;

/** What stands out in a plan and what could be done: each cause once, at the node where it begins. */
final class PlanRemarks {
    private static final double COSTLY_SHARE = 0.4;
    private static final double SHARE_THAT_MATTERS = 0.3;
    private static final double FAR_OFF = 10;
    private static final double ROWS_THAT_MATTER = 100;
    private static final double ROWS_WORTH_AN_INDEX = 1_000;
    private static final double COLD_BLOCKS = 10_000;
    private static final double MILLISECONDS_THAT_MATTER = 10;
    private static final double COST_THAT_MATTERS = 1_000;
    private static final double JIT_SHARE = 0.2;
    private static final int MOST = 10;

    private record Ranked(Finding finding, double share) {}

    private final List<Ranked> remarks = new ArrayList<>();
    private final PlanNode root;
    private final PlanShares shares;
    private final PlanTables tables;
    private final DroppedRows dropped;

    private PlanRemarks(PlanNode root, PlanShares shares, PlanTables tables, boolean canIndex) {
        this.root = root;
        this.shares = shares;
        this.tables = tables;
        this.dropped = new DroppedRows(this, tables, canIndex);
    }

    /** {@code canIndex}: {@code create_index} is there to be named as the next step. */
    static List<Finding> of(
            PlanNode root, PlanShares shares, PlanTables tables, Map<?, ?> explained, boolean canIndex) {
        PlanRemarks remarks = new PlanRemarks(root, shares, tables, canIndex);
        root.all().filter(node -> !node.neverExecuted()).forEach(remarks::node);
        remarks.whole(explained);
        remarks.costliest();
        return remarks.remarks.stream()
                .sorted(Comparator.comparing((Ranked one) -> one.finding().severity())
                        .thenComparing(one -> -one.share()))
                .map(Ranked::finding)
                .limit(MOST)
                .toList();
    }

    private void node(PlanNode node) {
        dropped.scanned(node);
        dropped.joined(node);
        sorted(node);
        hashed(node);
        misestimated(node);
        lossy(node);
        fetched(node);
        workers(node);
    }

    private void sorted(PlanNode node) {
        long kilobytes = PlanMemory.sortedOnDisk(node);
        if (kilobytes > 0) {
            Map<String, @Nullable Object> evidence = evidence("disk_kb", kilobytes);
            evidence.put("sort_key", node.figures().get("Sort Key"));
            loops(node, evidence);
            add(
                    "plan.sort_on_disk",
                    node,
                    "sorts on disk",
                    evidence,
                    "An index in that order, fewer columns, or for this session work_mem = '"
                            + PlanMemory.workMemFor(kilobytes) + "MB'.");
        }
    }

    private void hashed(PlanNode node) {
        double batches = Math.max(node.number("Hash Batches"), node.number("HashAgg Batches"));
        if (batches > 1) {
            Map<String, @Nullable Object> evidence = evidence("batches", Math.round(batches));
            evidence.put("memory_kb", Math.round(node.number("Peak Memory Usage")));
            double disk = node.number("Disk Usage");
            if (disk > 0) {
                evidence.put("disk_kb", Math.round(disk));
            }
            loops(node, evidence);
            double needed = node.number("Peak Memory Usage") * batches;
            add(
                    "plan.hash_on_disk",
                    node,
                    "does not fit into memory",
                    evidence,
                    "Fewer rows or columns into it, or for this session work_mem = '"
                            + PlanMemory.hashMemFor(Math.max(needed, 2 * disk)) + "MB'.");
        }
    }

    private void misestimated(PlanNode node) {
        boolean below = node.children().stream()
                .filter(child -> !child.initPlan() && !child.is("Parent Relationship", "SubPlan"))
                .anyMatch(child -> factor(child) >= FAR_OFF);
        if (factor(node) < FAR_OFF || below) {
            return;
        }
        Map<String, @Nullable Object> evidence = evidence("rows_estimated", Math.round(node.number("Plan Rows")));
        evidence.put("rows_came", node.number("Actual Rows"));
        loops(node, evidence);
        add(
                "plan.misestimate",
                node,
                Sure.CERTAIN,
                "was estimated " + Math.round(factor(node)) + " times too "
                        + (node.number("Plan Rows") > node.number("Actual Rows") ? "high" : "low"),
                evidence,
                PlanEstimates.advice(node, tables),
                Optional.empty(),
                PlanEstimates.byHand(node, tables));
    }

    /** One where that means nothing: bitmaps count no rows, and what may stop early is no wrong guess. */
    private static double factor(PlanNode node) {
        double estimated = Math.max(1, node.number("Plan Rows"));
        double actual = Math.max(1, node.number("Actual Rows"));
        boolean uncounted = node.type().equals("BitmapAnd")
                || node.type().equals("BitmapOr")
                || node.type().equals("ModifyTable")
                || node.number("Plan Rows") == 0;
        boolean cutShort = node.mayStopEarly() && actual < estimated;
        boolean few = Math.max(estimated, actual) * node.loops() < ROWS_THAT_MATTER;
        return !node.measured() || node.neverExecuted() || uncounted || cutShort || few
                ? 1
                : Math.max(estimated / actual, actual / estimated);
    }

    private void lossy(PlanNode node) {
        double lossy = node.number("Lossy Heap Blocks");
        if (lossy > 0) {
            Map<String, @Nullable Object> evidence = evidence("lossy_blocks", Math.round(lossy));
            evidence.put("exact_blocks", Math.round(node.number("Exact Heap Blocks")));
            evidence.put("rows_rechecked_in_vain", Math.round(node.removed("Index Recheck")));
            add(
                    "plan.lossy_bitmap",
                    node,
                    "kept whole pages for lack of memory",
                    evidence,
                    "More work_mem keeps rows.");
        }
    }

    private void fetched(PlanNode node) {
        double fetches = node.number("Heap Fetches");
        if (fetches >= ROWS_WORTH_AN_INDEX && fetches >= node.allRows() / 2) {
            add(
                    "plan.heap_fetches",
                    node,
                    "reads the table nevertheless",
                    evidence("heap_fetches", Math.round(fetches)),
                    "VACUUM " + node.table() + ": its visibility map is behind.");
        }
    }

    private void workers(PlanNode node) {
        double planned = node.number("Workers Planned");
        if (node.measured() && node.number("Workers Launched") < planned) {
            Map<String, @Nullable Object> evidence = evidence("workers_planned", Math.round(planned));
            evidence.put("workers_launched", Math.round(node.number("Workers Launched")));
            add(
                    "plan.workers_missing",
                    node,
                    "got fewer workers than planned",
                    evidence,
                    "max_parallel_workers was used up, or the reading is not allowed workers.");
        }
    }

    private void whole(Map<?, ?> explained) {
        double execution = PlanNode.number(explained, "Execution Time");
        double planning = PlanNode.number(explained, "Planning Time");
        if (explained.get("JIT") instanceof Map<?, ?> jit && jit.get("Timing") instanceof Map<?, ?> timing) {
            double total = PlanNode.number(timing, "Total");
            if (execution >= MILLISECONDS_THAT_MATTER && total / execution >= JIT_SHARE) {
                Map<String, @Nullable Object> evidence = evidence("jit_ms", total);
                evidence.put("functions", jit.get("Functions"));
                add("plan.jit", root, "was compiled (JIT) at a price", evidence, "Compare with SET jit = off.");
            }
        }
        if (root.measured() && planning >= MILLISECONDS_THAT_MATTER && planning > execution) {
            Map<String, @Nullable Object> evidence = evidence("planning_ms", planning);
            evidence.put("execution_ms", execution);
            add(
                    "plan.planning",
                    root,
                    "took longer to plan than to run",
                    evidence,
                    "Prepare it once; fewer partitions or joins.");
        }
        double read = root.number("Shared Read Blocks");
        if (read >= COLD_BLOCKS && read > root.number("Shared Hit Blocks")) {
            Map<String, @Nullable Object> evidence = evidence("blocks_read", Math.round(read));
            evidence.put("blocks_hit", Math.round(root.number("Shared Hit Blocks")));
            double waited = root.number("Shared I/O Read Time") + root.number("I/O Read Time");
            evidence.put("read_ms", waited > 0 ? waited : null);
            add(
                    "plan.cold",
                    root,
                    "read most pages from outside shared_buffers",
                    evidence,
                    "Run again to see it warm.");
        }
    }

    /** Where most of it goes, unless a finding has named that node already. */
    private void costliest() {
        boolean matters =
                root.measured() ? shares.whole() >= MILLISECONDS_THAT_MATTER : shares.whole() >= COST_THAT_MATTERS;
        root.all()
                .filter(node -> matters && shares.share(node) >= COSTLY_SHARE)
                .filter(node -> !node.type().startsWith("Gather"))
                .filter(node -> remarks.stream()
                        .noneMatch(one -> one.finding().subject().equals(PlanLine.name(node))))
                .forEach(node -> add(
                        "plan.costly_node",
                        node,
                        root.measured() ? "takes most of the time itself" : "takes most of the cost itself",
                        new LinkedHashMap<>(),
                        PlanEstimates.costly(node, tables)));
    }

    static void loops(PlanNode node, Map<String, @Nullable Object> evidence) {
        if (node.loops() > 1) {
            evidence.put("loops", Math.round(node.loops()));
        }
    }

    static Map<String, @Nullable Object> evidence(String name, @Nullable Object value) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        evidence.put(name, value);
        return evidence;
    }

    private void add(String id, PlanNode node, String title, Map<String, @Nullable Object> evidence, String advice) {
        add(id, node, Sure.CERTAIN, title, evidence, advice, Optional.empty(), Optional.empty());
    }

    void add(
            String id,
            PlanNode node,
            Sure sure,
            String title,
            Map<String, @Nullable Object> evidence,
            String advice,
            Optional<Finding.Next> next,
            Optional<String> byHand) {
        double share = shares.share(node);
        if (!node.equals(root) || share >= COSTLY_SHARE) {
            evidence.put("share", PlanLine.percent(share));
        }
        boolean warns = id.equals("plan.rows_dropped") || id.equals("plan.misestimate") || share >= SHARE_THAT_MATTERS;
        String name = PlanLine.name(node);
        remarks.add(new Ranked(
                new Finding(
                        id,
                        warns && !id.equals("plan.costly_node") ? Severity.WARNING : Severity.NOTICE,
                        sure,
                        "postgres",
                        name,
                        name + " " + title,
                        evidence,
                        advice,
                        next,
                        byHand),
                share));
    }
}
