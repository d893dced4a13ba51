package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** Takes an empty worker out of use without forgetting it. */
public final class CitusDisableNode implements Acts<CitusDisableNode.Input, NodeLook, NodeOutcome> {
    record Input(@Says("Id or host:port") String node) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.changes(
                "citus_disable_node",
                "Disable a node",
                Input.class,
                NodeOutcome.class,
                "Takes a worker out of use that holds no only copy. A person approves first.");
    }

    @Override
    public Plan<NodeLook> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        boolean first = first(citus, node);
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "citus_disable_node", ActorRights.Needs.EXECUTE_AND_METADATA));
        checks.add(Plan.check("it is a worker", node.groupId() != 0, node.kind()));
        checks.add(Deed.better("it is active", node.active(), node.active() ? "yes" : "it is inactive already"));
        checks.add(OnlyCopies.none(citus, node));
        checks.add(Deed.noJob(citus));
        checks.add(Candidate.patroni(context, node.where()));
        return new Plan<>(
                "Disables node " + Deed.named(node),
                NodeLook.of(node, OnlyCopies.on(citus, node)),
                checks,
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_disable_node(" + Deed.at(node) + ", synchronous => " + first + ")")),
                new Consequences(
                        first
                                ? "DDL waits while every node is told; one that is down makes it fail."
                                : "Nothing for long; other nodes are told in the background.",
                        "Nothing moves. Its copies of reference tables go stale; they are made anew once it is active again.",
                        "list_nodes",
                        "",
                        "citus_activate_node with node: " + node.nodeId() + ".",
                        "Nothing: it is disabled or not.",
                        false,
                        Map.of()));
    }

    /** The one that all nodes take their turn at first; Citus disables it only where every node learns of it at once. */
    private static boolean first(Citus citus, CitusNode node) {
        return citus.nodes().stream()
                .filter(one -> one.isAsked() && one.groupId() != 0)
                .min(Comparator.comparing(CitusNode::host).thenComparing(CitusNode::port))
                .filter(one -> one.nodeId() == node.nodeId())
                .isPresent();
    }

    @Override
    public NodeOutcome act(Input input, Plan<NodeLook> plan, Hands hands, Context context) {
        return NodeOutcome.after(
                plan,
                hands,
                context,
                row -> "Node " + row.nodeId() + " " + row.where() + " is "
                        + (row.active() ? "STILL active." : "disabled."));
    }
}
