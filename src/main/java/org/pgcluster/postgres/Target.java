package org.pgcluster.postgres;

import java.time.Duration;
import org.pgcluster.config.Dsn;

/**
 * One PostgreSQL as one tier sees it. {@code label} is what errors call it, never more than host and port; without
 * {@code rowData} they tell no values of rows.
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
        boolean rowData) {
    public Target {
        if (poolSize < 1) {
            throw new IllegalArgumentException("poolSize must be at least 1, not " + poolSize);
        }
    }

    Target withPoolSize(int size) {
        return new Target(
                label,
                dsn,
                connectTimeout,
                statementTimeout,
                size,
                reading,
                applicationName,
                lockTimeout,
                allowPlaintext,
                rowData);
    }

    Target withApplicationName(String name) {
        return new Target(
                label,
                dsn,
                connectTimeout,
                statementTimeout,
                poolSize,
                reading,
                name,
                lockTimeout,
                allowPlaintext,
                rowData);
    }
}
