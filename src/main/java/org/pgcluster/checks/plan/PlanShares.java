package org.pgcluster.checks.plan;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * What each node takes itself, in milliseconds where they were measured and in cost where not, so that all shares
 * together are the whole.
 */
public final class PlanShares {
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

    private final PlanNode root;
    private final IdentityHashMap<PlanNode, List<PlanNode>> within = new IdentityHashMap<>();
    private final IdentityHashMap<PlanNode, Double> own = new IdentityHashMap<>();

    private PlanShares(PlanNode root) {
        this.root = root;
    }

    public static PlanShares of(PlanNode root) {
        PlanShares shares = new PlanShares(root);
        if (root.measured()) {
            root.all().forEach(shares::placeChildren);
            root.all().filter(PlanNode::initPlan).filter(node -> !cte(node)).forEach(shares::placeAsked);
            root.all().filter(PlanShares::cte).forEach(shares::placeCte);
            root.all().forEach(node -> shares.own.put(node, shares.without(node, PlanNode::milliseconds)));
        } else {
            shares.spread(root, root.number("Total Cost"));
        }
        return shares;
    }

    public double own(PlanNode node) {
        return own.getOrDefault(node, 0.0);
    }

    public double whole() {
        return root.measured() ? root.milliseconds() : root.number("Total Cost");
    }

    public double share(PlanNode node) {
        return whole() <= 0 ? 0 : own(node) / whole();
    }

    public double ownBlocks(PlanNode node, String kind) {
        return root.measured() ? without(node, one -> one.number(kind)) : 0;
    }

    private double without(PlanNode node, ToDoubleFunction<PlanNode> figure) {
        double below = within.getOrDefault(node, List.of()).stream()
                .mapToDouble(figure)
                .sum();
        return Math.max(0, figure.applyAsDouble(node) - below);
    }

    private void placeChildren(PlanNode node) {
        node.children().stream().filter(child -> !child.initPlan()).forEach(child -> place(child, node));
    }

    private void place(PlanNode part, PlanNode whole) {
        within.computeIfAbsent(whole, none -> new ArrayList<>()).add(part);
    }

    private static boolean cte(PlanNode node) {
        return node.initPlan() && String.valueOf(node.text("Subplan Name")).startsWith("CTE ");
    }

    /** It runs when its value is first needed, so its time is within the node that names it, not within its parent. */
    private void placeAsked(PlanNode asked) {
        String name = String.valueOf(asked.text("Subplan Name"));
        var returns = RETURNS.matcher(name);
        Pattern called = Pattern.compile(
                returns.find() ? Pattern.quote(returns.group(1)) + "(?!\\d)" : Pattern.quote(name) + "(?!\\d)");
        root.all()
                .filter(node -> !node.equals(asked) && uses(node, called))
                .filter(node -> node.milliseconds() >= asked.milliseconds())
                .reduce((upper, lower) -> lower)
                .ifPresent(node -> place(asked, node));
    }

    private static boolean uses(PlanNode node, Pattern called) {
        return USES.stream()
                .anyMatch(name ->
                        called.matcher(String.valueOf(node.figures().get(name))).find());
    }

    /** The first scan of it makes it run; that one has the time. */
    private void placeCte(PlanNode cte) {
        String name = String.valueOf(cte.text("Subplan Name")).substring(4);
        root.all()
                .filter(node -> node.is("CTE Name", name))
                .max((one, other) ->
                        Double.compare(without(one, PlanNode::milliseconds), without(other, PlanNode::milliseconds)))
                .ifPresent(scan -> place(cte, scan));
    }

    /** A node's cost holds what is below it, as often as that is repeated and no more than there is. */
    private void spread(PlanNode node, double budget) {
        double cost = node.number("Total Cost");
        double runs = cost <= 0 || node.type().equals("Materialize") ? 1 : budget / cost;
        double left = budget;
        for (boolean repeated : new boolean[] {false, true}) {
            for (PlanNode child : node.children()) {
                double repeats = repeats(node, child);
                if (repeats > 1 == repeated) {
                    double part = Math.min(left, child.number("Total Cost") * repeats * runs);
                    spread(child, part);
                    left -= part;
                }
            }
        }
        own.put(node, left);
    }

    private static double repeats(PlanNode node, PlanNode child) {
        if (child.is("Parent Relationship", "SubPlan")) {
            String name = String.valueOf(child.text("Subplan Name"));
            boolean hashed = String.valueOf(node.figures()).contains("hashed " + name);
            // The planner takes such a condition to hold for every second row.
            boolean filters = String.valueOf(node.text("Filter")).contains(name);
            return hashed ? 1 : node.number("Plan Rows") * (filters ? 2 : 1);
        }
        return node.type().equals("Nested Loop") && child.is("Parent Relationship", "Inner")
                ? Math.max(1, node.children().get(0).number("Plan Rows"))
                : 1;
    }
}
