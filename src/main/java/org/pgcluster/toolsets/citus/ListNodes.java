package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Page;
import org.pgcluster.citus.Round;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Every registered node, and what each says of itself. */
public final class ListNodes implements Reads<ListNodes.Input, ListNodes.Output> {
    record Input(
            @Says("Most rows") @Default("200") @Range(min = 1, max = 1000)
            int limit,

            @Says("Rows to skip") @Default("0") @Range(min = 0, max = 1_000_000)
            int offset,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Row> nodes, Rest rest, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            String asked = unavailable.isEmpty() ? "" : ", " + unavailable.size() + " of them did not answer";
            return Parts.many(rest.total(), "node") + asked + "." + Parts.unread(nodes, Row::unknownSizes);
        }
    }

    /** What only the node itself can say is missing where it did not answer. Secondaries and inactive nodes are not asked. */
    record Row(
            int nodeId,
            int groupId,
            String where,
            String kind,
            String role,
            boolean active,
            boolean hasMetadata,
            boolean metadataSynced,
            boolean shouldHaveShards,
            String rack,
            @Nullable String nodeCluster,
            @Nullable Boolean answers,
            @Nullable Boolean inRecovery,
            long placements,
            @Nullable Long missing,
            @Nullable Long bytes,
            @Nullable Long unknownSizes,
            @Nullable Long diskFreeBytes) {}

    private record Count(int groupId, long placements) {}

    private static final String PLACEMENTS = """
            SELECT groupid AS group_id, count(*) AS placements FROM pg_dist_placement GROUP BY groupid ORDER BY groupid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "list_nodes",
                "List nodes",
                Input.class,
                Output.class,
                "Citus nodes with id, address, role, flags of pg_dist_node, whether each answers, its shards, bytes and"
                        + " free disk.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        List<Count> counts = citus.sql().list(Count.class, PLACEMENTS);
        Round<NodeState> states = NodeState.ask(citus);
        List<Row> rows = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            long placements = counts.stream()
                    .filter(count -> count.groupId() == node.groupId())
                    .mapToLong(Count::placements)
                    .sum();
            rows.add(row(node, placements, states.of(node.nodeId())));
        }
        Page<Row> page = Page.of(
                "list_nodes",
                rows,
                row -> List.of((long) row.groupId(), (long) row.nodeId()),
                input.limit(),
                input.offset(),
                input.cursor());
        return new Output(page.rows(), page.rest(), Parts.unavailable(states.silent()));
    }

    private static Row row(CitusNode node, long placements, Optional<NodeState> state) {
        return new Row(
                node.nodeId(),
                node.groupId(),
                node.where(),
                node.kind(),
                node.isClone() ? "clone" : node.role(),
                node.active(),
                node.hasMetadata(),
                node.metadataSynced(),
                node.shouldHaveShards(),
                node.rack(),
                node.ofThisCluster() ? null : node.nodeCluster(),
                node.isAsked() ? state.isPresent() : null,
                state.map(NodeState::inRecovery).orElse(null),
                placements,
                state.map(NodeState::missing).orElse(null),
                state.map(NodeState::bytes).orElse(null),
                state.map(NodeState::unknownSizes)
                        .filter(unknown -> unknown > 0)
                        .orElse(null),
                state.map(NodeState::diskFreeBytes).orElse(null));
    }
}
