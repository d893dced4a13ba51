package org.pgcluster.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One estate, as configured. The overrides of user and password are already in the {@link Dsn}s; {@code admin} stands on
 * the host of {@code direct} where that is configured.
 *
 * @param direct where acts, cancels and statements outside a transaction block go on the reading tier
 * @param workersConfigured whether the workers were named, else they come from pg_dist_node
 */
public record ClusterSettings(
        String name,
        Optional<Dsn> coordinator,
        Optional<Dsn> direct,
        Optional<Dsn> admin,
        List<Dsn> workers,
        boolean workersConfigured,
        Mode mode,
        boolean allowExecute,
        List<String> acts,
        Approval approval,
        boolean rowDataAllowed,
        Expect expect,
        boolean allowPlaintext,
        List<String> allowedFunctions,
        OptionalInt hostMemoryMb,
        Duration connectTimeout,
        Duration statementTimeout,
        Duration httpTimeout,
        Duration actLockTimeout,
        int poolSize,
        List<String> patroniUrls,
        ComponentAccess patroniAccess,
        List<String> haproxyUrls,
        ComponentAccess haproxyAccess,
        List<Dsn> pgbouncers,
        Kubernetes kubernetes) {
    public ClusterSettings {
        workers = List.copyOf(workers);
        acts = List.copyOf(acts);
        allowedFunctions = List.copyOf(allowedFunctions);
        patroniUrls = List.copyOf(patroniUrls);
        haproxyUrls = List.copyOf(haproxyUrls);
        pgbouncers = List.copyOf(pgbouncers);
    }

    /** Whether a password may be sent there: encrypted, or to this machine, or where the configuration allows it. */
    public boolean passwordMayGoTo(String url) {
        return allowPlaintext || !url.startsWith("http://") || Hosts.isLoopback(Hosts.ofUrl(url));
    }
}
