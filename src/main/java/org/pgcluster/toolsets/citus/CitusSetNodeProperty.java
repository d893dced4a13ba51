package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** Says whether a node takes shards; none moves by that. */
public final class CitusSetNodeProperty
        implements Acts<CitusSetNodeProperty.Input, CitusSetNodeProperty.Looked, CitusSetNodeProperty.Output> {
    record Input(
            @Says("Id or host:port") String node,
            @Says("Whether it takes shards") boolean shouldHaveShards) {}

    record Looked(int nodeId, String where, boolean takesShards) {}

    record Output(String node, boolean shouldHaveShards, long shards) implements InWords {
        @Override
        public String inWords() {
            return node + (shouldHaveShards ? " takes shards" : " takes no new shards") + "; it holds " + shards
                    + " now."
                    + (shouldHaveShards || shards == 0 ? "" : " citus_drain_node moves them away.");
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_set_node_property",
                "Whether a node takes shards",
                Input.class,
                Output.class,
                "Says whether a node takes shards; moves none. Mends what a failed drain left. Plans first; a person"
                        + " approves.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        CitusNode node = citus.node(input.node());
        long others = citus.nodes().stream()
                .filter(one -> one.holdsShards() && one.nodeId() != node.nodeId())
                .count();
        boolean coordinator = node.groupId() == 0 && input.shouldHaveShards();
        Check changes = Deed.better(
                "it changes something",
                node.shouldHaveShards() != input.shouldHaveShards(),
                "shouldhaveshards is " + node.shouldHaveShards());
        Check left = Deed.better(
                "another node is left for new shards",
                input.shouldHaveShards() || others > 0,
                Parts.many(others, "other node") + " would take them");
        Check worker = Deed.better(
                "it is no coordinator",
                !coordinator,
                coordinator ? "shards will compete with planning there" : node.kind());
        List<Check> checks = new ArrayList<>(
                List.of(changes, left, worker, Plan.check("it is a primary", node.primary(), node.role())));
        checks.addAll(
                ActorRights.toCall(citus, context, "citus_set_node_property", ActorRights.Needs.EXECUTE_AND_METADATA));
        return new Plan<>(
                "Sets shouldhaveshards of node " + Deed.named(node) + " to " + input.shouldHaveShards(),
                new Looked(node.nodeId(), node.where(), node.shouldHaveShards()),
                checks,
                List.of(step(node, input.shouldHaveShards())),
                new Consequences(
                        "Nothing.",
                        "Nothing moves; new tables and rebalances go by it from now on.",
                        "list_nodes",
                        "",
                        "citus_set_node_property with should_have_shards: " + node.shouldHaveShards() + ".",
                        "",
                        false,
                        Map.of()));
    }

    static Step.Statement step(CitusNode node, boolean takes) {
        return Step.statement(
                Deed.WHERE,
                "SELECT pg_catalog.citus_set_node_property(" + Deed.at(node) + ", 'shouldhaveshards', " + takes + ")");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        hands.run((Step.Statement) plan.steps().get(0));
        Deed.Held now = Deed.placements(context).stream()
                .filter(one -> one.nodeId() == plan.looked().nodeId())
                .findFirst()
                .orElseThrow();
        return new Output(now.nodeId() + " " + now.where(), now.takesShards(), now.shards());
    }
}
