package org.pgcluster.config;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was written, for the server and for each cluster. Who comes first wins. For one thread. */
final class Layers {
    static final String DEFAULT_CLUSTER = "default";

    private final Map<Key<?>, Given> server = new HashMap<>();
    private final Map<String, Map<Key<?>, Given>> clusters = new LinkedHashMap<>();

    /** A key of a cluster without a name belongs to the default one. */
    void offer(Key<?> key, Given given) {
        if (key.perCluster()) {
            offer(DEFAULT_CLUSTER, key, given);
        } else {
            server.putIfAbsent(key, given);
        }
    }

    void offer(String cluster, Key<?> key, Given given) {
        ofCluster(cluster).putIfAbsent(key, given);
    }

    /** Makes the cluster where it is not there yet. */
    Map<Key<?>, Given> ofCluster(String cluster) {
        var values = clusters.get(cluster);
        if (values == null) {
            values = new HashMap<>();
            clusters.put(cluster, values);
        }
        return values;
    }

    @Nullable
    Given given(Key<?> key) {
        if (!key.perCluster()) {
            return server.get(key);
        }
        var values = clusters.get(DEFAULT_CLUSTER);
        return values == null ? null : values.get(key);
    }

    Map<Key<?>, Given> server() {
        return server;
    }

    Map<String, Map<Key<?>, Given>> clusters() {
        return clusters;
    }
}
