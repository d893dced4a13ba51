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
import org.pgcluster.shape.Problems;

/** All estates of this server. No state is shared between two of them. Threads share it. */
public final class Clusters implements AutoCloseable {
    private final Map<String, Cluster> byName = new LinkedHashMap<>();
    private final Optional<String> preferred;

    public Clusters(Settings settings) {
        for (ClusterSettings one : settings.clusters().values()) {
            byName.put(one.name(), new Cluster(one, settings.server()::givesCredentialsTo));
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
        Problems problems = new Problems();
        judge(name, act, problems);
        problems.throwIfAny();
        return name.or(() -> several() ? preferred : Optional.empty())
                .flatMap(one -> Optional.ofNullable(byName.get(one)))
                .orElseGet(() -> byName.values().iterator().next());
    }

    /** Whether {@link #choose} will find one by that name. */
    public void judge(Optional<String> name, boolean act, Problems problems) {
        if (several()) {
            problems.besides(List.of("cluster"));
        }
        if (name.isPresent() && !byName.isEmpty() && !byName.containsKey(name.get())) {
            problems.oneOf("cluster", byName.keySet(), name.get());
        }
        if (name.isEmpty() && several() && (act || preferred.isEmpty())) {
            problems.told("`cluster` is required, one of " + String.join(", ", byName.keySet()) + "."
                    + (act ? "" : " The key default_cluster chooses one for reads."));
        }
    }

    @Override
    public void close() {
        byName.values().forEach(Cluster::close);
    }
}
