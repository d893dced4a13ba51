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

    /** Where the connection broke the lock is gone, and somebody else may hold it. */
    public boolean held() {
        return connection.answers();
    }

    @Override
    public void close() {
        connection.close();
    }
}
