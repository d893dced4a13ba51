package org.pgcluster.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How to reach a PostgreSQL, whichever spelling it was given in. {@code parameters} are libpq's, by libpq's names
 * (sslmode, sslrootcert, target_session_attrs, connect_timeout, options …).
 */
public record Dsn(
        List<Address> hosts,
        String database,
        Optional<String> user,
        Optional<Secret> password,
        Map<String, String> parameters) {
    public Dsn {
        hosts = List.copyOf(hosts);
        parameters = Map.copyOf(parameters);
    }
}
