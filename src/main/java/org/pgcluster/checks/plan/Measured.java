package org.pgcluster.checks.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * What each node of a plan that ran took itself: its figure without the figures of what ran within it. What ran within
 * is what is below it, except for parts that are asked for by name: those ran within the node that asked.
 */
final class Measured {
    private static final List<String> USES = List.of(
            "Filter",
            "Index Cond",
            "Recheck Cond",
            "Join Filter",
            "Hash Cond",
            "Merge Cond",
            "One-Time Filter",
            "TID Cond",
            "Output");
    private static final Pattern RETURNS = Pattern.compile("returns (\\$\\d+)");

    /** A part that several nodes may have read, in turn. */
    private record Shared(PlanNode cte, List<PlanNode> scans) {}

    private final PlanNode root;
    private final IdentityHashMap<PlanNode, List<PlanNode>> within = new IdentityHashMap<>();
    private final List<Shared> shared = new ArrayList<>();

    private Measured(PlanNode root) {
        this.root = root;
    }

    static Measured of(PlanNode root) {
        Measured measured = new Measured(root);
        root.all()
                .forEach(node -> node.children().stream()
                        .filter(child -> !child.initPlan())
                        .forEach(child -> measured.place(child, node)));
        root.all()
                .forEach(node -> node.children().stream()
                        .filter(PlanNode::initPlan)
                        .forEach(child -> measured.placeNamed(child, node)));
        return measured;
    }

    /** The figure of each node without what ran within it; together they are the figure of the root. */
    IdentityHashMap<PlanNode, Double> own(ToDoubleFunction<PlanNode> figure) {
        IdentityHashMap<PlanNode, Double> own = new IdentityHashMap<>();
        root.all().forEach(node -> own.put(node, without(node, figure)));
        for (Shared one : shared) {
            double left = figure.applyAsDouble(one.cte());
            // A CTE gives its rows one by one to whichever scan is ahead, so that each scan has a part of its time. The
            // first to ask waits for the first row, which is the most of it.
            for (PlanNode scan : descending(one.scans(), own)) {
                double part = Math.min(left, own.getOrDefault(scan, 0.0));
                own.merge(scan, -part, Double::sum);
                left -= part;
            }
        }
        return own;
    }

    private static List<PlanNode> descending(List<PlanNode> nodes, IdentityHashMap<PlanNode, Double> by) {
        return nodes.stream()
                .sorted(Comparator.comparingDouble((PlanNode node) -> -by.getOrDefault(node, 0.0)))
                .toList();
    }

    private double without(PlanNode node, ToDoubleFunction<PlanNode> figure) {
        double below = within.getOrDefault(node, List.of()).stream()
                .mapToDouble(figure)
                .sum();
        return Math.max(0, figure.applyAsDouble(node) - below);
    }

    private void place(PlanNode part, PlanNode whole) {
        within.computeIfAbsent(whole, none -> new ArrayList<>()).add(part);
    }

    private void placeNamed(PlanNode part, PlanNode parent) {
        String name = String.valueOf(part.text("Subplan Name"));
        if (name.startsWith("CTE ")) {
            shared.add(new Shared(
                    part,
                    parent.all()
                            .filter(node -> node.type().equals("CTE Scan"))
                            .filter(node -> node.is("CTE Name", name.substring(4)))
                            .toList()));
        } else {
            place(part, asker(part, parent, name));
        }
    }

    /** It ran when its value was first needed, so within a node that names it, not within its parent. */
    @SuppressWarnings("ReferenceEquality") // Two nodes may look the same and are still two.
    private PlanNode asker(PlanNode asked, PlanNode parent, String name) {
        var returns = RETURNS.matcher(name);
        Pattern called = Pattern.compile(Pattern.quote(returns.find() ? returns.group(1) : name) + "(?!\\d)");
        List<PlanNode> naming = new ArrayList<>();
        parent.children().stream().filter(child -> child != asked).forEach(child -> addNaming(child, called, naming));
        if (uses(parent, called)) {
            naming.add(0, parent);
        }
        // Nodes above the one that needed it repeat its name, but have no time left of their own for it. A Limit does
        // not
        // tell what it needs; it is the parent then.
        return naming.stream()
                .filter(node -> without(node, PlanNode::milliseconds) >= asked.milliseconds())
                .reduce((upper, lower) -> lower)
                .or(() ->
                        naming.stream().max(Comparator.comparingDouble(node -> without(node, PlanNode::milliseconds))))
                .orElse(parent);
    }

    /** Workers are given the values that they need, so that a Gather asks for all that is named below it. */
    private static void addNaming(PlanNode node, Pattern called, List<PlanNode> naming) {
        if (node.type().startsWith("Gather")) {
            if (node.all().anyMatch(below -> uses(below, called))) {
                naming.add(node);
            }
            return;
        }
        if (uses(node, called)) {
            naming.add(node);
        }
        node.children().forEach(child -> addNaming(child, called, naming));
    }

    private static boolean uses(PlanNode node, Pattern called) {
        return USES.stream()
                .anyMatch(name ->
                        called.matcher(String.valueOf(node.figures().get(name))).find());
    }
}
