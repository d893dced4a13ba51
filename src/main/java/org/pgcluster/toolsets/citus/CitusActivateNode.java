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
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Lets a disabled node take part again. */
public final class CitusActivateNode implements Acts<CitusActivateNode.Input, NodeLook, NodeOutcome> {
    record Input(@Says("Id or host:port") String node) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.changes(
                "citus_activate_node",
                "Activate a node",
                Input.class,
                NodeOutcome.class,
                "Lets a disabled node take part again and copies the metadata to it. A person approves first.");
    }

    @Override
    public Plan<NodeLook> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "citus_activate_node", ActorRights.Needs.SUPERUSER));
        checks.add(Deed.better("it is inactive", !node.active(), node.active() ? "it is active already" : "yes"));
        checks.addAll(Candidate.ask(citus, node.host(), node.port()).checks(Candidate.own(citus), Verdict.FAILS));
        return new Plan<>(
                "Activates node " + Deed.named(node),
                NodeLook.of(node, 0),
                checks,
                List.of(Step.statement(Deed.WHERE, "SELECT pg_catalog.citus_activate_node(" + Deed.at(node) + ")")),
                new Consequences(
                        "DDL waits while the metadata is copied to the node.",
                        "Metadata is copied; no shard moves. Its stale copies of reference tables are forgotten:"
                                + " citus_replicate_reference_tables makes them anew.",
                        "list_nodes",
                        "operation_cancel rolls it back.",
                        "citus_disable_node, while it holds the only copy of no shard.",
                        "Nothing: it is active or not.",
                        false,
                        Map.of()));
    }

    @Override
    public NodeOutcome act(Input input, Plan<NodeLook> plan, Hands hands, Context context) {
        return NodeOutcome.after(
                plan,
                hands,
                context,
                row -> "Node " + row.nodeId() + " " + row.where() + " is " + (row.active() ? "active" : "NOT active")
                        + (row.metadataSynced() ? " and has the metadata." : "; its metadata is not synced yet."));
    }
}
