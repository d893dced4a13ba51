package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.shape.JsonText;

/** The list as a client with one cluster sees it, and as one with several does. */
class SeveralClustersTest {
    private static final Map<String, String> TWO =
            Map.of("PSQL_INSTANCE_EAST_HOST", "127.0.0.1", "PSQL_INSTANCE_WEST_HOST", "127.0.0.1");

    @TempDir
    Path home;

    private Map<String, Map<?, ?>> inputs(Map<String, String> environment) {
        Settings settings = Settings.load(new Inputs(List.of(), environment, home, home, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        Map<String, Map<?, ?>> inputs = new LinkedHashMap<>();
        Object tools = JsonText.read(Catalogue.of(settings).toolsJsonArray());
        for (Object tool : (List<?>) Objects.requireNonNull(tools)) {
            Map<?, ?> one = (Map<?, ?>) Objects.requireNonNull(tool);
            inputs.put(String.valueOf(one.get("name")), (Map<?, ?>) Objects.requireNonNull(one.get("inputSchema")));
        }
        return inputs;
    }

    private static Map<?, ?> properties(Map<?, ?> input) {
        return (Map<?, ?>) Objects.requireNonNull(input.get("properties"));
    }

    private static List<?> required(Map<?, ?> input) {
        return (List<?>) Objects.requireNonNull(input.get("required"));
    }

    @Test
    void with_one_cluster_no_tool_asks_for_its_name() {
        inputs(Map.of())
                .forEach((tool, input) -> assertEquals(null, properties(input).get("cluster"), tool));
    }

    @Test
    void with_several_every_tool_of_a_cluster_asks_for_its_name_and_nothing_else_changes() {
        Map<String, Map<?, ?>> alone = inputs(Map.of());
        Map<String, Map<?, ?>> several = inputs(TWO);
        assertEquals(alone.keySet(), several.keySet());
        several.forEach((tool, input) -> {
            boolean ofCluster = !List.of("list_clusters", "operation_status", "operation_cancel")
                    .contains(tool);
            Map<Object, Object> properties = new LinkedHashMap<>(properties(input));
            assertEquals(
                    ofCluster ? Map.of("type", "string", "enum", List.of("east", "west")) : null,
                    properties.remove("cluster"),
                    tool);
            assertEquals(properties(Objects.requireNonNull(alone.get(tool))), properties, tool);
            assertEquals(ofCluster, required(input).contains("cluster"), tool);
        });
    }

    @Test
    void with_a_default_cluster_the_name_may_be_left_out() {
        Map<String, String> environment = new LinkedHashMap<>(TWO);
        environment.put("PGCLUSTER_MCP_DEFAULT_CLUSTER", "east");
        assertEquals(
                List.of("sql"),
                required(Objects.requireNonNull(inputs(environment).get("execute_sql"))));
    }
}
