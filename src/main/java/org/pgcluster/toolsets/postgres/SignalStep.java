package org.pgcluster.toolsets.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.config.Address;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.postgres.CancelQuery.Input;
import org.pgcluster.toolsets.postgres.CancelQuery.Target;
import org.pgcluster.toolsets.postgres.Sessions.Place;

/** The statement that signals sessions: it looks and signals at once, on the server where they are. */
final class SignalStep {
    /** {@code problem} where the server of the session could not be asked. */
    record Signalled(
            String where,
            int pid,
            boolean signalled,
            @Nullable String problem) {}

    record Here(int pid, boolean signalled) {}

    record There(boolean success, @Nullable String result) {}

    private SignalStep() {}

    static Step.Statement of(Place place, List<Target> targets, Input input) {
        return place.address()
                .map(address -> there(address, targets, input))
                .orElseGet(() -> Step.statement("coordinator", signal(targets, input, "activity.pid")));
    }

    /** Citus carries it to the node, where the same look at the session's start is taken. */
    private static Step.Statement there(Address address, List<Target> targets, Input input) {
        String rows = "SELECT coalesce(json_agg(hit.pid), '[]') FROM (" + signal(targets, input, "activity.pid")
                + ") AS hit WHERE hit.signalled";
        return Step.statement(
                "coordinator, for " + address,
                "SELECT success, result FROM pg_catalog.master_run_on_worker(ARRAY[$1]::text[], ARRAY[$2]::int[],"
                        + " ARRAY[$3]::text[], false)",
                address.host(),
                address.port(),
                rows);
    }

    /** A pid that meanwhile belongs to somebody else, or runs something else, is not touched. */
    private static String signal(List<Target> targets, Input input, String pid) {
        String function = input.terminate() ? "pg_terminate_backend" : "pg_cancel_backend";
        StringBuilder wanted = new StringBuilder();
        for (Target target : targets) {
            wanted.append(wanted.isEmpty() ? "" : ", ")
                    .append('(')
                    .append(target.pid())
                    .append(", ")
                    .append(literal(target.backendStart()))
                    .append(", ")
                    .append(literal(target.queryStart()))
                    .append(')');
        }
        String same = " AND activity.query_start IS NOT DISTINCT FROM wanted.query_start";
        String since = "coalesce(CASE WHEN activity.state LIKE 'idle in transaction%' THEN activity.xact_start END,"
                + " activity.query_start, activity.backend_start)";
        return "SELECT activity.pid, pg_catalog." + function + "(" + pid + ") AS signalled"
                + " FROM (VALUES " + (wanted.isEmpty() ? "(0, " + literal(null) + ", " + literal(null) + ")" : wanted)
                + ") AS wanted(pid, backend_start, query_start)"
                + " JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = wanted.pid"
                + " AND activity.backend_start = wanted.backend_start" + (input.terminate() ? "" : same)
                + (input.onlyIfRunningS() == 0
                        ? ""
                        : " WHERE " + since + " <= pg_catalog.clock_timestamp() - interval '" + input.onlyIfRunningS()
                                + " seconds'");
    }

    private static String literal(@Nullable Instant instant) {
        return (instant == null ? "NULL" : "'" + instant + "'") + "::timestamptz";
    }

    static List<Signalled> send(Step.Statement step, CancelQuery.Looked looked, Hands hands) {
        if (step.parameters().isEmpty()) {
            return hands.list(step, Here.class).stream()
                    .map(one -> new Signalled("coordinator", one.pid(), one.signalled(), null))
                    .toList();
        }
        String where = new Address(
                        String.valueOf(step.parameters().get(0)),
                        Integer.parseInt(String.valueOf(step.parameters().get(1))))
                .toString();
        List<Signalled> signalled = new ArrayList<>();
        for (There one : hands.list(step, There.class)) {
            if (one.success() && JsonText.read(String.valueOf(one.result())) instanceof List<?> pids) {
                pids.forEach(
                        pid -> signalled.add(new Signalled(where, Integer.parseInt(String.valueOf(pid)), true, null)));
            } else {
                looked.sessions().stream()
                        .filter(target -> target.place().where().equals(where))
                        .forEach(target -> signalled.add(new Signalled(
                                where, target.pid(), false, "not touched: " + where + " answered " + one.result())));
            }
        }
        return signalled;
    }
}
