package org.pgcluster.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.pgcluster.shape.Nearest;

/** Reads the environment. Among several names of one key the order is fixed, and two that differ are reported. */
final class Variables {
    static final String OWN = "PGCLUSTER_MCP_";
    static final String CITUS = "CITUS_MCP_";

    /** One variable of a key; the lower the rank, the sooner it counts. */
    private record Found(int rank, String name, String value, boolean inFile) {}

    private final Inputs inputs;
    private final Layers layers;
    private final Secrets secrets;
    private final Problems problems;
    private final Map<Key<?>, List<Found>> found = new HashMap<>();

    Variables(Inputs inputs, Layers layers, Secrets secrets, Problems problems) {
        this.inputs = inputs;
        this.layers = layers;
        this.secrets = secrets;
        this.problems = problems;
    }

    void read() {
        for (var entry : inputs.environment().entrySet()) {
            var name = entry.getKey();
            if (entry.getValue().isEmpty()) {
                continue;
            }
            if (name.startsWith(OWN)) {
                named(0, name, name.substring(OWN.length()), entry.getValue());
            } else if (name.startsWith(CITUS)) {
                named(1, name, name.substring(CITUS.length()), entry.getValue());
            }
        }
        for (var key : Keys.ALL) {
            int rank = 2;
            for (var other : key.variables()) {
                otherName(rank++, key, other);
            }
        }
        readOnly();
        if (inputs.variable("HTTP_API_PORT") != null) {
            problems.warn(
                    "transport",
                    "environment HTTP_API_PORT",
                    "HTTP_API_PORT has no meaning: this server speaks to clients that start it, not over HTTP.");
        }
        for (var entry : found.entrySet()) {
            settle(entry.getKey(), entry.getValue());
        }
    }

    private void named(int rank, String name, String upper, String value) {
        if (upper.equals("CONFIG")) {
            return;
        }
        var key = Keys.byUpperName(upper);
        if (key != null) {
            add(key, new Found(rank, name, value, false));
            return;
        }
        var ofFile = upper.endsWith("_FILE") ? Keys.byUpperName(upper.substring(0, upper.length() - 5)) : null;
        if (ofFile != null && ofFile.secret()) {
            add(ofFile, new Found(rank, name, value, true));
        } else if (rank == 1 && NewerKeys.contains(upper.toLowerCase(Locale.ROOT))) {
            problems.warn(upper.toLowerCase(Locale.ROOT), "environment ".concat(name), name + " has no meaning here.");
        } else {
            unknown(name);
        }
    }

    private void unknown(String name) {
        var names = new ArrayList<String>();
        var prefix = name.startsWith(OWN) ? OWN : CITUS;
        for (var key : Keys.ALL) {
            names.add(prefix.concat(key.upperName()));
        }
        var nearest = Nearest.of(name, names);
        problems.add(
                name,
                "environment ".concat(name),
                "There is no variable " + name + (nearest == null ? "." : ". Did you mean " + nearest + "?"));
    }

    private void otherName(int rank, Key<?> key, String name) {
        var value = inputs.variable(name);
        if (value != null) {
            add(key, new Found(rank, name, value, false));
        }
        var file = key.secret() ? inputs.variable(name.concat("_FILE")) : null;
        if (file != null) {
            add(key, new Found(rank, name.concat("_FILE"), file, true));
        }
    }

    /** False means no more than the mode; true is worked in at the end, since it beats everything. */
    private void readOnly() {
        var value = inputs.variable("MCP_READ_ONLY");
        if (value == null) {
            return;
        }
        var truth = Values.truth(value);
        if (truth == null) {
            problems.add("mode", "environment MCP_READ_ONLY", "MCP_READ_ONLY takes true or false.");
        } else if (!truth) {
            add(Keys.MODE, new Found(2, "MCP_READ_ONLY", "admin", false));
        }
    }

    private void add(Key<?> key, Found one) {
        var list = found.get(key);
        if (list == null) {
            list = new ArrayList<>(2);
            found.put(key, list);
        }
        list.add(one);
    }

    private void settle(Key<?> key, List<Found> names) {
        if (names.size() > 1) {
            names.sort(Comparator.comparingInt(Found::rank).thenComparing(Found::name));
        }
        var first = names.get(0);
        for (var other : names.subList(1, names.size())) {
            if (!other.value().equals(first.value()) || other.inFile() != first.inFile()) {
                problems.warn(
                        key.name(),
                        "environment ".concat(other.name()),
                        other.name() + " differs from " + first.name() + ", which counts for " + key.name() + ".");
            }
        }
        var source = "environment ".concat(first.name());
        var given =
                first.inFile() ? secrets.fromFile(key, first.value(), source, false) : Given.of(first.value(), source);
        if (given != null) {
            layers.offer(key, given);
        }
    }
}
