package org.pgcluster.toolsets.citus;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.shape.InWords;
import org.pgcluster.tool.Context;

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
