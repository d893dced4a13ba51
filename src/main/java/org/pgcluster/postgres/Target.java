package org.pgcluster.postgres;

import java.time.Duration;
import java.util.Optional;
import org.pgcluster.config.Dsn;

/**
 * One PostgreSQL as one tier sees it. {@code label} is what errors call it, never more than host and port; without
 * {@code rowData} they tell no values of rows. {@code direct} leads past proxies and poolers.
 */
public record Target(
        String label,
        Dsn dsn,
        Duration connectTimeout,
        Duration statementTimeout,
        int poolSize,
        boolean reading,
        String applicationName,
        Duration lockTimeout,
        boolean allowPlaintext,
        boolean rowData,
        Optional<Dsn> direct) {
    public Target {
        if (poolSize < 1) {
            throw new IllegalArgumentException("poolSize must be at least 1, not " + poolSize);
        }
    }

    /** With no other way than its own. */
    public Target(
            String label,
            Dsn dsn,
            Duration connectTimeout,
            Duration statementTimeout,
            int poolSize,
            boolean reading,
            String applicationName,
            Duration lockTimeout,
            boolean allowPlaintext,
            boolean rowData) {
        this(
                label,
                dsn,
                connectTimeout,
                statementTimeout,
                poolSize,
                reading,
                applicationName,
                lockTimeout,
                allowPlaintext,
                rowData,
                Optional.empty());
    }

    Target withPoolSize(int size) {
        return with(dsn, size, applicationName, direct);
    }

    Target withApplicationName(String name) {
        return with(dsn, poolSize, name, direct);
    }

    public Target withDirect(Optional<Dsn> way) {
        return with(dsn, poolSize, applicationName, way);
    }

    Target at(Dsn other) {
        return with(other, poolSize, applicationName, Optional.empty());
    }

    private Target with(Dsn place, int size, String name, Optional<Dsn> way) {
        return new Target(
                label,
                place,
                connectTimeout,
                statementTimeout,
                size,
                reading,
                name,
                lockTimeout,
                allowPlaintext,
                rowData,
                way);
    }
}
