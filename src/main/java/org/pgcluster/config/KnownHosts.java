package org.pgcluster.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The hosts and domains that a cluster's own addresses vouch for. What a file in the working directory names vouches for
 * nothing: a stranger's address could lead credentials to its neighbours.
 */
final class KnownHosts {
    private final ClusterSettings cluster;
    private final Map<Key<?>, Given> given;

    KnownHosts(ClusterSettings cluster, Map<Key<?>, Given> given) {
        this.cluster = cluster;
        this.given = given;
    }

    void addTo(List<String> hosts) {
        connection(Keys.COORDINATOR_DSN, cluster.coordinator(), hosts);
        connection(Keys.DIRECT_DSN, cluster.direct(), hosts);
        connection(Keys.ADMIN_DSN, cluster.admin(), hosts);
        for (var worker : cluster.workers()) {
            connection(Keys.WORKER_DSNS, Optional.of(worker), hosts);
        }
        for (var pgbouncer : cluster.pgbouncers()) {
            connection(Keys.PGBOUNCER_DSNS, Optional.of(pgbouncer), hosts);
        }
        urls(Keys.PATRONI_URLS, cluster.patroniUrls(), hosts);
        urls(Keys.HAPROXY_URLS, cluster.haproxyUrls(), hosts);
    }

    private boolean vouches(Key<?> key) {
        var found = given.get(key);
        return found == null || !found.planted();
    }

    private void connection(Key<?> key, Optional<Dsn> dsn, List<String> hosts) {
        if (dsn.isEmpty() || !vouches(key)) {
            return;
        }
        for (var address : dsn.get().hosts()) {
            add(address.host(), hosts);
        }
    }

    private void urls(Key<?> key, List<String> urls, List<String> hosts) {
        if (!vouches(key)) {
            return;
        }
        for (var url : urls) {
            add(Hosts.ofUrl(url), hosts);
        }
    }

    private static void add(String host, List<String> hosts) {
        if (host.startsWith("/")) {
            return;
        }
        for (var name : Hosts.withDomain(host)) {
            if (!hosts.contains(name)) {
                hosts.add(name);
            }
        }
    }
}
