package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.shape.Range;
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

/** Points a node of the metadata at another address, such as the standby that took over. */
public final class CitusUpdateNode implements Acts<CitusUpdateNode.Input, NodeLook, NodeOutcome> {
    record Input(
            @Says("Id or host:port") String node,
            @Says("New") String host,

            @Says("New") @Range(min = 1, max = 65_535) int port) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.changes(
                "citus_update_node",
                "Change a node's address",
                Input.class,
                NodeOutcome.class,
                "Points a node at another address, such as a promoted standby. A person approves first.");
    }

    @Override
    public Plan<NodeLook> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        String where = input.host() + ":" + input.port();
        return new Plan<>(
                "Points node " + Deed.named(node) + " of group " + node.groupId() + " at " + where,
                NodeLook.of(node, 0),
                checks(citus, context, node, input, where),
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_update_node(" + node.nodeId() + ", " + Deed.literal(input.host())
                                + ", " + input.port() + ")")),
                new Consequences(
                        "It waits for statements on that node's shards and holds new ones until it commits.",
                        "Nothing moves: what the new address serves is taken for the shards of this node, unchecked.",
                        "list_nodes, citus_worker_health",
                        "operation_cancel rolls it back.",
                        "citus_update_node with node: " + node.nodeId() + ", host: " + node.host() + ", port: "
                                + node.port() + ".",
                        "Nothing: it is changed or not.",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(Citus citus, Context context, CitusNode node, Input input, String where) {
        boolean same = node.where().equals(where);
        boolean taken =
                !same && citus.nodes().stream().anyMatch(one -> one.where().equals(where));
        Candidate candidate = Candidate.ask(citus, input.host(), input.port());
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "citus_update_node", ActorRights.Needs.EXECUTE_AND_METADATA));
        checks.add(Deed.better("it changes something", !same, same ? "it has that address already" : node.where()));
        checks.add(Plan.check("no other node has that address", !taken, taken ? where + " is registered" : "none"));
        // Citus itself does not look, so that a server that comes later can be registered in an emergency.
        checks.addAll(candidate.checks(Candidate.own(citus), Verdict.RISKY));
        Candidate.Facts facts = candidate.facts();
        if (facts != null) {
            checks.add(Deed.better(
                    "it belongs to group " + node.groupId(),
                    facts.group() == node.groupId(),
                    "it takes itself for group " + facts.group()));
            checks.add(sameServer(citus, node, facts));
        }
        checks.addAll(Candidate.patroni(context, node, where));
        return checks.stream().distinct().toList();
    }

    /** A standby has the system identifier of its primary, a stranger another one. */
    private static Check sameServer(Citus citus, CitusNode node, Candidate.Facts facts) {
        Candidate.Facts old = Candidate.ask(citus, node.host(), node.port()).facts();
        return old == null
                ? new Check(
                        "it has the same data",
                        Verdict.UNKNOWN,
                        node.where() + " does not answer, so its system identifier cannot be compared")
                : Deed.better(
                        "it has the same data",
                        old.systemIdentifier().equals(facts.systemIdentifier()),
                        old.systemIdentifier().equals(facts.systemIdentifier())
                                ? "the same system identifier"
                                : "ANOTHER system identifier: it is no copy of " + node.where());
    }

    @Override
    public NodeOutcome act(Input input, Plan<NodeLook> plan, Hands hands, Context context) {
        String wanted = input.host() + ":" + input.port();
        return NodeOutcome.after(
                plan,
                hands,
                context,
                row -> "Node " + row.nodeId()
                        + (row.where().equals(wanted)
                                ? " is now at "
                                : " is NOT changed, or was changed back: it is at ")
                        + row.where() + ".");
    }
}
