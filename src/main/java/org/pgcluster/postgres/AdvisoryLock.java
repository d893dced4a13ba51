package org.pgcluster.postgres;

import java.util.Optional;
import org.pgcluster.call.Call;

/** One name that only one process holds at a time, on a connection of its own: it ends with the process. */
public final class AdvisoryLock implements AutoCloseable {
    private final Acting connection;

    private AdvisoryLock(Acting connection) {
        this.connection = connection;
    }

    private record Taken(boolean taken) {}

    /** Empty where somebody else holds it. It never waits. */
    public static Optional<AdvisoryLock> tryTake(Target target, Call call, String auditId, String name) {
        var connection = Acting.open(target, call, auditId);
        try {
            var taken = connection.list(
                    Taken.class,
                    "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(?, 0)) AS taken",
                    name);
            if (taken.get(0).taken()) {
                return Optional.of(new AdvisoryLock(connection));
            }
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
        connection.close();
        return Optional.empty();
    }

    /** A statement that some other act sent and that still runs. */
    public record Other(int pid, String act, String state, String query) {}

    /**
     * The lock of a process that was killed is gone while its statement goes on. An act in another database of the server
     * whose own lock is there is somebody else's business.
     */
    private static final String OTHERS = """
            SELECT other.pid, right(other.application_name, 12) AS act,
                   coalesce(other.state, 'running') AS state, coalesce(left(other.query, 200), '') AS query
              FROM pg_catalog.pg_stat_activity AS other
             WHERE other.application_name LIKE 'pgcluster-mcp act %'
               AND other.application_name <> pg_catalog.current_setting('application_name')
               AND other.state IS DISTINCT FROM 'idle'
               AND (other.datname = pg_catalog.current_database() OR NOT EXISTS (
                       SELECT FROM pg_catalog.pg_stat_activity AS holder
                         JOIN pg_catalog.pg_locks AS lock ON lock.pid = holder.pid
                        WHERE lock.locktype = 'advisory' AND lock.granted
                          AND holder.application_name = other.application_name))
             ORDER BY other.pid
             LIMIT 1
            """;

    /** What an act that lost its lock still does on this server. */
    public Optional<Other> stillRunning() {
        return connection.list(Other.class, OTHERS).stream().findFirst();
    }

    /** Where the connection broke the lock is gone, and somebody else may hold it. */
    public boolean held() {
        return connection.answers();
    }

    @Override
    public void close() {
        connection.close();
    }
}
