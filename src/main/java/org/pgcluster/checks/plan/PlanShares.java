package org.pgcluster.checks.plan;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What each node takes itself, in milliseconds where they were measured and in cost where not, so that all shares
 * together are the whole. Confined to a call.
 */
public final class PlanShares {
    private final PlanNode root;
    private final Optional<Measured> measured;
    private final IdentityHashMap<PlanNode, Double> own;
    private final Map<String, IdentityHashMap<PlanNode, Double>> blocks = new HashMap<>();

    private PlanShares(PlanNode root) {
        this.root = root;
        this.measured = root.measured() ? Optional.of(Measured.of(root)) : Optional.empty();
        this.own = measured.map(ran -> ran.own(PlanNode::milliseconds)).orElseGet(IdentityHashMap::new);
    }

    public static PlanShares of(PlanNode root) {
        PlanShares shares = new PlanShares(root);
        if (!root.measured()) {
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
        return measured.map(ran -> blocks.computeIfAbsent(kind, name -> ran.own(one -> one.number(name))))
                .map(each -> each.getOrDefault(node, 0.0))
                .orElse(0.0);
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
