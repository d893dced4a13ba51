package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Round;
import org.pgcluster.shape.InWords;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** How many connections each node has, from whom, against its limits. */
public final class CitusConnections implements Reads<CitusConnections.Input, CitusConnections.Output> {
    record Input() {}

    record Output(
            List<Row> nodes, List<Pair> between, @Nullable String note, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String fullest = nodes.stream()
                    .max(Comparator.comparingDouble(Row::percentUsed))
                    .map(node -> node.where() + " uses most: " + node.used() + " of " + node.usable() + " connections ("
                            + node.percentUsed() + " %).")
                    .orElse("No node answered.");
            String silent = unavailable.isEmpty()
                    ? ""
                    : " Partial: " + Parts.many(unavailable.size(), "node") + " gave no answer.";
            return fullest + silent + (note == null ? "" : " " + note);
        }
    }

    /** {@code usable} leaves out what is reserved for superusers; pool limits are for each worker as seen from this node. */
    record Row(
            int nodeId,
            String where,
            long used,
            long usable,
            double percentUsed,
            @Nullable Long active,
            @Nullable Long idle,
            @Nullable Long idleInTransaction,
            long fromNodes,
            long fromClients,
            @Nullable String sharedPoolSize,
            String adaptivePoolSize,
            @Nullable String maxClientConnections,
            @Nullable Long establishmentsFailed) {}

    record Pair(String from, String to, long connections) {}

    record Told(
            long used,
            long usable,
            long active,
            long idle,
            long idleInTransaction,
            long fromNodes,
            @Nullable String sharedPoolSize,
            String adaptivePoolSize,
            @Nullable String maxClientConnections,
            boolean seesAll,
            List<From> origins) {}

    record From(long nodeId, long connections) {}

    record Counter(@Nullable Long failed, boolean counting) {}

    /** A backend that another node opened carries that node's number in its name; those of the question are left out. */
    private static final String ASK = """
            WITH sessions AS (
                SELECT activity.state, (regexp_match(activity.application_name,
                            '^citus_(?:internal|rebalancer|run_command) gpid=([0-9]+)'))[1]::bigint AS gpid
                  FROM pg_stat_activity AS activity
                 WHERE (activity.backend_type = 'client backend' OR activity.backend_type IS NULL)
                   AND activity.datid IS NOT NULL
                   AND activity.application_name NOT LIKE '%%gpid=' || citus_backend_gpid())
            SELECT count(*) AS used,
                   current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
                       - coalesce(current_setting('reserved_connections', true)::bigint, 0) AS usable,
                   count(*) FILTER (WHERE state = 'active') AS active,
                   count(*) FILTER (WHERE state = 'idle') AS idle,
                   count(*) FILTER (WHERE state LIKE 'idle in transaction%%') AS idle_in_transaction,
                   count(gpid) AS from_nodes,
                   (SELECT setting FROM pg_settings WHERE name = 'citus.max_shared_pool_size') AS shared_pool_size,
                   current_setting('citus.max_adaptive_executor_pool_size') AS adaptive_pool_size,
                   (SELECT setting FROM pg_settings WHERE name = 'citus.max_client_connections') AS max_client_connections,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
                   (SELECT coalesce(json_agg(json_build_object('node_id', node, 'connections', many)), '[]')
                      FROM (SELECT gpid / 10000000000 AS node, count(*) AS many FROM sessions
                             WHERE gpid IS NOT NULL GROUP BY 1 ORDER BY 1) AS by_node) AS origins
              FROM sessions
            """;

    private static final String COUNTERS = """
            SELECT sum(connection_establishment_failed)::bigint AS failed,
                   current_setting('citus.enable_stat_counters')::boolean AS counting
              FROM citus_stat_counters WHERE name = current_database()
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_connections",
                "Citus connections",
                Input.class,
                Output.class,
                "Connections of every Citus node against its limits, and which node opened how many to which other.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Round<Told> round;
        Round<Counter> counters = new Round<>(java.util.Map.of(), List.of());
        if (citus.features().counters()) {
            var both = citus.atOnce(
                    asking -> asking.everywhere(Told.class, ASK), asking -> asking.everywhere(Counter.class, COUNTERS));
            round = both.one();
            counters = both.other();
        } else {
            round = citus.everywhere(Told.class, ASK);
        }
        List<Row> rows = new ArrayList<>();
        List<Pair> pairs = new ArrayList<>();
        for (CitusNode node : citus.nodes()) {
            Round<Counter> known = counters;
            round.of(node.nodeId()).ifPresent(told -> {
                Long failed = known.of(node.nodeId())
                        .filter(Counter::counting)
                        .map(Counter::failed)
                        .orElse(null);
                rows.add(row(node, told, failed));
                told.origins()
                        .forEach(from -> pairs.add(new Pair(
                                origin(citus, from.nodeId()), node.nodeId() + " " + node.where(), from.connections())));
            });
        }
        boolean counting = counters.rows().stream().anyMatch(Counter::counting);
        return new Output(
                rows,
                pairs,
                note(counting, round.rows().stream().allMatch(Told::seesAll)),
                Parts.unavailable(round, counters));
    }

    private static @Nullable String note(boolean counting, boolean seesAll) {
        String uncounted =
                counting ? "" : "Failed connections are not counted: citus.enable_stat_counters is off or missing.";
        String blind = seesAll
                ? ""
                : " States of other users' sessions are hidden from this role (pg_read_all_stats), pool sizes may be as"
                        + " well (pg_read_all_settings), and background"
                        + " workers count as connections.";
        String note = (uncounted + blind).strip();
        return note.isEmpty() ? null : note;
    }

    /** Maintenance daemons that did not know their node's number yet use the largest there is. */
    private static String origin(Citus citus, long nodeId) {
        return nodeId == 99_999_999L ? "maintenance daemons" : nodeId + " " + citus.where((int) nodeId);
    }

    private static Row row(CitusNode node, Told told, @Nullable Long failed) {
        return new Row(
                node.nodeId(),
                node.where(),
                told.used(),
                told.usable(),
                Math.round(told.used() * 1000.0 / Math.max(1, told.usable())) / 10.0,
                told.seesAll() ? told.active() : null,
                told.seesAll() ? told.idle() : null,
                told.seesAll() ? told.idleInTransaction() : null,
                told.fromNodes(),
                told.used() - told.fromNodes(),
                told.sharedPoolSize(),
                told.adaptivePoolSize(),
                told.maxClientConnections(),
                failed);
    }
}
