package org.pgcluster.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server process each: greeting, calls side by side, cancelling, forms, progress, features, the end. */
class SessionTest {
    private static String said(JsonNode reply) {
        return reply.at("/result/structuredContent/said").asText();
    }

    @ParameterizedTest
    @CsvSource({
        "2024-11-05,2024-11-05",
        "2025-03-26,2025-03-26",
        "2025-06-18,2025-06-18",
        "2025-11-25,2025-11-25",
        "1999-01-01,2025-11-25",
        "nonsense,2025-11-25"
    })
    void every_version_is_spoken(String asked, String spoken) throws Exception {
        try (var client = new Client()) {
            assertEquals(
                    spoken,
                    client.greet(asked, "{}").at("/result/protocolVersion").asText());
            client.request(1, "tools/list", "{}");
            assertEquals("echo", client.next().at("/result/tools/0/name").asText());
            client.call(2, "echo", "{\"text\":\"a\"}");
            assertEquals("a", said(client.next()));
            client.request(3, "prompts/list", "{}");
            assertEquals("triage", client.next().at("/result/prompts/0/name").asText());
        }
    }

    @Test
    void before_the_greeting_only_a_ping_is_answered() throws Exception {
        try (var client = new Client()) {
            client.request(1, "tools/list", "{}");
            assertEquals(-32600, client.next().at("/error/code").asInt());
            client.call(2, "echo", "{\"text\":\"a\"}");
            assertEquals(-32600, client.next().at("/error/code").asInt());
            client.request(3, "ping", "{}");
            assertTrue(client.next().path("result").isObject());
            client.greet("2025-11-25", "{}");
            client.call(4, "echo", "{\"text\":\"a\"}");
            assertEquals("a", said(client.next()));
        }
    }

    @Test
    void a_second_greeting_is_answered_like_the_first() throws Exception {
        try (var client = new Client()) {
            JsonNode first = client.greet("2025-11-25", "{}");
            assertEquals(first, client.greet("2025-11-25", "{}"));
        }
    }

