package org.pgcluster.offers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Desk;
import org.pgcluster.dispatch.Request;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.mcp.Features.Completion;
import org.pgcluster.mcp.Features.Resource;

/** What stands at an address is what a tool answers; the desk of this test notes which tool was asked for what. */
class ResourcesTest {
    private static final String TABLE = "cluster://{cluster}/table/{schema}/{name}";

    @TempDir
    Path home = Path.of("");

    private final List<Request> asked = new ArrayList<>();

    /** Answers like a tool that lists two names, except for Citus, which does not know the table. */
    private Answer answer(Request request) {
        asked.add(request);
        return request.tool().equals("citus_table_inspector")
                ? new Answer("not distributed", Map.of("code", "NOT_FOUND"), true)
                : new Answer(
                        "what " + request.tool() + " says",
                        Map.of(
                                "schemas",
                                List.of(Map.of("name", "public"), Map.of("name", "a/b ä")),
                                "objects",
                                List.of(Map.of("name", "orders"), Map.of("name", "Ünï/x"))),
                        false);
    }

    private Offering offering(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--state-dir=" + home);
        Settings settings = Settings.load(new Inputs(all, Map.of(), home, home, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        Desk desk = this::answer;
        return new Offering(settings, Files.readString(Path.of("src/main/resources/catalogue.tsv")), () -> desk);
    }

    private Offering two() throws IOException {
        Path file = home.resolve("two.yaml");
        Files.writeString(file, """
                clusters:
                  east:
                    coordinator_dsn: postgres://a:topsecret@127.0.0.1:1/a
                  west:
                    coordinator_dsn: postgres://a:othersecret@127.0.0.1:2/a
                """);
        return offering("--config=" + file);
    }

    private static Call call() {
        return Call.within(Duration.ofSeconds(5));
    }

    private static String read(Offering offering, String uri) {
        return offering.resourceTemplates().get(0).handler().text(uri, call());
    }

    private static List<String> proposed(Offering offering, String variable, String begun, Map<String, String> known) {
        Completion completion = offering.completions().stream()
                .filter(one -> one.of().equals(TABLE))
                .findFirst()
                .orElseThrow();
        return completion.handler().values(variable, begun, known, call());
    }

    @Test
    void each_cluster_has_its_addresses_and_each_address_its_template() throws IOException {
        Offering offering = two();
        assertEquals(
                new TreeSet<>(List.of(
                        "cluster://east/topology",
                        "cluster://east/health",
                        "cluster://east/tables",
                        "cluster://east/config",
                        "cluster://west/topology",
                        "cluster://west/health",
                        "cluster://west/tables",
                        "cluster://west/config")),
                new TreeSet<>(offering.resources().stream().map(Resource::uri).toList()));
        assertEquals(5, offering.resourceTemplates().size());
        for (Resource template : offering.resourceTemplates()) {
            assertTrue(
                    offering.completions().stream().anyMatch(one -> one.of().equals(template.uri())), template.uri());
        }
    }

    @Test
    void an_address_reads_what_its_tool_says_of_that_cluster() throws IOException {
        Offering offering = two();
        assertEquals("what cluster_topology says", read(offering, "cluster://west/topology"));
        assertEquals(Map.of("picture", true, "cluster", "west"), asked.get(0).arguments());
        assertEquals("what cluster_health says", read(offering, "cluster://east/health"));
        assertEquals("what list_table_types says", read(offering, "cluster://east/tables"));
    }

    @Test
    void names_are_percent_encoded_and_a_plus_is_a_plus() throws IOException {
        Offering offering = two();
        assertEquals("what get_object_details says", read(offering, "cluster://east/table/a%2Fb%20%C3%A4/%C3%9Cn+x"));
        assertEquals(
                Map.of("schema", "a/b ä", "name", "Ün+x", "cluster", "east"),
                asked.get(0).arguments());
        assertEquals("\"a/b ä\".\"Ün+x\"", asked.get(1).arguments().get("table"));
    }

    @Test
    void the_configuration_is_that_of_one_cluster_without_its_secrets() throws IOException {
        String text = read(two(), "cluster://east/config");
        assertTrue(text.contains("127.0.0.1:1/a"), text);
        assertFalse(text.contains("127.0.0.1:2/a"), text);
        assertFalse(text.contains("topsecret"), text);
        assertEquals(List.of(), asked);
    }

    @Test
    void what_is_not_there_is_said_with_the_way_out() throws IOException {
        Offering offering = two();
        for (String uri : List.of(
                "cluster://north/health",
                "cluster://east/weather",
                "cluster://east/health/a/b",
                "cluster://east/table",
                "cluster://east/table/a/%zz",
                "other://east/health")) {
            ToolException wrong = assertThrows(ToolException.class, () -> read(offering, uri), uri);
            assertEquals(ErrorCode.NOT_FOUND, wrong.code(), uri);
            assertTrue(Optional.ofNullable(wrong.hint()).isPresent(), uri);
        }
    }

    @Test
    void variables_are_completed_as_they_stand_in_an_address() throws IOException {
        Offering offering = two();
        assertEquals(List.of("west"), proposed(offering, "cluster", "w", Map.of()));
        assertEquals(List.of("a%2Fb%20%C3%A4"), proposed(offering, "schema", "a", Map.of("cluster", "west")));
        assertEquals(List.of("%C3%9Cn%C3%AF%2Fx"), proposed(offering, "name", "%C3", Map.of("schema", "public")));
        assertEquals("public", asked.get(1).arguments().get("schema"));
        assertEquals(List.of(), proposed(offering, "name", "o", Map.of()));
        assertEquals(List.of(), proposed(offering, "nonsense", "", Map.of()));
    }
}
