package org.pgcluster.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** All estates of this server. No state is shared between two of them. Threads share it. */
public final class Clusters implements AutoCloseable {
    private final Map<String, Cluster> byName = new LinkedHashMap<>();
    private final Optional<String> preferred;

    public Clusters(Settings settings) {
        Trusted trusted = new Trusted(settings.server().discoveryHosts());
        for (ClusterSettings one : settings.clusters().values()) {
            byName.put(one.name(), new Cluster(one, trusted));
        }
        this.preferred = settings.server().defaultCluster();
    }

    public List<Cluster> all() {
        return new ArrayList<>(byName.values());
    }

    public boolean several() {
        return byName.size() > 1;
    }

    /** For tools that belong to no cluster: some cluster, or one that says that none is configured. */
    public Cluster anyOrNone() {
        return byName.isEmpty()
                ? choose(Optional.empty(), false)
                : byName.values().iterator().next();
    }

    /** The only one, the named one, or for reads the preferred one. */
    public Cluster choose(Optional<String> name, boolean act) {
        if (byName.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_CONFIGURED,
                    "No database is configured.",
                    "Give a DSN as argument, in PGCLUSTER_MCP_COORDINATOR_DSN, or as coordinator_dsn in a file.");
        }
        if (name.isPresent()) {
            Cluster found = byName.get(name.get());
            if (found == null) {
                throw ToolException.invalidInput(
                        "`cluster` is one of " + String.join(", ", byName.keySet()) + ", not \"" + name.get() + "\".",
                        null);
            }
            return found;
        }
        if (!several()) {
            return byName.values().iterator().next();
        }
        if (act || preferred.isEmpty()) {
            throw ToolException.invalidInput(
                    "`cluster` is required, one of " + String.join(", ", byName.keySet()) + ".",
                    act ? null : "Set default_cluster to choose one for reads.");
        }
        return choose(preferred, false);
    }

    @Override
    public void close() {
        byName.values().forEach(Cluster::close);
    }
}
