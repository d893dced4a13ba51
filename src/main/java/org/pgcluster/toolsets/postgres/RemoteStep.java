package org.pgcluster.toolsets.postgres;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.postgres.Sessions.Place;

/** One statement for the server where it belongs: to a worker Citus carries it. */
final class RemoteStep {
    private record There(boolean success, @Nullable String result) {}

    private RemoteStep() {}

    static Step.Statement of(Place place, String sql) {
        return place.address()
                .map(address -> Step.statement(
                        "coordinator, for " + address,
                        "SELECT success, result FROM pg_catalog.master_run_on_worker(ARRAY[?]::text[], ARRAY[?]::int[],"
                                + " ARRAY[?]::text[], false)",
                        address.host(),
                        address.port(),
                        sql))
                .orElseGet(() -> Step.statement("coordinator", sql));
    }

    static void run(Step.Statement step, Hands hands) {
        if (step.parameters().isEmpty()) {
            hands.run(step);
            return;
        }
        List<There> told = hands.list(step, There.class);
        for (There one : told) {
            if (!one.success()) {
                throw new ToolException(
                        ErrorCode.UPSTREAM_ERROR,
                        step.where().replace("coordinator, for ", "") + " answered: " + one.result(),
                        "Nothing was changed there.");
            }
        }
    }
}
