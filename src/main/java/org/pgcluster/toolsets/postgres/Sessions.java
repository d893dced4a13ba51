package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.cluster.Node;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.tool.Context;

/** Sessions by pid, on the server that is asked or on the Citus nodes behind it. */
final class Sessions {
    /** Citus: node id × this + pid is one number for a session of the whole cluster. */
    private static final long PER_NODE = 10_000_000_000L;

    private static final String NODES = """
            SELECT nodeid::int AS id, groupid::int AS group_id, nodename AS host, nodeport::int AS port
              FROM pg_catalog.pg_dist_node
             ORDER BY nodeid
            """;

    private static final String SESSIONS = """
            SELECT session.pid, session.backend_start, session.query_start, session.usename::text AS user_name,
                   session.datname::text AS database, nullif(session.application_name, '') AS application,
                   session.backend_type, left(session.query, 500) AS query, session.state, session.leader_pid,
                   floor(extract(epoch FROM clock_timestamp()
                         - coalesce(CASE WHEN session.state LIKE 'idle in transaction%' THEN session.xact_start END,
                                    session.query_start, session.backend_start)))::bigint AS seconds,
                   CASE WHEN acting.rolsuper THEN true
                        WHEN acting.oid IS NULL OR session.usesysid IS NULL THEN NULL
                        WHEN owner.rolsuper THEN false
                        ELSE pg_has_role(acting.oid, session.usesysid, 'USAGE')
                          OR pg_has_role(acting.oid, 'pg_signal_backend', 'USAGE') END AS may_signal
              FROM pg_stat_activity AS session
              LEFT JOIN pg_roles AS acting ON acting.rolname = ?
              LEFT JOIN pg_roles AS owner ON owner.oid = session.usesysid
             WHERE session.pid = ANY (?::int[])
             ORDER BY session.pid
            """;

    record NodeRow(int id, int groupId, String host, int port) {}

    /** Where a session is; {@code address} is empty for the server that is asked. */
    record Place(String where, Optional<Address> address) {}

    record Seen(
            int pid,
            @Nullable Instant backendStart,
            @Nullable Instant queryStart,
            @Nullable String userName,
            @Nullable String database,
            @Nullable String application,
            @Nullable String backendType,
            @Nullable String query,
            @Nullable String state,
            @Nullable Integer leaderPid,
            @Nullable Long seconds,
            @Nullable Boolean maySignal) {
        boolean runs() {
            return "active".equals(state) || "fastpath function call".equals(state);
        }

        Seen shown(Context context) {
            return new Seen(
                    pid,
                    backendStart,
                    queryStart,
                    userName,
                    database,
                    application,
                    backendType,
                    context.shown(query),
                    state,
                    leaderPid,
                    seconds,
                    maySignal);
        }

        boolean hidden() {
            return backendStart == null;
        }
    }

    private final Context context;
    private final Sql sql;
    private final List<NodeRow> nodes;
    private final Optional<String> actingUser;

    Sessions(Context context) {
        this.context = context;
        this.sql = context.sql();
        this.nodes = sql.capabilities().has("citus") ? sql.list(NodeRow.class, NODES) : List.of();
        this.actingUser = context.cluster().settings().admin().flatMap(Dsn::user);
    }

    boolean manyNodes() {
        return nodes.size() > 1;
    }

    /** The plain pids that are meant, by where they are; {@code node} is an id, host:port, or empty. */
    Map<Place, List<Integer>> placed(List<Long> pids, Optional<String> node) {
        Optional<Place> named = node.map(this::named);
        Map<Place, List<Integer>> placed = new LinkedHashMap<>();
        for (long pid : pids.stream().distinct().toList()) {
            Place place = pid >= PER_NODE ? byId(pid) : named.orElse(new Place("coordinator", Optional.empty()));
            if (named.isPresent() && !named.get().equals(place)) {
                throw ToolException.invalidInput(
                        "Global pid " + pid + " is on " + place.where() + ", not on " + node.get() + ".",
                        "Leave `node` out: a global pid names its node itself.");
            }
            long plain = pid % PER_NODE;
            if (plain < 1 || plain > Integer.MAX_VALUE) {
                throw ToolException.invalidInput(pid + " is no pid.", "active_queries and citus_activity name them.");
            }
            placed.computeIfAbsent(place, none -> new ArrayList<>()).add((int) plain);
        }
        return placed;
    }

    private Place byId(long global) {
        long id = global / PER_NODE;
        return nodes.stream()
                .filter(row -> row.id() == id)
                .findFirst()
                .map(Sessions::place)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "Global pid " + global + " names node " + id + ", and there is no such node.",
                        nodes.isEmpty() ? "This is no Citus coordinator: give plain pids." : "Nodes: " + all() + "."));
    }

    Place named(String node) {
        if (node.equals("coordinator")
                || context.cluster().addressInWords().filter(node::equals).isPresent()) {
            return new Place("coordinator", Optional.empty());
        }
        return nodes.stream()
                .filter(row -> node.equals(String.valueOf(row.id())) || node.equals(row.host() + ":" + row.port()))
                .findFirst()
                .map(Sessions::place)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no node " + node + ".",
                        nodes.isEmpty() ? "There is one server only: leave `node` out." : "Nodes: " + all() + "."));
    }

    private static Place place(NodeRow row) {
        return row.groupId() == 0
                ? new Place("coordinator", Optional.empty())
                : new Place(row.host() + ":" + row.port(), Optional.of(new Address(row.host(), row.port())));
    }

    private String all() {
        return String.join(
                ", ",
                nodes.stream()
                        .map(row -> row.id() + " (" + row.host() + ":" + row.port() + ")")
                        .toList());
    }

    List<Seen> on(Place place, List<Integer> pids) {
        return at(place).list(Seen.class, SESSIONS, actingUser.orElse(null), pids).stream()
                .map(seen -> seen.shown(context))
                .toList();
    }

    Sql at(Place place) {
        return place.address().isEmpty() ? sql : node(place).sql(context.call());
    }

    private Node node(Place place) {
        int id = nodes.stream()
                .filter(row -> place.where().equals(row.host() + ":" + row.port()))
                .findFirst()
                .map(NodeRow::id)
                .orElse(-1);
        return context.cluster().nodes(context.call()).stream()
                .filter(node -> node.where().equals(place.where()) || Objects.equals(node.nodeId(), Optional.of(id)))
                .findFirst()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_CONFIGURED,
                        "Sessions of " + place.where() + " cannot be looked at: it is not among worker_dsns.",
                        "Name it in worker_dsns, or leave worker_dsns out."));
    }
}
