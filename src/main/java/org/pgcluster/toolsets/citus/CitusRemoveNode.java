package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
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

/** Forgets a node. */
public final class CitusRemoveNode implements Acts<CitusRemoveNode.Input, NodeLook, NodeOutcome> {
    record Input(@Says("Id or host:port") String node) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.destroys(
                "citus_remove_node",
                "Remove a node",
                Input.class,
                NodeOutcome.class,
                "Takes an empty node out of the cluster. A person approves first.");
    }

    @Override
    public Plan<NodeLook> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        boolean coordinator = node.groupId() == 0;
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "citus_remove_node", ActorRights.Needs.EXECUTE_AND_METADATA));
        checks.add(OnlyCopies.none(citus, node));
        checks.add(Deed.better(
                "it is a worker",
                !coordinator,
                coordinator
                        ? "the coordinator: Citus forgets it silently, and joins of local with distributed tables break"
                        : "group " + node.groupId()));
        checks.add(Deed.noJob(citus));
        checks.add(Candidate.patroni(context, node.where()));
        return new Plan<>(
                "Removes node " + Deed.named(node) + " of group " + node.groupId(),
                NodeLook.of(node, OnlyCopies.on(citus, node)),
                checks,
                List.of(Step.statement(Deed.WHERE, "SELECT pg_catalog.citus_remove_node(" + Deed.at(node) + ")")),
                new Consequences(
                        "Writes to reference tables and DDL wait for it.",
                        "Its copies of reference tables are forgotten. The server itself is left as it is.",
                        "list_nodes",
                        "",
                        coordinator
                                ? "citus_set_coordinator_host with host: " + node.host() + ", port: " + node.port()
                                        + "."
                                : "citus_add_node with host: " + node.host() + ", port: " + node.port() + ", group: "
                                        + node.groupId() + "; it gets a new node id.",
                        "Nothing: it is removed or not.",
                        true,
                        Map.of()));
    }

    @Override
    public NodeOutcome act(Input input, Plan<NodeLook> plan, Hands hands, Context context) {
        List<String> said = hands.run((Step.Statement) plan.steps().get(0)).notices();
        var row = NodeOutcome.row(context, plan.looked().where());
        return new NodeOutcome(
                row.map(node -> plan.looked().where() + " is registered STILL or again, as node " + node.nodeId() + ".")
                        .orElse("Node " + plan.looked().nodeId() + " "
                                + plan.looked().where() + " is removed."),
                row.orElse(null),
                said);
    }
}
