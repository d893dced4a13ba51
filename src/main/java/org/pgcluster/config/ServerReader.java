package org.pgcluster.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.shape.Nearest;

/** Reads what holds for the whole server. */
final class ServerReader {
    private static final int SHORTEST_SECRET = 16;
    private static final List<String> SAMPLES = List.of("secret", "your-secret-key", "your-secret-key-here");

    private final Values values;
    private final Inputs inputs;
    private final Layers layers;
    private final Map<String, ClusterSettings> clusters;

    ServerReader(Values values, Inputs inputs, Layers layers, Map<String, ClusterSettings> clusters) {
        this.values = values;
        this.inputs = inputs;
        this.layers = layers;
        this.clusters = clusters;
    }

    ServerSettings read(Optional<Path> configFile) {
        var stateDir = path(Keys.STATE_DIR, defaultStateDir());
        transport();
        return new ServerSettings(
                stateDir,
                approvalSecret(),
                Duration.ofSeconds(values.whole(Keys.APPROVAL_TTL)),
                Duration.ofSeconds(values.whole(Keys.REQUEST_TTL)),
                path(Keys.AUDIT_FILE, stateDir.resolve("audit.jsonl")),
                values.truth(Keys.AUDIT_READS),
                toolsets(),
                values.truth(Keys.LIST_ALIASES),
                defaultCluster(),
                discoveryHosts(),
                values.whole(Keys.MAX_ROWS),
                values.whole(Keys.MAX_TEXT_BYTES),
                values.truth(Keys.ENABLE_CACHING),
                Duration.ofSeconds(values.whole(Keys.CACHE_TTL)),
                values.whole(Keys.MAX_CONCURRENT_CALLS),
                values.word(Keys.LOG_LEVEL),
                values.word(Keys.LOG_FORMAT),
                configFile);
    }

    private Path path(Key<String> key, Path fallback) {
        var text = values.text(key);
        return text == null ? fallback : inputs.resolve(text);
    }

    private Path defaultStateDir() {
        var state = inputs.variable("XDG_STATE_HOME");
        if (state != null && Path.of(state).isAbsolute()) {
            return Path.of(state, "pgcluster-mcp");
        }
        var local = inputs.isWindows() ? inputs.variable("LOCALAPPDATA") : null;
        return local != null ? Path.of(local, "pgcluster-mcp") : inputs.home().resolve(".local/state/pgcluster-mcp");
    }

    private void transport() {
        var text = values.text(Keys.TRANSPORT);
        if (text != null && !text.strip().toLowerCase(Locale.ROOT).equals("stdio")) {
            values.problem(
                    Keys.TRANSPORT,
                    "transport takes stdio, not `" + Shown.cut(text)
                            + "`: this server speaks to clients that start it.");
        }
    }

    private Optional<Secret> approvalSecret() {
        var text = values.text(Keys.APPROVAL_SECRET);
        if (text == null) {
            return Optional.empty();
        }
        if (SAMPLES.contains(text.strip().toLowerCase(Locale.ROOT))) {
            values.problem(
                    Keys.APPROVAL_SECRET,
                    "approval_secret is a sample that everybody can read; leave it out and a key file is made.");
            return Optional.empty();
        }
        if (text.length() < SHORTEST_SECRET) {
            values.problem(
                    Keys.APPROVAL_SECRET,
                    "approval_secret takes at least 16 characters; leave it out and a key file is made.");
            return Optional.empty();
        }
        return Optional.of(new Secret(text));
    }

    private List<String> toolsets() {
        var written = values.list(Keys.TOOLSETS, ", \t");
        var taken = new ArrayList<String>();
        boolean chosen = false;
        for (var item : written) {
            var name = item.startsWith("-") ? item.substring(1) : item;
            if (!Keys.TOOLSETS.words().contains(name)) {
                var nearest = Nearest.of(name, Keys.TOOLSETS.words());
                values.problem(
                        Keys.TOOLSETS,
                        "There is no toolset `" + Shown.cut(name) + "`"
                                + (nearest == null ? "" : ", did you mean " + nearest) + ": toolsets "
                                + Keys.TOOLSETS.takes() + ".");
            } else if (!item.startsWith("-")) {
                chosen = true;
                if (!taken.contains(name)) {
                    taken.add(name);
                }
            }
        }
        if (!chosen) {
            defaultToolsets(taken);
        }
        for (var item : written) {
            if (item.startsWith("-")) {
                taken.remove(item.substring(1));
            }
        }
        withoutCitus(taken);
        return taken;
    }

    private void withoutCitus(List<String> taken) {
        var citus = inputs.variable("ENABLE_CITUS_TOOLS");
        var wanted = citus == null ? Boolean.TRUE : Values.truth(citus);
        if (wanted == null) {
            values.problem(Keys.TOOLSETS, "ENABLE_CITUS_TOOLS takes true or false.");
        } else if (!wanted) {
            taken.remove("citus");
            taken.remove("tables");
        }
    }

    private void defaultToolsets(List<String> taken) {
        taken.addAll(List.of("core", "postgres", "citus", "tables"));
        boolean patroni = false;
        boolean haproxy = false;
        boolean pgbouncer = false;
        boolean kubernetes = false;
        for (var cluster : clusters.values()) {
            patroni |= !cluster.patroniUrls().isEmpty();
            haproxy |= !cluster.haproxyUrls().isEmpty();
            pgbouncer |= !cluster.pgbouncers().isEmpty();
            kubernetes |= cluster.kubernetes().isConfigured();
        }
        addIf(patroni, "patroni", taken);
        addIf(haproxy, "haproxy", taken);
        addIf(pgbouncer, "pgbouncer", taken);
        addIf(kubernetes, "cnpg", taken);
    }

    private static void addIf(boolean condition, String toolset, List<String> taken) {
        if (condition) {
            taken.add(toolset);
        }
    }

    private Optional<String> defaultCluster() {
        var name = values.text(Keys.DEFAULT_CLUSTER);
        if (name == null) {
            return Optional.empty();
        }
        if (!clusters.containsKey(name)) {
            values.problem(
                    Keys.DEFAULT_CLUSTER,
                    "default_cluster takes the name of a cluster, one of " + String.join(", ", clusters.keySet())
                            + ", not `" + Shown.cut(name) + "`.");
            return Optional.empty();
        }
        return Optional.of(name);
    }

    private List<String> discoveryHosts() {
        var written = values.list(Keys.DISCOVERY_HOSTS, ", \t");
        if (!written.isEmpty()) {
            return written;
        }
        var hosts = new ArrayList<String>(List.of("localhost", "127.0.0.1", "::1"));
        for (var entry : layers.clusters().entrySet()) {
            var cluster = clusters.get(entry.getKey());
            if (cluster != null) {
                new KnownHosts(cluster, entry.getValue()).addTo(hosts);
            }
        }
        return hosts;
    }
}
