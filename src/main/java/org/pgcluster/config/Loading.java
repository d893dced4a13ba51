package org.pgcluster.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lays the sources over each other and reads what comes out. Used once. */
final class Loading {
    private final Inputs inputs;
    private final Problems problems = new Problems();
    private final Layers layers = new Layers();
    private final Secrets secrets;
    private final List<Resolved> resolved = new ArrayList<>();

    Loading(Inputs inputs) {
        this.inputs = inputs;
        this.secrets = new Secrets(inputs, problems);
    }

    Settings load() {
        var arguments = new Arguments(layers, secrets, problems);
        arguments.read(inputs.arguments());
        new Variables(inputs, layers, secrets, problems).read();
        if (namesInstances()) {
            new Instances(inputs, layers, problems).read();
        }
        var unnamed = layers.clusters().get(Layers.DEFAULT_CLUSTER);
        boolean namedNothing = unnamed == null || !isReachable(unnamed);
        var file = new FileSearch(inputs, problems).find(arguments.configFile());
        if (file != null) {
            new FileLayer(file, layers, secrets, problems).read();
        }
        if (namedNothing) {
            dropEmptyDefault();
        }
        if (layers.clusters().isEmpty()) {
            layers.ofCluster(Layers.DEFAULT_CLUSTER);
        }
        readOnlyBeatsEverything();
        return settings(file == null ? null : file.path());
    }

    private boolean namesInstances() {
        for (var name : inputs.environment().keySet()) {
            if (name.startsWith(Instances.PREFIX)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isReachable(Map<Key<?>, Given> cluster) {
        return cluster.containsKey(Keys.COORDINATOR_DSN)
                || cluster.containsKey(Keys.PATRONI_URLS)
                || cluster.containsKey(Keys.HAPROXY_URLS)
                || cluster.containsKey(Keys.PGBOUNCER_DSNS)
                || cluster.containsKey(Keys.KUBECONFIG);
    }

    /** Keys without a name, beside named clusters, would change nothing: silence about it would be dangerous. */
    private void dropEmptyDefault() {
        var unnamed = layers.clusters().get(Layers.DEFAULT_CLUSTER);
        if (unnamed == null || isReachable(unnamed) || layers.clusters().size() == 1) {
            return;
        }
        for (var key : Keys.ALL) {
            var given = unnamed.get(key);
            if (given != null) {
                problems.add(
                        key.name(),
                        given.source(),
                        key.name()
                                + " without a name belongs to the cluster `default`, and there is none; write it under"
                                + " clusters in the file.");
            }
        }
        layers.clusters().remove(Layers.DEFAULT_CLUSTER);
    }

    private void readOnlyBeatsEverything() {
        var value = inputs.variable("MCP_READ_ONLY");
        if (value == null || !Boolean.TRUE.equals(Values.truth(value))) {
            return;
        }
        for (var cluster : layers.clusters().values()) {
            cluster.put(Keys.MODE, Given.of("read_only", "environment MCP_READ_ONLY"));
        }
    }

    private Settings settings(@Nullable Path file) {
        var clusters = new LinkedHashMap<String, ClusterSettings>();
        var completion = new Completion(inputs, problems);
        boolean several = layers.clusters().size() > 1;
        for (var entry : layers.clusters().entrySet()) {
            var name = entry.getKey();
            var prefix = several || !name.equals(Layers.DEFAULT_CLUSTER) ? "clusters." + name + "." : "";
            var values = new Values(prefix, entry.getValue(), secrets, problems, resolved);
            clusters.put(name, new ClusterReader(name, values, inputs, completion).read());
        }
        var values = new Values("", layers.server(), secrets, problems, resolved);
        var server = new ServerReader(values, inputs, layers, clusters).read(Optional.ofNullable(file));
        return new Settings(server, clusters, problems.errors(), problems.warnings(), resolved);
    }
}
