package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.shape.JsonText;

/** Every tool, called as wrongly as its own schema allows: all is told at once, each argument with what it takes. */
class InvalidInputTest {
    private static final String CLUSTER = """
              %s:
                coordinator_dsn: postgres://u@127.0.0.1:1/none
                admin_dsn: postgres://u@127.0.0.1:1/none
                patroni_urls: http://127.0.0.1:1
                haproxy_urls: http://127.0.0.1:1/stats
                pgbouncer_dsns: postgres://u@127.0.0.1:1/pgbouncer
                mode: admin
                allow_execute: true
            """;

    @TempDir
    static Path folder;

    private static @Nullable Dispatcher desk;

    record Named(String name, Map<?, ?> properties, List<?> required) {
        @Override
        public String toString() {
            return name;
        }

        Map<?, ?> schema(Object property) {
            return (Map<?, ?>) Objects.requireNonNull(properties.get(property));
        }
    }

    @BeforeAll
    static void open() throws IOException {
        Path file = Files.writeString(
                folder.resolve("two.yaml"), "clusters:\n" + CLUSTER.formatted("prod") + CLUSTER.formatted("test"));
        Settings settings = Settings.load(new Inputs(
                List.of("--config", file.toString(), "--state-dir", folder.toString()),
                Map.of(),
                folder,
                folder,
                "Linux",
                "tester"));
        assertEquals(List.of(), settings.problems());
        desk = new Dispatcher(new Workshop(settings, "test"));
    }

    @AfterAll
    static void close() {
        Objects.requireNonNull(desk).close();
    }

    static Stream<Named> tools() {
        return CatalogueFile.text().lines().map(line -> {
            Map<?, ?> tool = (Map<?, ?>) Objects.requireNonNull(JsonText.read(line.split("\t", 5)[4]));
            Map<?, ?> input = (Map<?, ?>) Objects.requireNonNull(tool.get("inputSchema"));
            return new Named(
                    String.valueOf(tool.get("name")),
                    (Map<?, ?>) Objects.requireNonNull(input.get("properties")),
                    input.get("required") instanceof List<?> names ? names : List.of());
        });
    }

    private static Answer call(Named tool, Map<String, @Nullable Object> arguments) {
        Call call = Call.within(Duration.ofSeconds(20));
        return Objects.requireNonNull(desk).call(new Request(tool.name(), arguments, call, "test", Optional.empty()));
    }

    private static String refused(Named tool, Map<String, @Nullable Object> arguments) {
        Answer answer = call(tool, arguments);
        assertEquals("INVALID_INPUT", answer.structured().get("code"), arguments + ": " + answer.text());
        return answer.text();
    }

    /** Of another type than the schema names; null where it takes any. */
    private static @Nullable Object ofAnotherType(Map<?, ?> schema) {
        if (schema.containsKey("enum")) {
            return "sideways";
        }
        return switch (String.valueOf(schema.get("type"))) {
            case "string" -> 7L;
            case "integer", "number" -> "many";
            case "boolean" -> "perhaps";
            case "array", "object" -> "one";
            default -> null;
        };
    }

    private static String takes(Map<?, ?> schema) {
        if (schema.get("enum") instanceof List<?> words) {
            return "is one of "
                    + String.join(", ", words.stream().map(String::valueOf).toList());
        }
        return switch (String.valueOf(schema.get("type"))) {
            case "string" -> "takes a t"; // a text, a time
            case "integer" -> "takes a whole number";
            case "number" -> "takes a number";
            case "boolean" -> "takes true or false";
            case "array" -> "takes a list";
            default -> "takes an object";
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tools")
    void every_argument_of_a_wrong_type_is_told_with_what_it_takes(Named tool) {
        Map<String, @Nullable Object> wrong = new LinkedHashMap<>();
        List<String> expected = new ArrayList<>();
        for (Object property : tool.properties().keySet()) {
            Object value = ofAnotherType(tool.schema(property));
            if (value != null) {
                wrong.put(String.valueOf(property), value);
                expected.add("`" + property + "` " + takes(tool.schema(property)));
            }
        }
        wrong.put("cluster", "prodd");
        wrong.put("zebra_crossing", true);
        expected.add("`zebra_crossing` is not an argument");
        boolean ofCluster = !List.of("list_clusters", "operation_status", "operation_cancel")
                .contains(tool.name());
        expected.add(ofCluster ? "`cluster` is one of prod, test, not \"prodd\"" : "`cluster` is not an argument");
        String told = refused(tool, wrong);
        expected.forEach(one -> assertTrue(told.contains(one), one + " is missing in: " + told));
        assertTrue(!ofCluster || told.contains("`prod` for `prodd`"), told);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tools")
    void everything_that_is_missing_is_told(Named tool) {
        String told = refused(tool, Map.of("zebra_crossing", true));
        tool.required().forEach(name -> assertTrue(told.contains("`" + name + "` is required"), name + ": " + told));
        tool.properties().keySet().forEach(name -> assertTrue(told.contains(String.valueOf(name)), name + ": " + told));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tools")
    void a_number_or_list_out_of_bounds_is_told_with_its_bounds(Named tool) {
        Map<String, @Nullable Object> wrong = new LinkedHashMap<>();
        List<String> expected = new ArrayList<>();
        wrong.put("zebra_crossing", true);
        for (Object property : tool.properties().keySet()) {
            Map<?, ?> schema = tool.schema(property);
            if (schema.get("maximum") instanceof Number most) {
                wrong.put(String.valueOf(property), most.longValue() + 1);
                expected.add("`" + property + "` is");
                expected.add(most + ", not " + (most.longValue() + 1));
            } else if (schema.get("minimum") instanceof Number least) {
                wrong.put(String.valueOf(property), least.longValue() - 1);
                expected.add("`" + property + "` is at least " + least);
            } else if (schema.get("minItems") instanceof Number) {
                wrong.put(String.valueOf(property), List.of());
                expected.add("`" + property + "` has ");
            }
        }
        String told = refused(tool, wrong);
        expected.forEach(one -> assertTrue(told.contains(one), one + " is missing in: " + told));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tools")
    void a_number_beyond_all_bounds_is_told_like_one_beyond_its_own(Named tool) {
        tool.properties().keySet().forEach(property -> {
            if (tool.schema(property).containsKey("maximum")) {
                String told = refused(tool, Map.of(String.valueOf(property), 99_999_999_999L));
                assertTrue(told.contains("`" + property + "` is from "), told);
            }
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tools")
    void a_mistyped_name_or_word_is_met_with_the_one_meant(Named tool) {
        Map<String, @Nullable Object> wrong = new LinkedHashMap<>();
        List<String> expected = new ArrayList<>();
        for (Object property : tool.properties().keySet()) {
            String name = String.valueOf(property);
            if (tool.schema(property).get("enum") instanceof List<?> words) {
                String word = String.valueOf(words.get(0));
                wrong.put(name, word + "s");
                expected.add("`" + word + "` for `" + word + "s`");
            } else if (name.length() > 3) {
                wrong.put(name + "x", 1L);
                expected.add("`" + name + "` for `" + name + "x`");
            }
        }
        if (!expected.isEmpty()) {
            String told = refused(tool, wrong);
            expected.forEach(one -> assertTrue(told.contains(one), one + " is missing in: " + told));
        }
    }
}
