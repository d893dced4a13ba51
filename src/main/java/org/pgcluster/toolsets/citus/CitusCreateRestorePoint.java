package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.shape.InWords;
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

/** Writes a point into the WAL of every node to which all of them can be restored together. */
public final class CitusCreateRestorePoint
        implements Acts<CitusCreateRestorePoint.Input, CitusCreateRestorePoint.Looked, CitusCreateRestorePoint.Output> {
    /** What PostgreSQL keeps of a name. */
    private static final int LONGEST = 63;

    record Input(@Says("At most 63 bytes") String name) {}

    record Looked(String name, List<String> nodes) {}

    record Output(String name, String lsn, int nodes) implements InWords {
        @Override
        public String inWords() {
            return "Restore point " + name + " is written on " + Parts.many(nodes, "node") + ", on the coordinator at "
                    + lsn + "; recovery_target_name takes it.";
        }
    }

    private record Archiving(String mode) {}

    private record Written(String lsn) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_create_restore_point",
                "Create a restore point",
                Input.class,
                Output.class,
                "Marks a point in the WAL of all nodes to restore them to together. A person approves first.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        int length = input.name().getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        List<Check> checks = new ArrayList<>();
        checks.addAll(ActorRights.toCall(citus, context, "citus_create_restore_point", ActorRights.Needs.SUPERUSER));
        checks.add(Plan.check(
                "the name fits", length > 0 && length <= LONGEST, length + " of at most " + LONGEST + " bytes"));
        Round<Archiving> round = citus.everywhere(Archiving.class, "SELECT current_setting('archive_mode') AS mode");
        round.silent().forEach(one -> checks.add(new Check(one.where() + " answers", Verdict.FAILS, one.why())));
        List<String> without = round.told().stream()
                .filter(told -> told.row().mode().equals("off"))
                .map(told -> citus.where(told.nodeId()))
                .toList();
        checks.add(Deed.better(
                "every node archives its WAL",
                without.isEmpty(),
                without.isEmpty()
                        ? "archive_mode is on"
                        : "archive_mode is off on " + String.join(", ", without)
                                + ": without an archive or a streaming receiver the point serves nobody"));
        return new Plan<>(
                "Writes restore point " + input.name() + " on every node",
                new Looked(input.name(), citus.nodes().stream().map(Deed::named).toList()),
                checks,
                List.of(Step.statement(
                        Deed.WHERE,
                        "SELECT pg_catalog.citus_create_restore_point(" + Deed.literal(input.name())
                                + ")::text AS lsn")),
                new Consequences(
                        "Distributed writes and DDL wait on every node for the moment that it takes.",
                        "One WAL record on each node.",
                        "",
                        "",
                        "Nothing to undo.",
                        "A point that not every node has is good for nothing; the name can be used again.",
                        false,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        String lsn = hands.list((Step.Statement) plan.steps().get(0), Written.class)
                .get(0)
                .lsn();
        long nodes = Deed.citus(context).nodes().stream()
                .filter(node -> node.isAsked())
                .count();
        return new Output(input.name(), lsn, (int) nodes);
    }
}
