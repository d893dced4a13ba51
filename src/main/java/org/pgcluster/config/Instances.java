package org.pgcluster.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Clusters from {@code PSQL_INSTANCE_<NAME>_HOST} and its siblings. */
final class Instances {
    static final String PREFIX = "PSQL_INSTANCE_";
    private static final List<String> FIELDS =
            List.of("HOST", "PORT", "USER", "PASSWORD", "DATABASE", "SSLMODE", "MAX_OPEN_CONNS", "MAX_IDLE_CONNS");

    private final Inputs inputs;
    private final Layers layers;
    private final Problems problems;

    Instances(Inputs inputs, Layers layers, Problems problems) {
        this.inputs = inputs;
        this.layers = layers;
        this.problems = problems;
    }

    void read() {
        var instances = new TreeMap<String, Map<String, String>>();
        for (var entry : inputs.environment().entrySet()) {
            if (entry.getKey().startsWith(PREFIX) && !entry.getValue().isEmpty()) {
                sort(entry.getKey(), entry.getValue(), instances);
            }
        }
        for (var entry : instances.entrySet()) {
            add(entry.getKey(), entry.getValue());
        }
    }

    private void sort(String variable, String value, Map<String, Map<String, String>> instances) {
        var rest = variable.substring(PREFIX.length());
        for (var field : FIELDS) {
            int end = rest.length() - field.length() - 1;
            if (end > 0 && rest.endsWith("_".concat(field))) {
                var name = rest.substring(0, end);
                var fields = instances.get(name);
                if (fields == null) {
                    fields = new TreeMap<>();
                    instances.put(name, fields);
                }
                fields.put(field, value);
                return;
            }
        }
        problems.add(
                variable,
                "environment ".concat(variable),
                variable + " ends in none of " + String.join(", ", FIELDS) + ".");
    }

    private void add(String upper, Map<String, String> fields) {
        var name = upper.toLowerCase(Locale.ROOT);
        var source = "environment " + PREFIX + upper + "_HOST";
        var host = fields.get("HOST");
        if (host == null) {
            problems.add(
                    PREFIX + upper + "_HOST", source, "The instance " + upper + " needs " + PREFIX + upper + "_HOST.");
            return;
        }
        var dsn = new StringBuilder();
        keyword("host", host, dsn);
        keyword("port", fields.getOrDefault("PORT", "5432"), dsn);
        keyword("user", fields.getOrDefault("USER", "postgres"), dsn);
        keyword("dbname", fields.getOrDefault("DATABASE", "postgres"), dsn);
        if (fields.containsKey("SSLMODE")) {
            keyword("sslmode", fields.getOrDefault("SSLMODE", ""), dsn);
        }
        layers.offer(name, Keys.COORDINATOR_DSN, Given.of(dsn.toString(), source));
        var password = fields.get("PASSWORD");
        if (password != null) {
            layers.offer(
                    name, Keys.COORDINATOR_PASSWORD, Given.of(password, "environment " + PREFIX + upper + "_PASSWORD"));
        }
        var size = fields.get("MAX_OPEN_CONNS");
        if (size != null) {
            layers.offer(name, Keys.POOL_SIZE, Given.of(size, "environment " + PREFIX + upper + "_MAX_OPEN_CONNS"));
        }
    }

    private static void keyword(String name, String value, StringBuilder dsn) {
        dsn.append(dsn.length() == 0 ? "" : " ").append(name).append("='");
        dsn.append(value.replace("\\", "\\\\").replace("'", "\\'")).append('\'');
    }
}