    @Test
    void the_version_that_has_batches_gets_one_array_back() throws Exception {
        try (var client = new Client()) {
            client.greet("2025-03-26", "{}");
            client.send("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},"
                    + "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unknown\"},"
                    + "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\","
                    + "\"arguments\":{\"text\":\"b\"}}},{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"no\"},5,"
                    + "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"prompts/list\"}]");
            JsonNode replies = client.next();
            Set<String> ids = new HashSet<>();
            replies.forEach(reply -> ids.add(reply.path("id").asText()));
            assertEquals(Set.of("1", "2", "3", "null", "4"), ids);
            client.send("[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unknown\"}]");
            client.call(5, "echo", "{\"text\":\"after\"}");
            assertEquals("after", said(client.next()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 257, 20_000})
    void a_batch_of_none_or_too_many_is_refused_as_a_whole(int messages) throws Exception {
        try (var client = new Client()) {
            client.greet("2025-03-26", "{}");
            String one = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";
            client.send("[" + String.join(",", Collections.nCopies(messages, one)) + "]");
            JsonNode refused = client.next();
            assertTrue(refused.path("id").isNull());
            assertEquals(-32600, refused.at("/error/code").asInt());
            assertEquals(
                    "A batch takes from 1 to 256 messages.",
                    refused.at("/error/message").asText());
            client.call(5, "echo", "{\"text\":\"after\"}");
            assertEquals("after", said(client.next()));
        }
    }

    @Test
    void calls_run_side_by_side_and_a_ping_overtakes_them() throws Exception {
        try (var client = Client.greeted()) {
            client.call(0, "echo", "{\"text\":\"warm\"}");
            client.next();
            long begun = System.nanoTime();
            for (int i = 1; i <= 64; i++) {
                client.call(i, "sleep", "{\"millis\":800}");
            }
            client.request("ping", "ping", "{}");
            assertEquals("ping", client.next().path("id").asText());
            client.call("fast", "echo", "{\"text\":\"a\"}");
            assertEquals("fast", client.next().path("id").asText());
            Set<Integer> ids = new TreeSet<>();
            for (int i = 1; i <= 64; i++) {
                ids.add(client.next().path("id").asInt());
            }
            assertEquals(64, ids.size());
            assertTrue(System.nanoTime() - begun < 5_000_000_000L, "one after another");
        }
    }

    @Test
    void calls_beyond_threads_and_queue_are_refused_and_all_others_answered() throws Exception {
        try (var client = Client.greeted("-Din.flight=2", "-Dqueued=3")) {
            for (int i = 1; i <= 8; i++) {
                client.call(i, "sleep", "{\"millis\":500}");
            }
            int refused = 0;
            int slept = 0;
            for (int i = 1; i <= 8; i++) {
                JsonNode reply = client.next();
                refused += reply.at("/error/code").asInt() == -32000 ? 1 : 0;
                slept += said(reply).equals("slept") ? 1 : 0;
            }
            assertEquals(3, refused);
            assertEquals(5, slept);
        }
    }

    @Test
    void a_cancelled_call_is_stopped_at_once_and_never_answered() throws Exception {
        try (var client = Client.greeted()) {
            client.call(1, "sleep", "{\"millis\":60000,\"name\":\"one\"}");
            client.call("\\u0032", "sleep", "{\"millis\":60000,\"name\":\"two\"}");
            assertTrue(client.silentFor(200));
            client.cancel(1);
            client.cancel("\"2\"");
            assertTrue(client.saysWithin("STOPPED one", Duration.ofSeconds(1)), client.errors());
            assertTrue(client.saysWithin("STOPPED two", Duration.ofSeconds(1)), client.errors());
            assertTrue(client.silentFor(200));
            client.call(1, "echo", "{\"text\":\"again\"}");
            assertEquals("again", said(client.next()));
        }
    }

    @Test
    void a_cancelled_call_that_still_waits_in_the_queue_never_begins() throws Exception {
        try (var client = Client.greeted("-Din.flight=1")) {
            client.call(1, "sleep", "{\"millis\":500}");
            client.call(2, "print", "{}");
            client.cancel(2);
            assertEquals(1, client.next().path("id").asInt());
            client.call(3, "echo", "{\"text\":\"a\"}");
            assertEquals(3, client.next().path("id").asInt());
            assertFalse(client.errors().contains("a library prints"));
        }
    }

    @Test
    void progress_comes_in_order_before_the_reply_and_not_too_often() throws Exception {
        try (var client = Client.greeted()) {
            for (String token : List.of("\"t\"", "7")) {
                client.request(
                        1,
                        "tools/call",
                        "{\"name\":\"progress\",\"arguments\":{\"steps\":3},\"_meta\":{\"progressToken\":" + token
                                + "}}");
                for (int step = 1; step <= 3; step++) {
                    JsonNode report = client.next();
                    assertEquals("notifications/progress", report.path("method").asText());
                    assertEquals(Client.json(token), report.at("/params/progressToken"));
                    assertEquals(step, report.at("/params/progress").asDouble());
                    assertEquals("step " + step, report.at("/params/message").asText());
                }
                assertEquals("done", said(client.next()));
            }
            client.request(
                    2,
                    "tools/call",
                    "{\"name\":\"progress\",\"arguments\":{\"steps\":1000},\"_meta\":{\"progressToken\":1}}");
            List<Double> reports = new ArrayList<>();
            JsonNode next = client.next();
            for (; next.has("method"); next = client.next()) {
                reports.add(next.at("/params/progress").asDouble());
            }
            assertEquals("done", said(next));
            assertEquals(reports.stream().sorted().distinct().toList(), reports);
            assertEquals(1000, reports.get(reports.size() - 1));
            assertTrue(reports.size() < 50, reports.size() + " reports");
        }
    }

    @ParameterizedTest(name = "{0} and {1} is {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
        {} | {"result":{"action":"accept","content":{"consent":true}}} | ACCEPTED
        {} | {"result":{"action":"accept","content":{"consent":false}}} | DECLINED
        {} | {"result":{"action":"accept","content":{"consent":"true"}}} | DECLINED
        {} | {"result":{"action":"accept"}} | DECLINED
        {} | {"result":{"action":"decline"}} | DECLINED
        {} | {"result":{"action":"cancel"}} | DISMISSED
        {} | {"result":{"action":"other"}} | NO_ANSWER
        {} | {"result":"yes"} | NO_ANSWER
        {} | {"error":{"code":-32603,"message":"no"}} | NO_ANSWER
        {"typed":"east"} | {"result":{"action":"accept","content":{"typed":"east"}}} | ACCEPTED
        {"typed":"east"} | {"result":{"action":"accept","content":{"typed":"EAST"}}} | DECLINED
        {"typed":"east"} | {"result":{"action":"accept","content":{"consent":true}}} | DECLINED
        """)
    void only_exactly_what_was_asked_for_is_consent(String arguments, String response, String consent)
            throws Exception {
        try (var client = new Client()) {
            client.greet("2025-06-18", "{\"elicitation\":{}}");
            client.call(1, "ask", arguments);
            JsonNode form = client.next();
            assertEquals("elicitation/create", form.path("method").asText());
            assertEquals("Do it?", form.at("/params/message").asText());
            assertEquals("object", form.at("/params/requestedSchema/type").asText());
            client.request("meanwhile", "ping", "{}");
            assertEquals("meanwhile", client.next().path("id").asText());
            client.send("{\"jsonrpc\":\"2.0\",\"id\":" + form.path("id") + "," + response.substring(1));
            assertEquals(consent, said(client.next()));
        }
    }

    @Test
    void a_form_that_nobody_answers_is_withdrawn() throws Exception {
        try (var client = new Client()) {
            client.greet("2025-11-25", "{\"elicitation\":{\"form\":{}}}");
            client.call(1, "ask", "{\"patience\":100}");
            JsonNode form = client.next();
            JsonNode withdrawn = client.next();
            assertEquals("notifications/cancelled", withdrawn.path("method").asText());
            assertEquals(form.path("id"), withdrawn.at("/params/requestId"));
            assertEquals("NO_ANSWER", said(client.next()));
            client.call(2, "ask", "{}");
            JsonNode second = client.next();
            client.cancel(2);
            assertEquals(second.path("id"), client.next().at("/params/requestId"));
            assertTrue(client.silentFor(200));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{}", "{\"elicitation\":{\"url\":{}}}", "{\"elicitation\":true}"})
    void a_client_without_forms_is_never_asked(String capabilities) throws Exception {
        try (var client = new Client()) {
            client.greet("2025-11-25", capabilities);
            client.call(1, "ask", "{}");
            assertEquals("NOBODY", said(client.next()));
        }
    }

    @Test
    void prompts_resources_and_completions_are_offered() throws Exception {
        try (var client = Client.greeted()) {
            client.request(1, "prompts/list", "{}");
            assertTrue(
                    client.next().at("/result/prompts/0/arguments/0/required").asBoolean());
            client.request(2, "prompts/get", "{\"name\":\"/triage\",\"arguments\":{\"cluster\":\"east\"}}");
            assertEquals(
                    "Look at {cluster=east}",
                    client.next().at("/result/messages/0/content/text").asText());
            client.request(3, "resources/list", "{}");
            assertEquals(
                    "trial://health",
                    client.next().at("/result/resources/0/uri").asText());
            client.request(4, "resources/templates/list", "{}");
            assertEquals(
                    "trial://{cluster}/table",
                    client.next().at("/result/resourceTemplates/0/uriTemplate").asText());
            client.request(5, "resources/read", "{\"uri\":\"trial://health\"}");
            assertEquals("well", client.next().at("/result/contents/0/text").asText());
            client.request(6, "resources/read", "{\"uri\":\"trial://east/table\"}");
            JsonNode table = client.next().at("/result/contents/0");
            assertEquals("{\"uri\":\"trial://east/table\"}", table.path("text").asText());
            assertEquals("application/json", table.path("mimeType").asText());
            client.request(
                    7,
                    "completion/complete",
                    "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"triage\"},\"argument\":{\"name\":\"cluster\","
                            + "\"value\":\"ea\"},\"context\":{\"arguments\":{\"since\":\"now\"}}}");
            assertEquals(
                    "cluster=ea{since=now}",
                    client.next().at("/result/completion/values/0").asText());
            client.request(
                    8,
                    "completion/complete",
                    "{\"ref\":{\"type\":\"ref/resource\",\"uri\":\"trial://{cluster}/table\"},"
                            + "\"argument\":{\"name\":\"cluster\",\"value\":\"ea\"}}");
            assertEquals(
                    "ea-east", client.next().at("/result/completion/values/0").asText());
        }
    }

    @Test
    void the_client_hears_of_the_log_from_its_level_on() throws Exception {
        try (var client = Client.greeted()) {
            assertEquals(7, logged(client));
            client.request(1, "logging/setLevel", "{\"level\":\"error\"}");
            assertTrue(client.next().path("result").isObject());
            assertEquals(4, logged(client));
            client.request(2, "logging/setLevel", "{\"level\":\"debug\"}");
            client.next();
            assertEquals(8, logged(client));
        }
    }

    private static int logged(Client client) throws Exception {
        client.call("log", "log", "{}");
        int messages = 0;
        JsonNode next = client.next();
        for (; next.has("method"); next = client.next()) {
            assertEquals("notifications/message", next.path("method").asText());
            assertEquals("trial", next.at("/params/logger").asText());
            messages++;
        }
        assertEquals("logged", said(next));
        return messages;
    }

    @Test
    void a_desk_that_cannot_be_made_is_an_answer_without_secrets() throws Exception {
        try (var client = Client.greeted("-Dno.desk=true")) {
            for (int id = 1; id <= 2; id++) {
                client.call(id, "echo", "{}");
                JsonNode reply = client.next();
                assertEquals(-32603, reply.at("/error/code").asInt());
                assertFalse(reply.toString().contains("secret"));
            }
        }
    }
}
