package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Round;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** One screen over the whole cluster. */
public final class CitusClusterSummary implements Reads<CitusClusterSummary.Input, CitusClusterSummary.Output> {
    record Input(
            @Says("List the workers") @Default("true") boolean includeWorkers,

            @Says("Changed or differing settings") @Default("false")
            boolean includeGucs) {}

    record Output(
            Coordinator coordinator,
            List<Worker> workers,
            Counts counts,
            long bytes,
            long unknownSizes,
            Operations operations,
            List<Setting> gucs,
            List<String> notes,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            return "Citus " + coordinator.citusVersion() + ", " + Parts.many(workerCount(), "worker") + ", "
                    + Parts.many(counts.shards(), "shard") + ", " + Parts.bytes(bytes) + "."
                    + Parts.unread(unknownSizes)
                    + (notes.isEmpty() ? "" : " " + String.join(" ", notes)) + Parts.partial(unavailable);
        }

        private long workerCount() {
            return counts.workers();
        }
    }

    record Coordinator(
            String where,
            boolean registered,
            @Nullable String citusVersion,
            @Nullable String extensionVersion,
            String postgresVersion,
            boolean shouldHaveShards) {}

    record Worker(
            int nodeId,
            String where,
            boolean active,
            boolean shouldHaveShards,
            boolean answers,
            @Nullable String postgresVersion,
            @Nullable Long placements,
            @Nullable Long bytes,
            @Nullable String connections,
            @Nullable Long diskFreeBytes) {}

    record Counts(
            long workers,
            long distributedTables,
            long singleShardTables,
            long schemaTables,
            long referenceTables,
            long citusLocalTables,
            long partitions,
            long colocationGroups,
            long shards,
            long placements) {}

    record Operations(
            long jobsUnfinished,
            long cleanupRecords,
            @Nullable Long oldPreparedTransactions) {}

    record Setting(String name, String value) {}

    record GucOfNode(String name, String value) {}

    private static final String COUNTS = """
            WITH tables AS (
                SELECT shell.relispartition, part.colocationid,
                   {kind} AS kind
                  FROM pg_dist_partition AS part
                  JOIN pg_class AS shell ON shell.oid = part.logicalrelid)
            SELECT (SELECT count(*) FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary'
                       AND nodecluster = current_setting('citus.cluster_name')) AS workers,
                   count(*) FILTER (WHERE kind = 'distributed' AND NOT relispartition) AS distributed_tables,
                   count(*) FILTER (WHERE kind = 'single_shard' AND NOT relispartition) AS single_shard_tables,
                   count(*) FILTER (WHERE kind = 'schema' AND NOT relispartition) AS schema_tables,
                   count(*) FILTER (WHERE kind = 'reference') AS reference_tables,
                   count(*) FILTER (WHERE kind = 'citus_local' AND NOT relispartition) AS citus_local_tables,
                   count(*) FILTER (WHERE relispartition) AS partitions,
                   count(DISTINCT colocationid) FILTER (WHERE colocationid <> 0) AS colocation_groups,
                   (SELECT count(*) FROM pg_dist_shard) AS shards,
                   (SELECT count(*) FROM pg_dist_placement) AS placements
              FROM tables
            """;

    private static final String OPERATIONS = """
            SELECT (SELECT count(*) FROM pg_dist_background_job
                     WHERE state IN ('scheduled', 'running', 'cancelling', 'failing')) AS jobs_unfinished,
                   (SELECT count(*) FROM pg_dist_cleanup) AS cleanup_records
            """;

    private record Right(boolean held) {}

    private record Waiting(long jobsUnfinished, long cleanupRecords) {}

    /** reset_val, because the question itself sets some of them in its session. */
    private static final String GUCS = """
            SELECT name, concat(reset_val, ' ' || unit) AS value FROM pg_settings
             WHERE (name LIKE 'citus.%%' AND reset_val IS DISTINCT FROM boot_val
                    AND name NOT IN ('citus.version', 'citus.local_hostname'))
                OR name IN ('wal_level', 'max_connections', 'max_prepared_transactions', 'max_worker_processes',
                            'max_replication_slots', 'max_wal_senders', 'max_logical_replication_workers',
                            'max_locks_per_transaction', 'shared_preload_libraries', 'citus.max_shared_pool_size',
                            'citus.max_adaptive_executor_pool_size', 'citus.max_client_connections')
             ORDER BY name
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_cluster_summary",
                "Citus cluster summary",
                Input.class,
                Output.class,
                "The Citus cluster on one screen: nodes, versions, tables of each kind, shards, bytes, unfinished jobs.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Capabilities own = context.cluster().capabilities(context.call());
        Counts counts = citus.sql().one(Counts.class, citus.forThisVersion(COUNTS));
        Waiting waiting = citus.sql().one(Waiting.class, OPERATIONS);
        Round<NodeState> states = NodeState.ask(citus);
        List<Worker> workers = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            if (input.includeWorkers() && node.groupId() != 0 && node.primary()) {
                workers.add(worker(node, states.of(node.nodeId())));
            }
        }
        List<Setting> gucs = input.includeGucs() ? settings(citus.everywhere(GucOfNode.class, GUCS), citus) : List.of();
        List<NodeState> rows = states.rows();
        Long prepared = rows.isEmpty()
                ? null
                : Long.valueOf(
                        rows.stream().mapToLong(NodeState::preparedTransactions).sum());
        return new Output(
                coordinator(citus, own, states),
                workers,
                counts,
                rows.stream().mapToLong(NodeState::bytes).sum(),
                rows.stream().mapToLong(NodeState::unknownSizes).sum(),
                new Operations(waiting.jobsUnfinished(), waiting.cleanupRecords(), prepared),
                gucs,
                notes(citus, states, input.includeGucs() && !seesSettings(citus)),
                Parts.unavailable(states.silent()));
    }

    private static boolean seesSettings(Citus citus) {
        return citus.sql()
                .one(Right.class, "SELECT pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS held")
                .held();
    }

    private static Coordinator coordinator(Citus citus, Capabilities own, Round<NodeState> states) {
        Optional<CitusNode> node = citus.nodes().stream()
                .filter(one -> one.groupId() == 0 && one.primary())
                .findFirst();
        Optional<NodeState> state = states.of(node.map(CitusNode::nodeId).orElse(0));
        return new Coordinator(
                node.map(CitusNode::where).orElse("not in pg_dist_node"),
                node.isPresent(),
                state.map(NodeState::citusVersion).orElse(null),
                own.citusVersion().orElse(null),
                own.version(),
                node.map(CitusNode::shouldHaveShards).orElse(false));
    }

    private static Worker worker(CitusNode node, Optional<NodeState> state) {
        return new Worker(
                node.nodeId(),
                node.where(),
                node.active(),
                node.shouldHaveShards(),
                state.isPresent(),
                state.map(NodeState::postgresVersion).orElse(null),
                state.map(NodeState::placements).orElse(null),
                state.map(NodeState::bytes).orElse(null),
                state.map(NodeState::connectionsInWords).orElse(null),
                state.map(NodeState::diskFreeBytes).orElse(null));
    }

    /** One line where all nodes agree, else what each has. */
    private static List<Setting> settings(Round<GucOfNode> round, Citus citus) {
        Map<String, Map<String, Set<Integer>>> byName = new java.util.TreeMap<>();
        round.told()
                .forEach(told -> byName.computeIfAbsent(told.row().name(), name -> new LinkedHashMap<>())
                        .computeIfAbsent(told.row().value(), value -> new TreeSet<>())
                        .add(told.nodeId()));
        List<Setting> settings = new ArrayList<>();
        byName.forEach((name, values) -> {
            boolean alike = values.size() == 1
                    && values.values().iterator().next().size()
                            == round.byNode().size();
            String value = alike
                    ? values.keySet().iterator().next()
                    : values.entrySet().stream()
                            .map(one -> one.getKey() + " on "
                                    + one.getValue().stream().map(citus::where).collect(Collectors.joining(", ")))
                            .collect(Collectors.joining("; "));
            settings.add(new Setting(name, value));
        });
        return settings;
    }

    private static List<String> notes(Citus citus, Round<NodeState> states, boolean settingsHidden) {
        List<String> notes = new ArrayList<>();
        differing(states, "PostgreSQL", NodeState::postgresVersion, citus).ifPresent(notes::add);
        differing(states, "Citus library", NodeState::citusVersion, citus).ifPresent(notes::add);
        differing(states, "Citus extension", NodeState::extensionVersion, citus).ifPresent(notes::add);
        for (CitusNode node : citus.nodes()) {
            if (node.primary() && node.active() && !node.metadataSynced()) {
                notes.add("Metadata of " + node.where() + " is not synced.");
            }
        }
        if (citus.nodes().stream().noneMatch(node -> node.groupId() == 0)) {
            notes.add("The coordinator is not registered (citus_set_coordinator_host).");
        }
        if (states.rows().stream().anyMatch(state -> state.connections() == null)) {
            notes.add("Connections are not counted: this role lacks pg_read_all_stats.");
        }
        if (settingsHidden) {
            notes.add("Some settings are hidden from this role: it lacks pg_read_all_settings.");
        }
        long missing = states.rows().stream().mapToLong(NodeState::missing).sum();
        if (missing > 0) {
            notes.add(Parts.many(missing, "placement") + " without a table: list_shards says which.");
        }
        return notes;
    }

    private interface Version {
        @Nullable
        String of(NodeState state);
    }

    private static Optional<String> differing(Round<NodeState> states, String what, Version version, Citus citus) {
        Map<String, List<String>> byVersion = new java.util.TreeMap<>();
        states.told()
                .forEach(told -> byVersion
                        .computeIfAbsent(String.valueOf(version.of(told.row())), value -> new ArrayList<>())
                        .add(citus.where(told.nodeId())));
        return byVersion.size() < 2 ? Optional.empty() : Optional.of(what + " differs: " + byVersion + ".");
    }
}
