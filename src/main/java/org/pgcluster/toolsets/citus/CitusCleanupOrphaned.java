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
import org.pgcluster.tool.Step;

/** Removes at once what moves and splits left behind and Citus wrote down. */
public final class CitusCleanupOrphaned
        implements Acts<CitusCleanupOrphaned.Input, CitusCleanupOrphaned.Looked, CitusCleanupOrphaned.Output> {
    record Input() {}

    /** The records themselves come and go while Citus cleans up by itself. */
    record Looked(String what) {}

    record Output(long before, long after, List<Leftover> left, List<String> said) implements InWords {
        @Override
        public String inWords() {
            return "Removed " + Math.max(0, before - after) + " of " + Parts.many(before, "recorded leftover") + "."
                    + (after == 0 ? "" : " " + after + " are left: still in use, or their node does not answer.");
        }
    }

    record Leftover(String kind, String name, String node) {}

    private static final String RECORDS = """
            SELECT CASE object_type WHEN 1 THEN 'shard' WHEN 2 THEN 'subscription' WHEN 3 THEN 'replication slot'
                        WHEN 4 THEN 'publication' WHEN 5 THEN 'user' WHEN 6 THEN 'database' ELSE object_type::text END AS kind,
                   object_name AS name,
                   coalesce((SELECT nodename || ':' || nodeport FROM pg_dist_node AS node
                              WHERE node.groupid = record.node_group_id AND noderole = 'primary' LIMIT 1),
                            'group ' || node_group_id) AS node
              FROM pg_dist_cleanup AS record ORDER BY record_id
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "citus_cleanup_orphaned",
                "Clean up leftovers",
                Input.class,
                Output.class,
                "Drops what moves and splits left behind and Citus recorded. A person approves first.");
    }

    private static List<Leftover> records(Citus citus) {
        return citus.sql().list(Leftover.class, RECORDS);
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        List<Leftover> records = records(citus);
        List<Check> checks = new ArrayList<>();
        checks.add(Deed.better("something is recorded", !records.isEmpty(), Parts.many(records.size(), "record")));
        var unknown = citus.nodes().stream()
                .filter(node -> node.primary() && !node.active())
                .toList();
        checks.add(Deed.better(
                "every node can be cleaned",
                unknown.isEmpty(),
                unknown.isEmpty() ? "all are active" : unknown.get(0).where() + " is inactive"));
        String names = String.join(
                ", ",
                records.stream()
                        .limit(50)
                        .map(one -> one.kind() + " " + one.name() + " on " + one.node())
                        .toList());
        return new Plan<>(
                "Drops " + Parts.many(records.size(), "recorded leftover") + " of moves and splits",
                new Looked("pg_dist_cleanup"),
                checks,
                List.of(Step.statement(Deed.WHERE, "CALL pg_catalog.citus_cleanup_orphaned_resources()")),
                new Consequences(
                        "Nothing that is in use: Citus skips what a running operation holds.",
                        records.isEmpty()
                                ? "Nothing is recorded."
                                : "Dropped: " + names + (records.size() > 50 ? " and more" : "")
                                        + ". All are copies that no metadata points at.",
                        "citus_leftovers",
                        "operation_cancel; the rest stays recorded.",
                        "Nothing: what is dropped is gone, and the data lies elsewhere.",
                        "What is not dropped stays recorded; Citus tries again by itself.",
                        false,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        long before = records(Deed.citus(context)).size();
        List<String> said = hands.run((Step.Statement) plan.steps().get(0)).notices();
        List<Leftover> left = records(Deed.citus(context));
        return new Output(before, left.size(), left, said);
    }
}
