package org.pgcluster.toolsets.citus;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Context;

/** One statement, explained with one setting or another: of one task, of all, of as many as answer in time. */
record ExplainAsking(String sql, Context context, Call call) {
    private static final int PLAN_CHARACTERS = 4_000_000;
    private static final int MOST_TASKS_ASKED = 64;
    /** Each of two tries at the plans of all tasks, which Citus asks for one after the other. */
    private static final Duration TO_PLAN_ALL = Duration.ofMillis(1500);

    private static final Duration TO_PLAN_ALL_AGAIN = Duration.ofMillis(2500);

    private static final int TO_CONNECT_MS = 1500;
    /** Divided by the number of tasks it leaves time for half of them to be waited for. */
    private static final int ON_HALF_OF_TASKS_MS = 1600;
    /** What a node needs at least to accept a connection, each task of a silent node waiting as long. */
    private static final int LEAST_TO_CONNECT_MS = 40;

    private static final String CONNECTING = "citus.node_connection_timeout";
    private static final Map<String, String> ALL_TASKS = Map.of("citus.explain_all_tasks", "on");

    /** {@code cutShort} where all tasks were asked and not all of them had a plan in time. */
    record Plan(Map<?, ?> explained, List<String> notices, boolean sampled, boolean cutShort) {
        ExplainParts parts() {
            return ExplainParts.of(explained);
        }

        private Plan alone() {
            return new Plan(explained, notices, sampled, true);
        }
    }

    /** The plan of one task of each part. */
    Plan once() {
        return plan(false, Map.of());
    }

    Plan repartitioning() {
        return plan(false, Map.of("citus.enable_repartition_joins", "on"));
    }

    /** Run, and of all tasks where they are not too many. */
    Plan measured(Plan one) {
        return plan(true, one.parts().tasks() <= MOST_TASKS_ASKED ? ALL_TASKS : Map.of());
    }

    /**
     * Of all tasks where they are not too many. A node that is silent is waited for once a task. So with many of its tasks
     * it is waited for less the second time, and in the end the plan of one task is all there is.
     */
    Plan whole(Plan one) {
        long tasks = one.parts().tasks();
        if (tasks <= 1 || tasks > MOST_TASKS_ASKED) {
            return one;
        }
        Optional<Plan> all = one.parts().unplanned().isEmpty() ? inTime(TO_PLAN_ALL, ALL_TASKS) : Optional.empty();
        return all.or(() -> hurried(tasks)).orElseGet(one::alone);
    }

    private Optional<Plan> hurried(long tasks) {
        long most = Math.min(TO_CONNECT_MS, ON_HALF_OF_TASKS_MS / tasks);
        Map<String, String> settings = new LinkedHashMap<>(ALL_TASKS);
        settings.put(CONNECTING, String.valueOf(most));
        return most < LEAST_TO_CONNECT_MS ? Optional.empty() : inTime(TO_PLAN_ALL_AGAIN, settings);
    }

    private Optional<Plan> inTime(Duration limit, Map<String, String> settings) {
        Call own = call.atMost(limit);
        try (var handle = call.onCancel(own::cancel)) {
            return Optional.of(new ExplainAsking(sql, context, own).plan(false, settings));
        } catch (ToolException e) {
            if (e.code() != ErrorCode.TIMEOUT
                    || call.cancelled()
                    || call.timeLeft().isZero()) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private Plan plan(boolean analyze, Map<String, String> more) {
        Map<String, String> settings = new LinkedHashMap<>(Map.of(
                "client_min_messages",
                "debug1",
                CONNECTING,
                String.valueOf(TO_CONNECT_MS),
                "citus.max_cached_conns_per_worker",
                "0"));
        settings.putAll(more);
        FreeSql.Result result = context.cluster()
                .explainDistributed(
                        call,
                        "FORMAT JSON, VERBOSE" + (analyze ? ", ANALYZE, BUFFERS" : ""),
                        sql,
                        new FreeSql.Budget(1, PLAN_CHARACTERS, PLAN_CHARACTERS),
                        settings);
        Object cell = result.rows().isEmpty() ? null : result.rows().get(0).get(0);
        if (result.cutCells() == 0
                && cell instanceof String json
                && JsonText.read(json) instanceof List<?> plans
                && plans.get(0) instanceof Map<?, ?> explained) {
            return new Plan(explained, result.notices(), sql.matches("(?s).*\\$\\d.*"), false);
        }
        throw new ToolException(ErrorCode.UNSUPPORTED, "The plan is too large to be read.", "Explain a part of it.");
    }
}
