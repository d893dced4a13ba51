package org.pgcluster.dispatch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Problems;

/** Other names for arguments, from servers whose clients should go on working here. */
final class Synonyms {
    private static final Map<String, String> OF_POSTGRES = Map.of(
            "schema_name", "schema",
            "object_name", "name",
            "object_type", "type",
            "sort_by", "sort",
            "health_type", "checks",
            "instance_name", "cluster",
            "db_name", "database");

    private Synonyms() {}

    static Map<String, @Nullable Object> resolved(
            Listed tool, List<String> taken, Map<String, @Nullable Object> arguments, Problems problems) {
        if (!tool.toolset().equals("postgres")) {
            return arguments;
        }
        Map<String, @Nullable Object> resolved = new LinkedHashMap<>();
        for (Map.Entry<String, @Nullable Object> argument : arguments.entrySet()) {
            String name = argument.getKey();
            String meant = OF_POSTGRES.get(name);
            boolean known =
                    meant != null && !taken.contains(name) && (taken.contains(meant) || meant.equals("cluster"));
            String key = known && meant != null ? meant : name;
            if (resolved.containsKey(key)) {
                problems.told("`" + name + "` is another name for `" + key + "`; give one.");
            } else {
                resolved.put(key, argument.getValue());
            }
        }
        return resolved;
    }
}
