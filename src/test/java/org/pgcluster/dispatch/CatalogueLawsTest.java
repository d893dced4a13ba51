package org.pgcluster.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Declaration.Kind;
import org.pgcluster.tool.Reads;
import org.pgcluster.tool.Tool;

/** What holds for every tool, whoever wrote it. */
class CatalogueLawsTest {
    private static final Path CALLS = Path.of("src/test/resources/calls");
    private static final Path ACTS = Path.of("docs/acts.md");
    private static final int MOST_TOKENS = 220;
    private static final int MEAN_TOKENS = 110;

    static Stream<Named<Tool<?, ?>>> tools() {
        return CatalogueFile.all().stream()
                .map(tool -> Named.<Tool<?, ?>>of(tool.declaration().name(), tool));
    }

    static Stream<Named<Tool<?, ?>>> acts() {
        return tools().filter(tool -> tool.getPayload() instanceof Acts);
    }

    @ParameterizedTest
    @MethodSource("tools")
    void the_class_is_named_as_the_tool(Tool<?, ?> tool) {
        String words = tool.getClass().getSimpleName().replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_");
        assertEquals(tool.declaration().name(), words.toLowerCase(Locale.ROOT));
    }

    @ParameterizedTest
    @MethodSource("tools")
    void the_description_is_short_and_a_sentence(Tool<?, ?> tool) {
        String description = tool.declaration().description();
        assertTrue(description.length() <= 200, description.length() + " characters");
        assertTrue(description.endsWith("."), description);
        assertFalse(description.startsWith("This tool"), description);
    }

    @ParameterizedTest
    @MethodSource("tools")
    void every_argument_is_described(Tool<?, ?> tool) {
        Set<String> silent = new TreeSet<>();
        map(input(tool).get("properties")).forEach((name, property) -> {
            if (!map(property).containsKey("description")) {
                silent.add(String.valueOf(name));
            }
        });
        assertEquals(Set.of(), silent);
    }

    @ParameterizedTest
    @MethodSource("tools")
    void a_tool_costs_a_client_little(Tool<?, ?> tool) {
        assertTrue(tokens(tool) <= MOST_TOKENS, tokens(tool) + " tokens");
    }

    @Test
    void the_tools_cost_a_client_little_on_average() {
        double mean = CatalogueFile.all().stream()
                .mapToInt(CatalogueLawsTest::tokens)
                .average()
                .orElseThrow();
        assertTrue(mean <= MEAN_TOKENS, mean + " tokens on average");
    }

    /** What a client with one cluster pays: name, description and input schema, four bytes a token. */
    private static int tokens(Tool<?, ?> tool) {
        Declaration<?, ?> declared = tool.declaration();
        String text = declared.name() + declared.description() + JsonText.write(input(tool));
        return text.getBytes(UTF_8).length / 4;
    }

    private static Map<?, ?> input(Tool<?, ?> tool) {
        return map(map(JsonText.read(CatalogueFile.json(tool))).get("inputSchema"));
    }

    private static Map<?, ?> map(@Nullable Object json) {
        return (Map<?, ?>) Objects.requireNonNull(json);
    }

    @ParameterizedTest
    @MethodSource("tools")
    void a_schema_is_plain(Tool<?, ?> tool) {
        String json = CatalogueFile.json(tool);
        for (String word : List.of("oneOf", "anyOf", "allOf", "$ref", "$defs")) {
            assertFalse(json.contains("\"" + word + "\""), word);
        }
    }

    @ParameterizedTest
    @MethodSource("tools")
    void the_kind_is_what_the_tool_is(Tool<?, ?> tool) {
        Kind kind = tool.declaration().kind();
        assertEquals(tool instanceof Reads, kind == Kind.READS || kind == Kind.STEERS);
        assertEquals(tool instanceof Acts, kind == Kind.CHANGES || kind == Kind.DESTROYS);
    }

    @ParameterizedTest
    @MethodSource("tools")
    void an_example_call_binds(Tool<?, ?> tool) throws IOException {
        Path call = CALLS.resolve(tool.declaration().name() + ".json");
        Map<String, @Nullable Object> arguments = arguments(Files.readString(call));
        Record bound = tool.declaration().input().bind(arguments);
        assertEquals(tool.declaration().inputType(), bound.getClass());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, @Nullable Object> arguments(String json) {
        return (Map<String, @Nullable Object>) map(JsonText.read(json));
    }

    @Test
    void there_is_no_example_without_its_tool() throws IOException {
        Set<String> tools = CatalogueFile.all().stream()
                .map(tool -> tool.declaration().name() + ".json")
                .collect(Collectors.toSet());
        try (Stream<Path> files = Files.list(CALLS)) {
            Set<String> examples =
                    files.map(file -> String.valueOf(file.getFileName())).collect(Collectors.toSet());
            assertEquals(tools, examples);
        }
    }

    @ParameterizedTest
    @MethodSource("acts")
    void an_act_tells_what_it_locks_and_how_it_is_undone(Tool<?, ?> act) throws IOException {
        String start = "| `" + act.declaration().name() + "` |";
        List<String> rows = Files.readAllLines(ACTS).stream()
                .filter(line -> line.startsWith(start))
                .toList();
        assertEquals(1, rows.size(), start);
        assertTrue(rows.get(0).matches("(\\|[^|]{5,}){3}\\|"), "tool, locks, undo: " + rows.get(0));
    }
}
