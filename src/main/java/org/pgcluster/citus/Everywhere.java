package org.pgcluster.citus;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Node;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Shape;

/**
 * Asks all nodes the same: through the coordinator, which asks them at once, and where one of them does not come to an
 * end, each by itself, so that it alone stays silent. Confined to one call.
 */
final class Everywhere {
    private static final Duration TOGETHER = Duration.ofMillis(2300);
    private static final Duration ALONE = Duration.ofMillis(1900);
    /** The class of SQLSTATE for a login that is not let in. */
    private static final String LOGIN_REFUSED = "28";

    /**
     * The nodes parse a question only after the search path is the catalogue's alone, so that nobody's function or operator
     * in another schema is taken for the built-in one; query_to_xml runs it without any right to write.
     */
    private static final String ASK = """
            SELECT answer.nodeid AS node_id, answer.success, answer.result
              FROM run_command_on_all_nodes(format(
                   $$SELECT CASE WHEN pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) IS NOT NULL
                              AND pg_catalog.set_config('jit', 'off', true) IS NOT NULL
                              AND pg_catalog.set_config('lock_timeout', '1000', true) IS NOT NULL
                              AND pg_catalog.set_config('citus.node_connection_timeout', '1000', true) IS NOT NULL
                             THEN pg_catalog.query_to_xml(%L, true, true, '')::pg_catalog.text END$$,
                   format(?, VARIADIC ?::text[]))) AS answer
             ORDER BY node_id
            """;

    private static final String ASK_ONE = """
            SELECT pg_catalog.query_to_xml(format(?, VARIADIC ?::text[]), true, true, '')::pg_catalog.text AS result
            """;

    private static final String REACH = "SELECT citus_check_connection_to_node(?::text, ?::int) AS reached";

    private record Reached(boolean reached) {}

    private record Answer(
            int nodeId, boolean success, @Nullable String result) {}

    /** {@code loginRefused} is missing where only the coordinator's words can tell. */
    private record Reply(
            int nodeId,
            boolean success,
            @Nullable String result,
            @Nullable Boolean loginRefused) {
        Reply(Answer told) {
            this(told.nodeId(), told.success(), told.result(), null);
        }
    }

    private record Result(@Nullable String result) {}

    private final Citus citus;
    private final Cluster cluster;
    private final Call call;
    /** Who did not end in an earlier round of this call, and why: a second wait would tell nothing new. */
    private final Map<Integer, String> stuck = new ConcurrentHashMap<>();

    Everywhere(Citus citus, Cluster cluster, Call call) {
        this.citus = citus;
        this.cluster = cluster;
        this.call = call;
    }

    <R extends Record> Round<R> round(Class<R> row, String question, List<@Nullable Object> values) {
        if (!stuck.isEmpty()) {
            return sorted(row, oneByOne(question, values), List.of());
        }
        Call own = call.atMost(TOGETHER);
        try (var handle = call.onCancel(own::cancel)) {
            Sql asking = cluster.sql(own).askingNodes(Citus.TO_CONNECT);
            List<Answer> answers = asking.list(Answer.class, ASK, question, values);
            List<String> reasons = reasons(answers, asking);
            return sorted(row, withCoordinator(answers, question, values), reasons);
        } catch (ToolException e) {
            if (e.code() != ErrorCode.TIMEOUT || call.timeLeft().isZero()) {
                throw e;
            }
            return sorted(row, oneByOne(question, values), List.of());
        }
    }

    /** It connects to itself as to any other node, which may fail where this very connection has not. */
    private List<Reply> withCoordinator(List<Answer> answers, String question, List<@Nullable Object> values) {
        return answers.stream()
                .map(answer -> answer.success() || !coordinator(answer.nodeId())
                        ? new Reply(answer)
                        : alone(answer.nodeId(), cluster::sql, question, values))
                .toList();
    }

    private boolean coordinator(int nodeId) {
        CitusNode node = citus.nodesById().get(nodeId);
        return node == null ? nodeId == 0 : node.groupId() == 0;
    }

