package org.pgcluster.toolsets.citus;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;

/** A node as the metadata has it after an act; without one where it is gone. */
record NodeOutcome(String outcome, @Nullable Row node, List<String> said) implements InWords {
    record Row(
            int nodeId,
            int group,
            String where,
            String role,
            boolean active,
            boolean shouldHaveShards,
            boolean metadataSynced,
            long shards,
            long referenceCopies) {}

    @Override
    public String inWords() {
        return outcome;
    }

    /** Takes the plan's one step, and tells of the node as it stands afterwards. */
    static NodeOutcome after(Plan<NodeLook> plan, Hands hands, Context context, Function<Row, String> inWords) {
        List<String> said = hands.run((Step.Statement) plan.steps().get(0)).notices();
        Row row = row(context, String.valueOf(plan.looked().nodeId())).orElseThrow();
        return new NodeOutcome(inWords.apply(row), row, said);
    }

    static Optional<Row> row(Context context, String named) {
        Citus citus = Deed.citus(context);
        return citus.nodes().stream()
                .filter(node -> node.where().equals(named)
                        || String.valueOf(node.nodeId()).equals(named))
                .findFirst()
                .map(node -> row(context, node));
    }

    private static Row row(Context context, CitusNode node) {
        var held = Deed.placements(context).stream()
                .filter(one -> one.nodeId() == node.nodeId())
                .findFirst();
        return new Row(
                node.nodeId(),
                node.groupId(),
                node.where(),
                node.role(),
                node.active(),
                node.shouldHaveShards(),
                node.metadataSynced(),
                held.map(Deed.Held::shards).orElse(0L),
                held.map(Deed.Held::referenceCopies).orElse(0L));
    }
}
