package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
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

/** Registers a worker. It is empty until a rebalance. */
public final class CitusAddNode implements Acts<CitusAddNode.Input, CitusAddNode.Looked, NodeOutcome> {
    record Input(
            @Says("As all nodes reach it") String host,

            @Says("Port") @Range(min = 1, max = 65_535) int port,

            @Says("A free one") @Range(min = 0, max = 65_535)
            OptionalInt group) {}

    record Looked(String where, int group, List<String> nodes) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.changes(
                "citus_add_node",
                "Add a node",
                Input.class,
                NodeOutcome.class,
                "Registers a new worker; it stays empty until a rebalance. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        String where = input.host() + ":" + input.port();
        // Where others numbered the groups, Citus' own counter stands still and gives a number that is taken.
        int group = input.group()
                .orElseGet(() -> 1
                        + citus.nodes().stream()
                                .mapToInt(CitusNode::groupId)
                                .max()
                                .orElse(0));
        return new Plan<>(
                "Adds " + where + " as the primary of group " + group,
                new Looked(where, group, citus.nodes().stream().map(Deed::named).toList()),
                checks(citus, context, input, where, group),
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_add_node(" + Deed.literal(input.host()) + ", " + input.port() + ", "
                                + group + ") AS node_id")),
                new Consequences(
                        "DDL waits while the metadata is copied to the node.",
                        "No shard moves: citus_rebalance_execute fills the node. Roles, types, functions and metadata are"
                                + " created there, copies of reference tables with the first rebalance.",
                        "list_nodes",
                        "operation_cancel rolls it back.",
                        "citus_remove_node, while it holds no shard.",
                        "Nothing: it is registered or not.",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(Citus citus, Context context, Input input, String where, int group) {
        Candidate own = Candidate.own(citus);
        Candidate candidate = Candidate.ask(citus, input.host(), input.port());
        boolean known = citus.nodes().stream().anyMatch(node -> node.where().equals(where));
        var taken = citus.nodes().stream()
                .filter(node -> node.groupId() == group && node.role().equals("primary"))
                .findFirst();
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "citus_add_node", ActorRights.Needs.SUPERUSER));
        checks.add(
                Deed.better("it is not registered yet", !known, known ? "it is: nothing would change" : "it is not"));
        checks.add(Plan.check(
                "group " + group + " has no primary yet",
                known || taken.isEmpty(),
                taken.map(node -> node.where() + " is").orElse("it is free")));
        checks.addAll(candidate.checks(own, Verdict.FAILS));
        Candidate.Facts facts = candidate.facts();
        if (facts != null) {
            Candidate.Facts mine = own.facts();
            checks.add(Deed.better(
                    "it has no distributed tables of its own",
                    facts.tables() == 0,
                    Parts.many(facts.tables(), "table") + " in its metadata"));
            checks.add(Deed.better(
                    "it is a server of its own",
                    mine == null || !mine.systemIdentifier().equals(facts.systemIdentifier()),
                    mine != null && mine.systemIdentifier().equals(facts.systemIdentifier())
                            ? "the coordinator itself, or a copy of it"
                            : "another than the coordinator"));
            checks.add(Deed.better("it has wal_level logical", facts.walLevel().equals("logical"), facts.walLevel()));
        }
        checks.add(Candidate.patroni(context, where));
        return checks;
    }

    @Override
    public NodeOutcome act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<String> said = hands.run((Step.Statement) plan.steps().get(0)).notices();
        var row = NodeOutcome.row(context, plan.looked().where());
        return new NodeOutcome(
                row.map(node -> "Node " + node.nodeId() + " " + node.where() + " of group " + node.group()
                                + " is registered" + (node.active() ? " and active." : ", NOT active.")
                                + " citus_rebalance_execute gives it shards.")
                        .orElse("The metadata does NOT show " + plan.looked().where() + "."),
                row.orElse(null),
                said);
    }
}