    private List<Reply> oneByOne(String question, List<@Nullable Object> values) {
        List<Integer> asked = new ArrayList<>();
        if (citus.nodes().stream().noneMatch(node -> node.groupId() == 0)) {
            asked.add(0);
        }
        citus.nodes().stream().filter(CitusNode::isAsked).map(CitusNode::nodeId).forEach(asked::add);
        List<Node> ways = cluster.nodes(call.atMost(ALONE));
        return Together.all(
                asked,
                node -> alone(node, coordinator(node) ? cluster::sql : own -> way(node, ways, own), question, values));
    }

    private Reply alone(int nodeId, Node.Asking way, String question, List<@Nullable Object> values) {
        String known = stuck.get(nodeId);
        if (known != null) {
            return new Reply(nodeId, false, known, false);
        }
        Call own = call.atMost(ALONE);
        try (var handle = call.onCancel(own::cancel)) {
            Result told = way.sql(own).onceOnNode().one(Result.class, ASK_ONE, question, values);
            return new Reply(nodeId, told.result() != null, told.result(), false);
        } catch (ToolException e) {
            boolean late = e.code() == ErrorCode.TIMEOUT || e.code() == ErrorCode.CONNECTION_FAILED;
            String why = late
                    ? "gave no answer within " + seconds(TOGETHER) + " s, nor when asked by itself: " + e.text()
                    : e.text();
            if (late) {
                stuck.put(nodeId, why);
            }
            return new Reply(nodeId, false, why, String.valueOf(e.sqlstate()).startsWith(LOGIN_REFUSED));
        }
    }

    private Sql way(int nodeId, List<Node> ways, Call own) {
        Optional<Node> direct = ways.stream()
                .filter(way ->
                        way.nodeId().map(id -> id == nodeId).orElse(way.where().equals(citus.where(nodeId))))
                .findFirst();
        return direct.orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_CONFIGURED,
                        "not all nodes answered within " + seconds(TOGETHER) + " s, and worker_dsns has no "
                                + citus.where(nodeId) + ", so that it could be asked by itself.",
                        null))
                .sql(own);
    }

    private static String seconds(Duration duration) {
        return String.valueOf(duration.toMillis() / 1000.0);
    }

    /** Where not even the coordinator reaches itself, it is the role that is not let in: one more try has the words. */
    private List<String> reasons(List<Answer> answers, Sql asking) {
        boolean nobodyReached = answers.stream().noneMatch(Answer::success);
        if (nobodyReached && answers.size() > 1) {
            CitusNode first = citus.nodes().stream()
                    .filter(CitusNode::isAsked)
                    .findFirst()
                    .orElseThrow();
            asking.list(Reached.class, REACH, first.host(), first.port());
            return asking.notices();
        }
        return List.of();
    }

    private <R extends Record> Round<R> sorted(Class<R> row, List<Reply> answers, List<String> notices) {
        Map<Integer, List<R>> told = new TreeMap<>();
        List<Silent> silent = new ArrayList<>();
        List<String> addresses = citus.nodes().stream().map(CitusNode::where).toList();
        Shape<R> shape = Shape.of(row);
        for (Reply answer : answers) {
            String text = answer.result();
            if (answer.success() && text != null) {
                told.put(answer.nodeId(), Answers.rows(shape, text));
            } else {
                String said = notices.isEmpty() ? String.valueOf(text) : notices.get(0);
                Boolean known = answer.loginRefused();
                silent.add(new Silent(
                        answer.nodeId(),
                        citus.where(answer.nodeId()),
                        Answers.refusal(said),
                        known != null ? known : Silent.saysOurLogin(said, addresses)));
            }
        }
        for (CitusNode node : citus.nodes()) {
            if (node.primary() && !node.active()) {
                silent.add(new Silent(node.nodeId(), node.where(), "is inactive in pg_dist_node, so nobody asks it"));
            }
        }
        return new Round<>(told, List.copyOf(silent));
    }
}
