package org.pgcluster.snapshot;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Observed;
import org.pgcluster.postgres.Sql;

/** The metadata from the server that leads the coordinator's group, while the way that clients take to it is closed. */
final class LeadersReading {
    /** Every Citus node knows the number of its group. */
    private static final String OWN_GROUP = "SELECT groupid::int AS group_id FROM pg_catalog.pg_dist_local_group";

    record Own(int groupId) {}

    /**
     * @param numbers of the Citus groups, by the identifier that all copies of a database share
     * @param silent nodes that the metadata names, that no Patroni that answered leads, and that do not answer either
     */
    record Read(Optional<CitusState> state, Map<String, Integer> numbers, List<Unread> silent) {}

    private record Led(String where, @Nullable String identifier, int groupId, Optional<CitusState> state) {}

    private LeadersReading() {}

    static Read of(Cluster cluster, Call call, Observed observed, Pause pause) {
        List<Optional<Led>> asked = Together.all(observed.groups(), group -> led(cluster, call, group, pause));
        Map<String, Integer> numbers = new HashMap<>();
        Set<String> leaders = new HashSet<>();
        Optional<CitusState> state = Optional.empty();
        for (Led one : asked.stream().flatMap(Optional::stream).toList()) {
            leaders.add(one.where());
            if (one.identifier() != null) {
                numbers.put(one.identifier(), one.groupId());
            }
            state = state.or(one::state);
        }
        List<CitusNode> others = state.map(CitusState::nodes).orElse(List.of()).stream()
                .filter(node -> node.primary() && node.active() && !leaders.contains(node.where()))
                .toList();
        List<Unread> silent = Together.all(others, node -> silence(cluster, call, node)).stream()
                .flatMap(Optional::stream)
                .toList();
        return new Read(state, numbers, silent);
    }

    private static Optional<Unread> silence(Cluster cluster, Call call, CitusNode node) {
        try {
            cluster.server(node.host(), node.port()).reservedSql(call).one(Own.class, OWN_GROUP);
            return Optional.empty();
        } catch (ToolException e) {
            boolean itsOwn = e.code() != ErrorCode.TIMEOUT; // else the front may have taken the time
            return itsOwn ? Optional.of(Unread.of("citus", node.where(), e)) : Optional.empty();
        }
    }

    private static Optional<Led> led(Cluster cluster, Call call, Group group, Pause pause) {
        Optional<DcsView.Row> leader =
                group.leader().flatMap(member -> member.dcs()).filter(row -> row.host() != null && row.port() != null);
        if (leader.isEmpty()) {
            return Optional.empty();
        }
        String host = Objects.requireNonNull(leader.get().host());
        int port = Objects.requireNonNull(leader.get().port());
        try {
            Sql sql = cluster.server(host, port).reservedSql(call);
            if (!sql.capabilities().has("citus")) {
                return Optional.empty();
            }
            int number = sql.one(Own.class, OWN_GROUP).groupId();
            Optional<CitusState> state =
                    number == 0 ? Optional.of(CitusReading.state(cluster, sql, pause)) : Optional.empty();
            return Optional.of(
                    new Led(host + ":" + port, group.systemIdentifier().orElse(null), number, state));
        } catch (ToolException e) {
            return Optional.empty(); // that the database could not be read is told already
        }
    }
}
