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
        Call own = within(TOGETHER);
        try (var handle = call.onCancel(own::cancel)) {
            Sql asking = cluster.sql(own).askingNodes(Citus.TO_CONNECT);
            List<Answer> answers = asking.list(Answer.class, ASK, question, values);
            return sorted(row, answers, reasons(answers, asking));
        } catch (ToolException e) {
            if (e.code() != ErrorCode.TIMEOUT || call.timeLeft().isZero()) {
                throw e;
            }
            return sorted(row, oneByOne(question, values), List.of());
        }
    }

    private Call within(Duration longest) {
        Duration left = call.timeLeft();
        return Call.within(left.compareTo(longest) < 0 ? left : longest);
    }

    private List<Answer> oneByOne(String question, List<@Nullable Object> values) {
        List<CitusNode> asked =
                citus.nodes().stream().filter(CitusNode::isAsked).toList();
        List<Node> ways = cluster.nodes(within(ALONE));
        return Together.all(asked, node -> alone(node, ways, question, values));
    }

    private Answer alone(CitusNode node, List<Node> ways, String question, List<@Nullable Object> values) {
        String known = stuck.get(node.nodeId());
        if (known != null) {
            return new Answer(node.nodeId(), false, known);
        }
        Call own = within(ALONE);
        try (var handle = call.onCancel(own::cancel)) {
            Result told = way(node, ways, own).one(Result.class, ASK_ONE, question, values);
            return new Answer(node.nodeId(), told.result() != null, told.result());
        } catch (ToolException e) {
            boolean late = e.code() == ErrorCode.TIMEOUT || e.code() == ErrorCode.CONNECTION_FAILED;
            String why = late
                    ? "gave no answer within " + seconds(TOGETHER) + " s, nor when asked by itself: " + e.text()
                    : e.text();
            if (late) {
                stuck.put(node.nodeId(), why);
            }
            return new Answer(node.nodeId(), false, why);
        }
    }

    private Sql way(CitusNode node, List<Node> ways, Call own) {
        if (node.groupId() == 0) {
            return cluster.sql(own);
        }
        Optional<Node> direct = ways.stream()
                .filter(way -> way.nodeId().map(id -> id == node.nodeId()).orElse(way.where().equals(node.where())))
                .findFirst();
        return direct.orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_CONFIGURED,
                        "not all nodes answered within " + seconds(TOGETHER) + " s, and worker_dsns has no "
                                + node.where() + ", so that it could be asked by itself.",
                        null))
                .sql(own)
                .onceOnNode();
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

    private <R extends Record> Round<R> sorted(Class<R> row, List<Answer> answers, List<String> notices) {
        Map<Integer, List<R>> told = new TreeMap<>();
        List<Silent> silent = new ArrayList<>();
        Shape<R> shape = Shape.of(row);
        for (Answer answer : answers) {
            String text = answer.result();
            if (answer.success() && text != null) {
                told.put(answer.nodeId(), Answers.rows(shape, text));
            } else {
                String said = notices.isEmpty() ? String.valueOf(text) : notices.get(0);
                silent.add(new Silent(answer.nodeId(), citus.where(answer.nodeId()), Answers.oneLine(said)));
            }
        }
        for (CitusNode node : citus.nodes()) {
            if (node.primary() && !node.active()) {
                silent.add(new Silent(node.nodeId(), node.where(), notAsked(node)));
            }
        }
        return new Round<>(told, List.copyOf(silent));
    }

    private static String notAsked(CitusNode node) {
        return node.active()
                ? "is a " + node.role() + ", so nobody asks it"
                : "is inactive in pg_dist_node, so nobody asks it";
    }
}
