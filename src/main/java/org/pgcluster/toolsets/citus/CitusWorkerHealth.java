package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Round;
import org.pgcluster.shape.InWords;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Every node as the coordinator and as each other node reaches it. */
public final class CitusWorkerHealth implements Reads<CitusWorkerHealth.Input, CitusWorkerHealth.Output> {
    private static final double DISK_NEARLY_FULL = 0.1;
    private static final double CONNECTIONS_NEARLY_USED = 0.85;

    record Input() {}

    record Output(List<Row> nodes, List<Broken> unreachable, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            long ill = nodes.stream().filter(node -> !node.problems().isEmpty()).count();
            String paths = unreachable.isEmpty()
                    ? ""
                    : " " + Parts.many(unreachable.size(), "path") + " between nodes broken.";
            return (ill == 0
                            ? "All " + nodes.size() + " nodes answer and nothing is wrong with them."
                            : ill + " of " + Parts.many(nodes.size(), "node") + " have problems.")
                    + paths
                    + (nodes.stream().anyMatch(node -> node.answers() && node.connections() == null)
                            ? " Connections are not counted: this role lacks pg_read_all_stats."
                            : "");
        }
    }

    record Row(
            int nodeId,
            String where,
            String kind,
            boolean answers,
            List<String> problems,
            @Nullable String postgresVersion,
            @Nullable String citusVersion,
            @Nullable String connections,
            @Nullable Long diskFreeBytes,
            @Nullable Double diskFreePercent) {}

    record Broken(String from, String to) {}

    record Path(int toNode, boolean reached) {}

    /** Half a second for each, one after the other: several dead nodes must not use up the whole round. */
    private static final String PATHS = """
            SELECT node.nodeid AS to_node, citus_check_connection_to_node(node.nodename, node.nodeport) AS reached
              FROM (SELECT set_config('citus.node_connection_timeout', '500', true) OFFSET 0) AS patience
             CROSS JOIN pg_dist_node AS node
             WHERE node.isactive AND node.noderole = 'primary' AND patience.set_config IS NOT NULL
               AND node.nodecluster = current_setting('citus.cluster_name')
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_worker_health",
                "Worker health",
                Input.class,
                Output.class,
                "Whether every Citus node answers the coordinator and each other, with versions, role, disk, connections"
                        + " and missing shards.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Citus.Both<Round<NodeState>, Round<Path>> both =
                citus.atOnce(NodeState::ask, asking -> asking.everywhere(Path.class, PATHS));
        Round<NodeState> states = both.one();
        Round<Path> paths = both.other();
        List<Row> rows = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            if (node.primary()) {
                rows.add(row(node, states));
            }
        }
        List<Broken> broken = paths.told().stream()
                .filter(told -> !told.row().reached())
                .map(told -> new Broken(
                        citus.where(told.nodeId()), citus.where(told.row().toNode())))
                .toList();
        return new Output(rows, broken, Parts.unavailable(states, paths));
    }

    private static Row row(CitusNode node, Round<NodeState> states) {
        Optional<NodeState> state = states.of(node.nodeId());
        List<String> problems = new ArrayList<>();
        if (!node.active()) {
            problems.add("inactive in pg_dist_node");
        } else if (state.isEmpty()) {
            problems.add("does not answer");
        }
        if (!node.hasMetadata() || !node.metadataSynced()) {
            problems.add(node.hasMetadata() ? "metadata not synced" : "has no metadata");
        }
        state.ifPresent(told -> judge(node, told, states, problems));
        return new Row(
                node.nodeId(),
                node.where(),
                node.kind(),
                state.isPresent(),
                problems,
                state.map(NodeState::postgresVersion).orElse(null),
                state.map(NodeState::citusVersion).orElse(null),
                state.map(NodeState::connectionsInWords).orElse(null),
                state.map(NodeState::diskFreeBytes).orElse(null),
                state.map(told -> Math.round(told.diskFreeBytes() * 1000.0 / Math.max(1, told.diskTotalBytes())) / 10.0)
                        .orElse(null));
    }

    private static void judge(CitusNode node, NodeState told, Round<NodeState> states, List<String> problems) {
        if (told.inRecovery()) {
            problems.add("is a standby, though registered as primary: writes fail");
        }
        if (told.groupId() != node.groupId()) {
            problems.add("believes to be group " + told.groupId() + ", registered as group " + node.groupId());
        }
        if (told.missing() > 0) {
            problems.add(Parts.many(told.missing(), "placement") + " without a table");
        }
        if (told.invalidIndexes() > 0) {
            problems.add(told.invalidIndexes() == 1 ? "1 invalid index" : told.invalidIndexes() + " invalid indexes");
        }
        if (told.preparedTransactions() > 0) {
            problems.add(Parts.many(told.preparedTransactions(), "prepared transaction") + " older than 2 minutes");
        }
        if (told.diskFreeBytes() < told.diskTotalBytes() * DISK_NEARLY_FULL) {
            problems.add("disk nearly full");
        }
        Long connections = told.connections();
        if (connections != null && connections > told.maxConnections() * CONNECTIONS_NEARLY_USED) {
            problems.add("connections nearly used up");
        }
        long versions = states.rows().stream()
                .map(one -> one.citusVersion() + "/" + one.extensionVersion() + "/" + major(one.postgresVersion()))
                .distinct()
                .count();
        if (versions > 1) {
            problems.add("versions differ between nodes: Citus " + told.citusVersion() + ", extension "
                    + told.extensionVersion() + ", PostgreSQL " + told.postgresVersion());
        }
    }

    private static String major(String version) {
        return version.split("\\D", 2)[0];
    }
}
