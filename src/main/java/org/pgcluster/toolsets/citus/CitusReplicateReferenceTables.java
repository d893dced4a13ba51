package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Gives every node its copy of the reference tables. */
public final class CitusReplicateReferenceTables
        implements Acts<
                CitusReplicateReferenceTables.Input,
                CitusReplicateReferenceTables.Looked,
                CitusReplicateReferenceTables.Output> {
    record Input() {}

    record Looked(List<Missing> missing) {}

    record Missing(String table, String node) {}

    record Output(long copied, List<Missing> missing) implements InWords {
        @Override
        public String inWords() {
            return missing.isEmpty()
                    ? "Every node has every reference table; " + copied + " were copied."
                    : "STILL missing: " + Parts.many(missing.size(), "table") + " on some nodes.";
        }
    }

    private record Name(String name) {}

    private static final String MISSING = """
            SELECT shard.logicalrelid::regclass::text AS "table", node.nodename || ':' || node.nodeport AS node
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
              JOIN pg_dist_node AS node ON node.noderole = 'primary' AND node.isactive
                   AND node.nodecluster = current_setting('citus.cluster_name')
             WHERE part.repmodel = 't'
               AND NOT EXISTS (SELECT FROM pg_dist_placement AS place
                                WHERE place.shardid = shard.shardid AND place.groupid = node.groupid)
             ORDER BY 1, 2
            """;

    private static final String NO_IDENTITY = """
            SELECT shell.oid::regclass::text AS name
              FROM pg_dist_partition AS part JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE part.repmodel = 't' AND (shell.relreplident = 'n' OR (shell.relreplident = 'd'
                   AND NOT EXISTS (SELECT FROM pg_index AS key WHERE key.indrelid = shell.oid AND key.indisprimary)))
             ORDER BY 1
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_replicate_reference_tables",
                "Copy reference tables",
                Input.class,
                Output.class,
                "Copies reference tables to the nodes that lack them. A person approves first.");
    }

    private static List<Missing> missing(Citus citus) {
        return citus.sql().list(Missing.class, MISSING);
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        List<Missing> missing = missing(citus);
        List<String> stuck = citus.sql().list(Name.class, NO_IDENTITY).stream()
                .map(Name::name)
                .toList();
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "replicate_reference_tables", ActorRights.Needs.EXECUTE));
        checks.add(Deed.better(
                "a copy is missing",
                !missing.isEmpty(),
                missing.isEmpty()
                        ? "none"
                        : String.join(
                                ", ",
                                missing.stream()
                                        .map(one -> one.table() + " on " + one.node())
                                        .toList())));
        checks.add(new Check(
                "every reference table has a replica identity",
                stuck.isEmpty() ? Verdict.HOLDS : missing.isEmpty() ? Verdict.RISKY : Verdict.FAILS,
                stuck.isEmpty()
                        ? "yes"
                        : "none on " + String.join(", ", stuck) + "; give it a primary key or REPLICA IDENTITY FULL"));
        checks.addAll(Deed.judged(MoveFacts.ofCluster(citus)));
        return new Plan<>(
                "Copies reference tables to where they are missing: " + Parts.many(missing.size(), "table"),
                new Looked(missing),
                checks,
                List.of(Step.statement(Deed.WHERE, "SELECT pg_catalog.replicate_reference_tables('auto')")),
                new Consequences(
                        "Writes to a reference table wait for the end of its copy; reads go on.",
                        Parts.many(missing.size(), "table") + " to copy.",
                        "operation_status",
                        "operation_cancel; finished copies stay.",
                        "Nothing to undo: every node is meant to have them.",
                        "Finished copies stay. " + Deed.LEFTOVERS,
                        false,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        MoveProgress.run((Step.Statement) plan.steps().get(0), hands, context);
        List<Missing> left = missing(Deed.citus(context));
        return new Output(plan.looked().missing().size() - left.size(), left);
    }
}
