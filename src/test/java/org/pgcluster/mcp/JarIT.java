package org.pgcluster.mcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgcluster.testing.Postgres;

/** The JAR itself as a client sees it, on each Java version: lines in, lines out, and a database behind it. */
@Tag("postgres")
class JarIT {
    private static final Postgres DATABASE = Postgres.debian15();
    private static final String DSN = "postgres://postgres@127.0.0.1:" + DATABASE.port() + "/postgres";
    private static final String HELLO = "{\"jsonrpc\":\"2.0\",\"id\":\"hello\",\"method\":\"initialize\",\"params\":"
            + "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"a\",\"version\":\"1\"}}}";

    @TempDir
    Path home;

    private ProcessBuilder jar(Jdk jdk, String... shell) {
        List<String> command = new ArrayList<>(List.of(shell));
        command.addAll(List.of(jdk.java(), "-jar", System.getProperty("pgcluster.jar"), DSN));
        var builder = new ProcessBuilder(command).directory(home.toFile());
        builder.environment().keySet().removeIf(name -> name.contains("MCP_") || name.startsWith("JAVA_TOOL"));
        builder.environment()
                .put("PGCLUSTER_MCP_STATE_DIR", home.resolve("state").toString());
        return builder;
    }

    private Client greeted(Jdk jdk) throws IOException, InterruptedException {
        var client = new Client(jar(jdk));
        client.greet("2025-11-25", "{}");
        return client;
    }

    private static void sql(Client client, Object id, String sql) throws IOException {
        client.call(id, "execute_sql", "{\"sql\":\"" + sql + "\"}");
    }

    private static String only(JsonNode reply) {
        return reply.at("/result/structuredContent/rows/0/0").asText();
    }

    private static void one_works(Client client) throws IOException, InterruptedException {
        sql(client, "one", "SELECT 1");
        JsonNode reply = client.next();
        assertEquals("one", reply.path("id").asText(), reply.toString());
        assertEquals("1", only(reply), reply.toString());
    }

