package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** Says where the workers reach the coordinator, and registers it. */
public final class CitusSetCoordinatorHost
        implements Acts<CitusSetCoordinatorHost.Input, CitusSetCoordinatorHost.Looked, NodeOutcome> {
    record Input(
            @Says("As all nodes reach it") String host,

            @Says("Its own port") @Range(min = 1, max = 65_535)
            OptionalInt port) {}

    record Looked(Optional<String> registered) {}

    private record Port(int port) {}

    @Override
    public Declaration<Input, NodeOutcome> declaration() {
        return Declaration.changes(
                "citus_set_coordinator_host",
                "Register the coordinator",
                Input.class,
                NodeOutcome.class,
                "Registers the coordinator under the address by which workers reach it. A person approves first.");
    }

    private static int port(Input input, Citus citus) {
        return input.port()
                .orElseGet(() -> citus.sql()
                        .one(Port.class, "SELECT current_setting('port')::int AS port")
                        .port());
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        int port = port(input, citus);
        String where = input.host() + ":" + port;
        Optional<String> registered = citus.nodes().stream()
                .filter(node -> node.groupId() == 0 && node.primary())
                .map(CitusNode::where)
                .findFirst();
        return new Plan<>(
                "Registers the coordinator as " + where,
                new Looked(registered),
                checks(citus, context, input.host(), port, registered),
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_set_coordinator_host(" + Deed.literal(input.host()) + ", " + port
                                + ")")),
                new Consequences(
                        "DDL waits for it; workers connect to the new address from then on.",
                        "Nothing moves.",
                        "list_nodes, citus_worker_health",
                        "",
                        registered
                                .map(old -> "citus_set_coordinator_host with the old address, " + old + ".")
                                .orElse("citus_remove_node; it was not registered before."),
                        "Nothing: it is registered or not.",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(
            Citus citus, Context context, String host, int port, Optional<String> registered) {
        String where = host + ":" + port;
        Candidate candidate = Candidate.ask(citus, host, port);
        Candidate own = Candidate.own(citus);
        boolean other = citus.nodes().stream()
                .anyMatch(node -> node.groupId() != 0 && node.where().equals(where));
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(
                citus, context, "citus_set_coordinator_host", ActorRights.Needs.EXECUTE_AND_METADATA));
        checks.add(Deed.better(
                "it changes something",
                registered.filter(where::equals).isEmpty(),
                registered
                        .map(old -> old.equals(where) ? "it is registered so already" : "it is registered as " + old)
                        .orElse("the coordinator is not registered")));
        checks.add(Plan.check("no worker has that address", !other, other ? where + " is a worker" : "none"));
        checks.addAll(candidate.checks(own, Verdict.RISKY));
        Candidate.Facts there = candidate.facts();
        Candidate.Facts here = own.facts();
        if (there != null && here != null) {
            boolean same = there.systemIdentifier().equals(here.systemIdentifier());
            checks.add(Deed.better(
                    "it is this coordinator",
                    same && there.group() == 0,
                    same ? "the same system identifier" : "ANOTHER system identifier: a stranger"));
        }
        checks.add(Candidate.patroni(context, where));
        return checks;
    }

    @Override
    public NodeOutcome act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        List<String> said = hands.run((Step.Statement) plan.steps().get(0)).notices();
        String where = input.host() + ":" + port(input, Deed.citus(context));
        var row = NodeOutcome.row(context, where);
        return new NodeOutcome(
                row.map(node -> "The coordinator is registered as node " + node.nodeId() + " " + where + "."
                                + (node.shouldHaveShards()
                                        ? ""
                                        : " It takes no shards unless citus_set_node_property lets it."))
                        .orElse("The metadata does NOT show " + where + "."),
                row.orElse(null),
                said);
    }
}
