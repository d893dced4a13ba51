package org.pgcluster.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How it ends: within three seconds, with what could still be answered, and with nothing left running. */
class EndTest {
    private static long exit(Client client, int code) throws Exception {
        long begun = System.nanoTime();
        assertTrue(client.process().waitFor(10, TimeUnit.SECONDS), "It never exits. " + client.errors());
        assertEquals(code, client.process().exitValue());
        long millis = (System.nanoTime() - begun) / 1_000_000;
        assertTrue(millis < 3_000, "exit after " + millis + " ms");
        return millis;
    }

    private static void signal(Client client, String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(client.process().pid()))
                .start()
                .waitFor();
    }

    private static boolean ignoresInterrupts() throws IOException {
        var status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        String ignored = Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElse("SigIgn: 0");
        return (Long.parseUnsignedLong(ignored.split("\\s+", -1)[1], 16) & 0b10) != 0;
    }

    @Test
    void at_the_end_of_the_input_running_calls_are_answered() throws Exception {
        try (var client = Client.greeted()) {
            client.call(1, "sleep", "{\"millis\":500}");
            client.request(2, "prompts/list", "{}");
            client.end();
            List<String> rest = client.rest();
            assertEquals(2, rest.size(), rest.toString());
            exit(client, 0);
            assertTrue(client.saysWithin("CLOSED", Duration.ofSeconds(1)));
        }
    }

    @Test
    void with_nothing_running_it_exits_at_once() throws Exception {
        try (var client = Client.greeted()) {
            client.call(1, "echo", "{}");
            client.next();
            client.end();
            assertTrue(exit(client, 0) < 1_000);
        }
    }

    @Test
    void at_the_end_of_the_input_long_calls_are_stopped() throws Exception {
        try (var client = Client.greeted()) {
            client.call(1, "sleep", "{\"millis\":60000,\"name\":\"one\"}");
            client.end();
            exit(client, 0);
            assertTrue(client.saysWithin("STOPPED one", Duration.ofSeconds(1)));
            assertTrue(client.saysWithin("CLOSED", Duration.ofSeconds(1)));
        }
    }

    @Test
    void a_call_that_hears_no_cancel_does_not_keep_the_process() throws Exception {
        try (var client = Client.greeted()) {
            client.call(1, "stubborn", "{}");
            client.call(2, "sleep", "{\"millis\":10}");
            assertEquals(2, client.next().path("id").asInt());
            client.end();
            exit(client, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void a_signal_ends_it_with_the_answers_that_are_still_possible(String name) throws Exception {
        assumeFalse(
                name.equals("INT") && ignoresInterrupts(),
                "SIGINT is ignored here, as a shell has it for what it starts with &, and children inherit that.");
        try (var client = Client.greeted()) {
            client.call(1, "sleep", "{\"millis\":60000,\"name\":\"one\"}");
            client.call(2, "sleep", "{\"millis\":700}");
            assertTrue(client.silentFor(300));
            signal(client, name);
            assertEquals(2, client.next().path("id").asInt());
            exit(client, name.equals("TERM") ? 143 : 130);
            assertTrue(client.saysWithin("STOPPED one", Duration.ofSeconds(1)));
            assertTrue(client.saysWithin("CLOSED", Duration.ofSeconds(1)));
        }
    }

    @Test
    void a_client_that_was_killed_leaves_nothing_running() throws Exception {
        var client = Client.greeted();
        client.call(1, "sleep", "{\"millis\":60000,\"name\":\"one\"}");
        assertTrue(client.silentFor(300));
        client.process().getInputStream().close();
        client.end();
        exit(client, 0);
        assertTrue(client.saysWithin("STOPPED one", Duration.ofSeconds(1)));
        client.close();
    }

    @Test
    void a_client_that_no_longer_reads_ends_it_although_its_input_stays_open() throws Exception {
        try (var client = Client.greeted()) {
            client.call(1, "sleep", "{\"millis\":60000,\"name\":\"one\"}");
            assertTrue(client.silentFor(300));
            client.process().getInputStream().close();
            // A reader that still waits holds the pipe open until a reply wakes it, so one request is not enough.
            for (int id = 2; id < 20 && client.process().isAlive(); id++) {
                client.request(id, "ping", "{}");
                client.process().waitFor(300, TimeUnit.MILLISECONDS);
            }
            exit(client, 0);
            assertTrue(client.saysWithin("STOPPED one", Duration.ofSeconds(1)));
        }
    }

    /** More than the server keeps for it is waiting, so that every thread with an answer waits for room. */
    @Test
    void a_client_that_stopped_reading_does_not_keep_the_process() throws Exception {
        var server = new ProcessBuilder(Client.trial("-Din.flight=2"))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            var stdin = server.getOutputStream();
            String hello =
                    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\"}}\n";
            stdin.write(hello.getBytes(StandardCharsets.UTF_8));
            String text = "x".repeat(3 << 20);
            for (int id = 1; id <= 30; id++) {
                stdin.write(("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"tools/call\",\"params\":"
                                + "{\"name\":\"echo\",\"arguments\":{\"text\":\"" + text + "\"}}}\n")
                        .getBytes(StandardCharsets.UTF_8));
            }
            stdin.flush();
            TimeUnit.MILLISECONDS.sleep(1_500);
            server.destroy();
            assertTrue(server.waitFor(4, TimeUnit.SECONDS), "It never exits.");
            assertEquals(143, server.exitValue());
        } finally {
            server.destroyForcibly();
        }
    }

    @Test
    void a_last_line_without_its_end_is_taken() throws Exception {
        try (var client = Client.greeted()) {
            client.sendBytes("{\"jsonrpc\":\"2.0\",\"id\":9,".getBytes(StandardCharsets.UTF_8));
            assertTrue(client.silentFor(200));
            client.sendBytes("\"method\":\"ping\"}".getBytes(StandardCharsets.UTF_8));
            client.end();
            assertEquals(List.of("{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}"), client.rest());
            exit(client, 0);
        }
    }

    @Test
    void half_a_line_at_the_end_is_a_parse_error() throws Exception {
        try (var client = Client.greeted()) {
            client.sendBytes("{\"jsonrpc\":\"2.0\",\"id\":9,".getBytes(StandardCharsets.UTF_8));
            client.end();
            assertEquals(-32700, client.next().at("/error/code").asInt());
            exit(client, 0);
        }
    }
}
