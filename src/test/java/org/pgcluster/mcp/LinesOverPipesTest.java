package org.pgcluster.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One server through everything that a line can be; after each the next call works. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LinesOverPipesTest {
    private Client client;

    @BeforeAll
    void start() throws Exception {
        client = Client.greeted();
        // With the SDK loaded, silence means that all is answered.
        client.request(1, "prompts/list", "{}");
        client.next();
    }

    @AfterAll
    void stop() {
        client.close();
    }

    private void the_next_call_works() throws Exception {
        client.call(77, "echo", "{\"text\":\"still ✓ here\"}");
        JsonNode reply = client.next();
        assertEquals(77, reply.path("id").asInt());
        assertEquals("still ✓ here", reply.at("/result/content/0/text").asText());
        assertEquals("still ✓ here", reply.at("/result/structuredContent/said").asText());
        assertFalse(reply.at("/result/isError").asBoolean());
    }

    @ParameterizedTest(name = "{0} is answered with {2} for {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
        nonsense | null | -32700
        {"jsonrpc":"2.0","id":1,"method":"ping" | null | -32700
        {"jsonrpc":"2.0","id":1,"method":"ping"} more | null | -32700
        {"jsonrpc":"2.0","id":01,"method":"ping"} | null | -32700
        {"jsonrpc":"2.0","id":1,"method":"pi\\qng"} | null | -32700
        {'jsonrpc':'2.0'} | null | -32700
        NaN | null | -32700
        [] | null | -32600
        [{"jsonrpc":"2.0","id":1,"method":"ping"}] | null | -32600
        17 | null | -32600
        "text" | null | -32600
        null | null | -32600
        {} | null | -32600
        {"id":5,"method":"ping"} | 5 | -32600
        {"jsonrpc":"1.0","id":5,"method":"ping"} | 5 | -32600
        {"jsonrpc":"2.0","id":5} | 5 | -32600
        {"jsonrpc":"2.0","id":5,"method":7} | 5 | -32600
        {"jsonrpc":"2.0","id":null,"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":1.5,"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":1e2,"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":true,"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":{"a":1},"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":[1],"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":9223372036854775808,"method":"ping"} | null | -32600
        {"jsonrpc":"2.0","id":1e999999999999,"method":"ping"} | null | -32700
        {"jsonrpc":"2.0","id":null,"result":{}} | null | -32600
        {"jsonrpc":"2.0","id":6,"method":"no/such"} | 6 | -32601
        {"jsonrpc":"2.0","id":6,"method":"resources/subscribe"} | 6 | -32601
        {"jsonrpc":"2.0","id":6,"method":"tasks/list"} | 6 | -32601
        {"jsonrpc":"2.0","id":7,"method":"tools/call"} | 7 | -32602
        {"jsonrpc":"2.0","id":7,"method":"tools/call","params":[1]} | 7 | -32602
        {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":5}} | 7 | -32602
        {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":[]}} | 7 | -32602
        {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"nothing"}} | 7 | -32602
        {"jsonrpc":"2.0","id":"s","method":"tools/call","params":{"name":"error"}} | s | -32603
        {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"memory"}} | 8 | -32603
        {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"stack"}} | 8 | -32603
        {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"linkage"}} | 8 | -32603
        {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"null"}} | 8 | -32603
        {"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"none"}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"triage"}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"triage","arguments":{"cluster":5}}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"prompts/list","params":{"cursor":5}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"resources/read","params":{}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"resources/read","params":{"uri":"trial://unknown"}} | 9 | -32002
        {"jsonrpc":"2.0","id":9,"method":"resources/read","params":{"uri":"trial://none/table"}} | 9 | -32002
        {"jsonrpc":"2.0","id":9,"method":"resources/read","params":{"uri":"trial://bug/table"}} | 9 | -32603
        {"jsonrpc":"2.0","id":9,"method":"completion/complete","params":{"ref":{"type":"ref/prompt"}}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{"level":"loud"}} | 9 | -32602
        {"jsonrpc":"2.0","id":9,"method":"initialize","params":{}} | 9 | -32602
        """)
    void a_bad_line_is_answered_and_harms_nothing(String line, String id, int code) throws Exception {
        client.send(line);
        JsonNode reply = client.next();
        assertEquals(id, reply.path("id").asText(), reply.toString());
        assertEquals(code, reply.at("/error/code").asInt(), reply.toString());
        String message = reply.at("/error/message").asText();
        assertFalse(message.isEmpty());
        assertFalse(message.contains("secret") || message.contains("java.") || message.contains("Exception"), message);
        the_next_call_works();
    }

    @Test
    void an_identifier_that_is_still_in_use_is_refused_and_the_first_call_is_answered() throws Exception {
        client.call(5, "sleep", "{\"millis\":300}");
        client.call(5, "echo", "{\"text\":\"second\"}");
        JsonNode refused = client.next();
        assertTrue(refused.path("id").isNull());
        assertEquals(-32600, refused.at("/error/code").asInt());
        assertEquals("slept", client.next().at("/result/structuredContent/said").asText());
        the_next_call_works();
    }

    /** PowerShell puts a byte order mark before what it pipes; a control character is no white space. */
    @ParameterizedTest
    @ValueSource(strings = {"null", "99"})
    void an_error_that_the_client_tells_is_never_answered(String id) throws Exception {
        client.send("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":{\"code\":-32700,\"message\":\"What?\"}}");
        the_next_call_works();
    }

    @Test
    void a_byte_order_mark_is_passed_over_and_a_fault_is_counted_from_the_start_of_its_line() throws Exception {
        client.send("\uFEFF{\"jsonrpc\":\"2.0\",\"id\":31,\"method\":\"ping\"}");
        assertEquals(31, client.next().path("id").asInt());
        client.sendBytes(new byte[] {0, '\n'});
        assertTrue(client.next().at("/error/message").asText().endsWith("at byte 1."));
        client.sendBytes("{}\n[1}\n".getBytes(StandardCharsets.UTF_8));
        client.next();
        String message = client.next().at("/error/message").asText();
        assertTrue(message.endsWith("at byte 3."), message);
        the_next_call_works();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t", "\r", "  \r"})
    void a_blank_line_is_no_message(String blank) throws Exception {
        client.send(blank);
        the_next_call_works();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unknown\"}",
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}",
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}",
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":{\"a\":1}}}",
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":4711}}",
                "{\"jsonrpc\":\"2.0\",\"id\":\"form-99\",\"result\":{}}",
                "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-1,\"message\":\"x\"}}"
            })
    void what_wants_no_answer_gets_none(String line) throws Exception {
        client.send(line);
        the_next_call_works();
    }

    @Test
    void bytes_that_are_not_utf_8_are_a_parse_error() throws Exception {
        for (int[] bad :
                new int[][] {{0xFF}, {0xC0, 0x80}, {0xED, 0xA0, 0x80}, {0xF5, 0x80, 0x80, 0x80}, {0xE2, 0x82}}) {
            var line = new java.io.ByteArrayOutputStream();
            line.writeBytes("{\"jsonrpc\":\"2.0\",\"id\":\"".getBytes(StandardCharsets.UTF_8));
            for (int one : bad) {
                line.write(one);
            }
            line.writeBytes("\",\"method\":\"ping\"}\n".getBytes(StandardCharsets.UTF_8));
            client.sendBytes(line.toByteArray());
            assertEquals(-32700, client.next().at("/error/code").asInt());
        }
        the_next_call_works();
    }

    @Test
    void deep_nesting_is_refused_without_exhausting_the_stack() throws Exception {
        client.send("[".repeat(1_000_000));
        assertEquals(-32700, client.next().at("/error/code").asInt());
        the_next_call_works();
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 40})
    void a_line_of_many_megabytes_is_taken(int megabytes) throws Exception {
        client.call(1, "size", "{\"text\":\"" + "x".repeat(megabytes << 20) + "\"}");
        assertEquals(
                Integer.toString(megabytes << 20),
                client.next().at("/result/structuredContent/said").asText());
        the_next_call_works();
    }

    @Test
    void a_line_beyond_the_limit_is_an_error_and_the_next_one_is_read() throws Exception {
        client.sendBytes("x".repeat(65 << 20).getBytes(StandardCharsets.UTF_8));
        client.send("");
        JsonNode reply = client.next();
        assertEquals(-32600, reply.at("/error/code").asInt());
        assertTrue(reply.path("id").isNull());
        the_next_call_works();
    }

    @Test
    void a_large_answer_comes_whole() throws Exception {
        String text = "0123456789✓".repeat(500_000);
        client.call(1, "echo", "{\"text\":\"" + text + "\"}");
        assertEquals(text, client.next().at("/result/content/0/text").asText());
    }

    @Test
    void values_pass_without_loss() throws Exception {
        String given = "{\"big\":9223372036854775807,\"bigger\":123456789012345678901234567890,"
                + "\"exact\":0.1000000000000000000000000000000001,\"none\":null,\"yes\":true,\"no\":false,"
                + "\"list\":[1,[2,[]],{}],\"text\":\"\\u0000 \\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t é ✓ 😀\"}";
        client.call(1, "arguments", given);
        String got = client.next().at("/result/structuredContent/given").toString();
        assertEquals(exactly(given), exactly(got));
    }

    private static String exactly(String json) throws Exception {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return String.valueOf(JsonReader.read(bytes, 0, bytes.length));
    }

    @Test
    void an_answer_of_a_tool_that_failed_is_a_result() throws Exception {
        client.call(1, "fails", "{}");
        JsonNode reply = client.next();
        assertTrue(reply.at("/result/isError").asBoolean());
        assertEquals("NOT_FOUND", reply.at("/result/structuredContent/code").asText());
    }

    @Test
    void an_interrupt_that_a_handler_leaves_behind_does_not_reach_the_next_call() throws Exception {
        for (int i = 0; i < 20; i++) {
            client.call(i, "interrupt", "{}");
            client.next();
            client.call(i, "sleep", "{\"millis\":1}");
            assertEquals(
                    "slept", client.next().at("/result/structuredContent/said").asText());
        }
    }

    @Test
    void what_a_library_prints_does_not_reach_the_client() throws Exception {
        client.call(1, "print", "{}");
        assertEquals(
                "printed", client.next().at("/result/structuredContent/said").asText());
        assertTrue(client.saysWithin("a library prints", Duration.ofSeconds(5)));
    }

    @Test
    void the_desk_learns_who_the_client_is() throws Exception {
        client.call(1, "client", "{}");
        assertEquals(
                "harness 9", client.next().at("/result/structuredContent/said").asText());
    }

    @Test
    void mangled_lines_never_stop_the_server() throws Exception {
        var random = new Random(20261121);
        List<String> seeds = List.of(
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\"a\"}}}",
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\",\"params\":{}}",
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}",
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"prompts/get\",\"params\":{\"name\":\"triage\",\"arguments\":{\"cluster\":\"a\"}}}",
                "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"completion/complete\",\"params\":{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"triage\"},\"argument\":{\"name\":\"cluster\",\"value\":\"a\"}}}",
                "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"resources/read\",\"params\":{\"uri\":\"trial://a/table\"}}");
        byte[] alphabet = "{}[]\",:0129-+.eE\\untf \t\u00e9\u0001az".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 3_000; i++) {
            byte[] line = seeds.get(random.nextInt(seeds.size())).getBytes(StandardCharsets.UTF_8);
            List<Byte> mangled = new ArrayList<>();
            for (byte one : line) {
                int fate = random.nextInt(40);
                if (fate != 0) {
                    mangled.add(one);
                }
                if (fate == 1) {
                    mangled.add(alphabet[random.nextInt(alphabet.length)]);
                }
            }
            byte[] sent = new byte[mangled.size() + 1];
            for (int at = 0; at < mangled.size(); at++) {
                sent[at] = mangled.get(at);
            }
            sent[sent.length - 1] = '\n';
            client.sendBytes(sent);
        }
        client.request("after the storm", "ping", "{}");
        JsonNode reply = client.next();
        while (!"after the storm".equals(reply.path("id").asText())) {
            reply = client.next();
        }
        while (!client.silentFor(300)) {
            client.next();
        }
        the_next_call_works();
    }
}
