package org.pgcluster.postgres;

import java.sql.SQLException;
import java.time.Duration;
import org.pgcluster.error.ToolException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops a transaction of ours past the proxy or pooler that it runs through: one of several may be asked for a process
 * that is another's, and then a cancel is lost. Threads share it.
 */
final class DirectStop {
    private static final Logger LOG = LoggerFactory.getLogger(DirectStop.class);
    private static final Duration LONGEST = Duration.ofSeconds(3);

    /** Never another transaction, whoever has the process by now. */
    private static final String STOP = """
            SELECT pg_catalog.pg_cancel_backend(pid)
              FROM pg_catalog.pg_stat_activity
             WHERE pid = ? AND (extract(epoch FROM xact_start) * 1000000)::pg_catalog.int8 = ? AND state = 'active'
            """;

    /** A transaction by the process that runs it and the microsecond in which it began. */
    record Begun(int process, long micros) {}

    private final Target target;

    DirectStop(Target target) {
        this.target = target;
    }

    /** Whether it was found running. */
    boolean stop(Begun begun) {
        try (var connection = DriverSettings.of(target).connect(LONGEST);
                var statement = connection.prepareStatement(STOP)) {
            connection.setNetworkTimeout(Runnable::run, (int) LONGEST.toMillis());
            statement.setInt(1, begun.process());
            statement.setLong(2, begun.micros());
            try (var rows = statement.executeQuery()) {
                return rows.next();
            }
        } catch (SQLException | ToolException e) {
            // The call has its answer; what runs on ends at the server's own time limit.
            LOG.warn("direct_dsn could not be used to stop a statement: {}", ServerTexts.masked(e.getMessage() + ""));
            return false;
        }
    }
}