    @ParameterizedTest
    @EnumSource
    void every_version_of_the_protocol_is_spoken(Jdk jdk) throws Exception {
        for (String version : List.of("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")) {
            try (var client = new Client(jar(jdk))) {
                JsonNode greeting = client.greet(version, "{}").path("result");
                assertEquals(version, greeting.path("protocolVersion").asText());
                assertEquals("pgcluster-mcp", greeting.at("/serverInfo/name").asText());
                client.request(1, "tools/list", "{}");
                assertEquals("ping", client.next().at("/result/tools/0/name").asText());
                one_works(client);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_is_no_request_is_refused_and_the_next_call_works(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            refused(client, "nonsense", -32700);
            refused(client, "[".repeat(10_000) + "]".repeat(10_000), -32700);
            refused(client, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600);
            refused(client, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600);
            refused(client, "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", -32600);
            refused(client, "{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"ping\"}", -32600);
            refused(client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no/such\"}", -32601);
            refused(client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/get\"}", -32602);
            refused(client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":[]}", -32602);
            client.call(2, "no_such_tool", "{}");
            assertEquals(
                    "NOT_FOUND",
                    client.next().at("/result/structuredContent/code").asText());
            client.send("");
            one_works(client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_prompt_is_found_and_its_arguments_are_completed(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            client.request(1, "prompts/list", "{}");
            String listed = client.next().at("/result/prompts").toString();
            assertTrue(listed.contains("\"citus.skew_investigation\""), listed);
            client.request(
                    2, "prompts/get", "{\"name\":\"/citus.skew_investigation\",\"arguments\":{\"table\":\"a.b\"}}");
            String text = client.next().at("/result/messages/0/content/text").asText();
            assertTrue(text.contains("citus_table_inspector(table=\"a.b\""), text);
            client.request(
                    3,
                    "completion/complete",
                    "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"citus.skew_investigation\"},"
                            + "\"argument\":{\"name\":\"metric\",\"value\":\"w\"}}");
            assertEquals(
                    "writes", client.next().at("/result/completion/values/0").asText());
            one_works(client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_stands_at_an_address_is_what_its_tool_answers(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            client.request(1, "resources/list", "{}");
            String listed = client.next().at("/result/resources").toString();
            assertTrue(listed.contains("\"cluster://default/topology\""), listed);
            client.request(2, "resources/templates/list", "{}");
            String templates = client.next().at("/result/resourceTemplates").toString();
            assertTrue(templates.contains("\"cluster://{cluster}/table/{schema}/{name}\""), templates);
            read(client, "cluster://default/config", "coordinator_dsn");
            read(client, "cluster://default/topology", "graph|flowchart");
            read(client, "cluster://default/table/pg_catalog/pg_class", "relname");
            client.request(3, "resources/read", "{\"uri\":\"cluster://nowhere/topology\"}");
            JsonNode refused = client.next();
            assertTrue(refused.at("/error/message").asText().contains("nowhere"), refused.toString());
            client.request(
                    4,
                    "completion/complete",
                    "{\"ref\":{\"type\":\"ref/resource\",\"uri\":\"cluster://{cluster}/table/{schema}/{name}\"},"
                            + "\"argument\":{\"name\":\"schema\",\"value\":\"pub\"},"
                            + "\"context\":{\"arguments\":{\"cluster\":\"default\"}}}");
            assertEquals(
                    "public", client.next().at("/result/completion/values/0").asText());
            one_works(client);
        }
    }

    private static void read(Client client, String uri, String said) throws Exception {
        client.request(uri, "resources/read", "{\"uri\":\"" + uri + "\"}");
        JsonNode content = client.next().at("/result/contents/0");
        assertEquals(uri, content.path("uri").asText(), content.toString());
        assertTrue(Pattern.compile(said).matcher(content.path("text").asText()).find(), content.toString());
    }

    /** Else Java 8 would say which class file version it does not know. */
    @Test
    void the_class_that_it_enters_is_one_that_java_8_can_read() throws IOException {
        try (var jar = new JarFile(System.getProperty("pgcluster.jar"))) {
            String entered = jar.getManifest().getMainAttributes().getValue("Main-Class");
            try (var in = new DataInputStream(jar.getInputStream(jar.getEntry(entered.replace('.', '/') + ".class")))) {
                in.readInt();
                in.readUnsignedShort();
                assertEquals(52, in.readUnsignedShort());
            }
        }
    }

    @Test
    void whatever_is_in_it_is_named_with_its_licence() throws IOException {
        try (var jar = new JarFile(System.getProperty("pgcluster.jar"))) {
            String named = text(jar, "META-INF/THIRD-PARTY");
            Set<String> packages = new TreeSet<>(List.of("org.pgcluster"));
            Pattern.compile("^([a-z0-9.]+)  ", Pattern.MULTILINE)
                    .matcher(named)
                    .results()
                    .forEach(line -> packages.add(line.group(1)));
            List<String> classes = jar.stream()
                    .map(entry -> entry.getName().replaceFirst("^META-INF/versions/\\d+/", ""))
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.replace('/', '.'))
                    .toList();
            for (String name : classes) {
                assertTrue(packages.stream().anyMatch(known -> name.startsWith(known + ".")), name + " is not named");
            }
            for (String known : packages) {
                assertTrue(classes.stream().anyMatch(name -> name.startsWith(known + ".")), known + " is not there");
            }
            String licences = text(jar, "META-INF/LICENSE");
            for (String holder :
                    List.of("The pgcluster-mcp authors", "PostgreSQL Global Development Group", "Apache License")) {
                assertTrue(licences.contains(holder), holder);
            }
            assertTrue(text(jar, "META-INF/LICENSE.txt").contains("QOS.ch"));
            assertTrue(text(jar, "META-INF/NOTICE").contains("Jackson"));
        }
    }

    private static String text(JarFile jar, String name) throws IOException {
        try (var in = jar.getInputStream(jar.getEntry(name))) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    private static void refused(Client client, String line, int code) throws Exception {
        client.send(line);
        JsonNode reply = client.next();
        assertEquals(code, reply.at("/error/code").asInt(), reply.toString());
    }

    @ParameterizedTest
    @EnumSource
    void texts_arrive_as_they_were_sent(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            sql(client, 1, "SELECT '\u00e9\u2713\ud83d\ude00'");
            assertEquals("\u00e9\u2713\ud83d\ude00", only(client.next()));
            byte[] line =
                    ("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"execute_sql\","
                                    + "\"arguments\":{\"sql\":\"SELECT '\ud83d\ude00'\"}}}\r\n")
                            .getBytes(UTF_8);
            for (byte each : line) { // each byte of a character comes in a read of its own
                client.sendBytes(new byte[] {each});
            }
            assertEquals("\ud83d\ude00", only(client.next()));
            client.request("\u00e9", "ping", "{}");
            assertEquals("\u00e9", client.next().path("id").asText());
        }
    }

    /** Neither can be stored in PostgreSQL, so that a call with one is a mistake; the server says so and goes on. */
    @ParameterizedTest
    @EnumSource
    void half_a_surrogate_and_a_zero_are_mistakes_that_are_told(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            for (String bad : List.of("\\ud83d", "\\u0000")) {
                client.call(1, "execute_sql", "{\"sql\":\"SELECT '" + bad + "'\"}");
                JsonNode reply = client.next();
                assertTrue(reply.at("/result/isError").asBoolean(), reply.toString());
                assertFalse(
                        "INTERNAL"
                                .equals(reply.at("/result/structuredContent/code")
                                        .asText()),
                        reply.toString());
            }
            one_works(client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void of_two_members_with_one_name_the_last_counts(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            client.call(1, "execute_sql", "{\"sql\":\"SELECT 1\",\"sql\":\"SELECT 2\"}");
            assertEquals("2", only(client.next()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void long_lines_are_taken(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            for (int megabytes : new int[] {10, 40}) {
                client.call(megabytes, "ping", "{\"message\":\"" + "x".repeat(megabytes << 20) + "\"}");
                JsonNode reply = client.next();
                assertEquals(megabytes, reply.path("id").asInt());
                assertEquals(
                        "INVALID_INPUT",
                        reply.at("/result/structuredContent/code").asText());
            }
            one_works(client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_call_before_the_greeting_is_refused_and_one_right_behind_it_is_answered(Jdk jdk) throws Exception {
        try (var client = new Client(jar(jdk))) {
            sql(client, 0, "SELECT 0");
            client.send(HELLO);
            sql(client, 1, "SELECT 1");
            assertEquals(-32600, client.next().at("/error/code").asInt());
            assertEquals("hello", client.next().path("id").asText());
            assertEquals("1", only(client.next()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_second_greeting_is_answered_and_disturbs_no_call(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            sql(client, 1, "SELECT pg_sleep(0.3), 1");
            client.send(HELLO);
            assertEquals("hello", client.next().path("id").asText());
            assertEquals(1, client.next().path("id").asInt());
            one_works(client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_was_piped_in_is_answered_although_the_input_has_ended(Jdk jdk) throws Exception {
        try (var client = new Client(jar(jdk))) {
            client.send(HELLO);
            for (int id = 1; id <= 13; id++) {
                sql(client, id, "SELECT " + id);
            }
            client.end();
            Set<String> ids = new HashSet<>();
            for (String line : client.rest()) {
                assertTrue(ids.add(Client.json(line).path("id").asText()), line);
            }
            assertEquals(14, ids.size(), ids.toString());
            assertTrue(client.process().waitFor(10, TimeUnit.SECONDS));
            assertEquals(0, client.process().exitValue());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_call_that_is_still_running_at_the_end_is_answered_as_cancelled(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            one_works(client);
            sql(client, 1, "SELECT pg_sleep(60)");
            client.end();
            JsonNode reply = client.next();
            assertEquals(1, reply.path("id").asInt(), reply.toString());
            assertEquals("CANCELLED", reply.at("/result/structuredContent/code").asText(), reply.toString());
            assertTrue(client.process().waitFor(10, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @EnumSource
    void fast_calls_pass_slow_ones(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            one_works(client);
            for (int id = 1; id <= 4; id++) {
                sql(client, id, "SELECT pg_sleep(5)");
            }
            for (int i = 0; i < 20; i++) {
                one_works(client);
            }
            client.request("still", "ping", "{}");
            assertEquals("still", client.next().path("id").asText());
        }
    }

    @ParameterizedTest
    @EnumSource
    void without_a_place_for_its_log_it_still_answers(Jdk jdk) throws Exception {
        try (var client = new Client(jar(jdk, "sh", "-c", "exec \"$@\" 2>&-", "sh"))) {
            client.greet("2025-11-25", "{}");
            one_works(client);
            client.end();
            assertTrue(client.process().waitFor(10, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @EnumSource
    void without_a_place_for_its_answers_it_ends(Jdk jdk) throws Exception {
        try (var client = new Client(jar(jdk, "sh", "-c", "exec \"$@\" >&-", "sh"))) {
            client.send(HELLO);
            assertTrue(client.process().waitFor(20, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("slow")
    void eight_in_flight_lose_nothing_while_every_core_is_busy(Jdk jdk) throws Exception {
        try (var client = greeted(jdk);
                var burning = new Burning()) {
            Set<Integer> waiting = new HashSet<>();
            int sent = 0;
            for (int answered = 0; answered < 2_000; answered++) {
                while (waiting.size() < 8 && sent < 2_000) {
                    sql(client, sent, "SELECT " + sent);
                    waiting.add(sent++);
                }
                JsonNode reply = client.next(Duration.ofMinutes(1));
                assertTrue(waiting.remove(reply.path("id").asInt()), reply.toString());
                assertEquals(reply.path("id").asText(), only(reply), reply.toString());
            }
            assertEquals(Set.of(), waiting);
            assertTrue(burning.still());
        }
    }

    /** A thread for each core that does nothing but turn. */
    private static final class Burning implements AutoCloseable {
        private volatile boolean on = true;

        Burning() {
            for (int core = 0; core < Runtime.getRuntime().availableProcessors(); core++) {
                var burner = new Thread(() -> {
                    while (on) {
                        Thread.onSpinWait();
                    }
                });
                burner.setDaemon(true);
                burner.start();
            }
        }

        boolean still() {
            return on;
        }

        @Override
        public void close() {
            on = false;
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_flood_of_calls_is_answered_in_full(Jdk jdk) throws Exception {
        try (var client = greeted(jdk)) {
            int calls = 1_000;
            for (int id = 0; id < calls; id++) {
                client.call(id, "list_clusters", "{}");
            }
            Set<Integer> missing =
                    new HashSet<>(IntStream.range(0, calls).boxed().toList());
            for (int i = 0; i < calls; i++) {
                JsonNode reply = client.next();
                assertFalse(reply.has("error"), reply.toString());
                assertTrue(missing.remove(reply.path("id").asInt()), reply.toString());
            }
            assertEquals(Set.of(), missing);
        }
    }
}
