package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.pgcluster.checks.plan.PlanLine;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.checks.plan.PlanShares;

/** The coordinator's tree with that of a task below each distributed scan: the slowest one, or all of them. */
final class ExplainTree {
    private static final String FIGURES = " | rows ";

    private final boolean allTasks;
    private final boolean figures;
    private final UnaryOperator<String> shown;
    private final List<String> lines = new ArrayList<>();

    /** {@code shown} leaves out of a condition what may not leave. */
    ExplainTree(boolean allTasks, boolean figures, UnaryOperator<String> shown) {
        this.shown = shown;
        this.allTasks = allTasks;
        this.figures = figures;
    }

    List<String> of(Map<?, ?> explained) {
        add(explained, 0);
        return List.copyOf(lines);
    }

    private void add(Map<?, ?> explained, int depth) {
        if (explained.get("Plan") instanceof Map<?, ?> plan) {
            add(PlanNode.root(plan), depth);
        }
    }

    private void add(PlanNode root, int depth) {
        PlanShares shares = PlanShares.of(root);
        root.all().forEach(node -> {
            line(depth, PlanLine.line(node, shares, shown));
            below(node, depth + node.depth() + 1);
        });
    }

    private void below(PlanNode node, int depth) {
        for (Map<?, ?> source : ExplainParts.maps(node.figures().get("Select Query"))) {
            add(source, depth);
        }
        if (!(node.figures().get("Distributed Query") instanceof Map<?, ?> distributed)) {
            return;
        }
        int number = 0;
        for (Map<?, ?> computed : ExplainParts.maps(distributed.get("Subplans"))) {
            number++;
            Object bytes = computed.get("Intermediate Data Size");
            line(depth, "Subplan " + number + (bytes == null ? "" : ", " + bytes + " of rows"));
            ExplainParts.maps(computed.get("PlannedStmt")).forEach(planned -> add(planned, depth + 1));
        }
        tasks(distributed, depth);
    }

    private void tasks(Map<?, ?> distributed, int depth) {
        ExplainParts job = ExplainParts.of(Map.of("Plan", Map.of("Distributed Query", distributed)));
        ExplainParts.Part part = job.all().get(job.all().size() - 1);
        List<ExplainParts.Task> tasks = part.shown();
        if (!allTasks) {
            tasks = tasks.stream()
                    .sorted(Comparator.comparing((ExplainParts.Task task) -> !task.planned())
                            .thenComparing(task -> task.ms() == null ? 0 : -task.ms()))
                    .limit(1)
                    .toList();
        }
        for (ExplainParts.Task task : tasks) {
            String which = part.tasks() == 1 ? "Task" : allTasks ? "Task" : "One of " + part.tasks() + " tasks";
            line(
                    depth,
                    which
                            + (task.planned() ? " on " + task.node() : ": no plan, its node gave none")
                            + (task.ms() == null ? "" : ", " + task.ms() + " ms"));
            task.plans().forEach(plan -> add(plan, depth + 1));
        }
    }

    private void line(int depth, String text) {
        int figuresAt = text.indexOf(FIGURES);
        lines.add("  ".repeat(depth) + (figures || figuresAt < 0 ? text : text.substring(0, figuresAt)));
    }
}
