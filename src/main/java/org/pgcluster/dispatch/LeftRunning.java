package org.pgcluster.dispatch;

import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Server.Followed;

/** Finds what an earlier server let go of: its statement still names the act by its application_name. */
final class LeftRunning {
    private static final String SESSION = """
            SELECT pid, extract(epoch FROM clock_timestamp() - query_start)::bigint AS seconds,
                   coalesce(state, 'hidden') AS state, left(query, 300) AS query
              FROM pg_stat_activity
             WHERE application_name = ? AND pid <> pg_backend_pid()
             ORDER BY state IS DISTINCT FROM 'active', query ~ 'pg_try_advisory_lock', pid
             LIMIT 1
            """;

    record Session(int pid, long seconds, String state, String query) {}

    private LeftRunning() {}

    /** A cluster that cannot be asked is skipped only when another one has the answer. */
    static Optional<Followed> find(Clusters clusters, String operation, Call call) {
        ToolException unasked = null;
        for (Cluster cluster : clusters.all()) {
            try {
                Optional<Session> found =
                        cluster.reservedSql(call).ifAny(Session.class, SESSION, "pgcluster-mcp act " + operation);
                if (found.isPresent()) {
                    return Optional.of(followed(operation, cluster, found.get()));
                }
            } catch (ToolException e) {
                unasked = e;
            }
        }
        if (unasked != null) {
            throw unasked;
        }
        return Optional.empty();
    }

    private static Followed followed(String operation, Cluster cluster, Session session) {
        return new Followed(
                operation,
                "an act of an earlier server",
                cluster.name(),
                "left running",
                session.seconds(),
                "Session " + session.pid() + " is " + session.state() + ": " + session.query(),
                Optional.empty());
    }
}
