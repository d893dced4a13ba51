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

/** Copies the metadata to a node anew. */
public final class CitusSyncMetadata implements Acts<CitusSyncMetadata.Input, NodeLook, NodeOutcome> {
    record Input(@Says("Id or host:port") String node) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.changes(
                "citus_sync_metadata",
                "Sync metadata",
                Input.class,
                NodeOutcome.class,
                "Copies the coordinator's metadata to a node anew. A person approves first.");
    }

    @Override
    public Plan<NodeLook> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "start_metadata_sync_to_node", ActorRights.Needs.SUPERUSER));
        checks.add(Plan.check("it is a worker", node.groupId() != 0, node.kind()));
        checks.add(Plan.check(
                "it is an active primary",
                node.isAsked(),
                node.active() ? node.role() : "inactive: citus_activate_node"));
        checks.add(Deed.better(
                "it needs it",
                !node.metadataSynced(),
                node.metadataSynced() ? "it is marked as synced" : "not synced"));
        checks.addAll(Candidate.ask(citus, node.host(), node.port()).checks(Candidate.own(citus), Verdict.FAILS));
        return new Plan<>(
                "Copies the metadata to node " + Deed.named(node),
                NodeLook.of(node, 0),
                checks,
                List.of(Step.statement(
                        Deed.WHERE, "SELECT pg_catalog.start_metadata_sync_to_node(" + Deed.at(node) + ")")),
                new Consequences(
                        "DDL, and queries that come through that node, wait until it ends.",
                        "Metadata only: it is deleted there and written anew, in one transaction.",
                        "list_nodes",
                        "operation_cancel rolls it back.",
                        "Nothing to undo.",
                        "Nothing: it is copied or not.",
                        false,
                        Map.of()));
    }

    @Override
    public NodeOutcome act(Input input, Plan<NodeLook> plan, Hands hands, Context context) {
        return NodeOutcome.after(
                plan,
                hands,
                context,
                row -> "Node " + row.nodeId() + " " + row.where()
                        + (row.metadataSynced() ? " has the metadata." : " is NOT marked as synced."));
    }
}
