package org.pgcluster.mcp;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Raw lines to a server process and back. Every line on its stdout must be one JSON-RPC message or the test fails. */
final class Client implements AutoCloseable {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    private static final String END = "END";

    private final Process process;
    private final OutputStream stdin;
    private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();

    Client(String... flags) throws IOException {
        this(new ProcessBuilder(trial(flags)));
    }

    static List<String> trial(String... flags) {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        command.add("-XX:TieredStopAtLevel=1");
        command.add("-Xmx512m");
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Trial.class.getName()));
        return command;
    }

    Client(ProcessBuilder server) throws IOException {
        process = server.start();
        stdin = process.getOutputStream();
        pump(process.getInputStream(), line -> lines.add(line));
        pump(process.getErrorStream(), line -> errors.add(line));
    }

    static Client greeted(String... flags) throws IOException, InterruptedException {
        var client = new Client(flags);
        client.greet("2025-11-25", "{}");
        return client;
    }

    JsonNode greet(String version, String capabilities) throws IOException, InterruptedException {
        send("{\"jsonrpc\":\"2.0\",\"id\":\"hello\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":\""
                + version + "\",\"capabilities\":" + capabilities
                + ",\"clientInfo\":{\"name\":\"harness\",\"version\":\"9\"}}}");
        JsonNode reply = next();
        send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
        return reply;
    }

    private interface Line {
        void take(String line);
    }

    private void pump(java.io.InputStream from, Line to) {
        var thread = new Thread(() -> {
            try (var reader = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    to.take(line);
                }
            } catch (IOException e) {
                errors.add("The pipe broke: " + e.getMessage());
            } finally {
                to.take(END);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    void send(String line) throws IOException {
        sendBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    void sendBytes(byte[] bytes) throws IOException {
        stdin.write(bytes);
        stdin.flush();
    }

    void call(Object id, String tool, String arguments) throws IOException {
        request(id, "tools/call", "{\"name\":\"" + tool + "\",\"arguments\":" + arguments + "}");
    }

    void request(Object id, String method, String params) throws IOException {
        String shown = id instanceof String ? "\"" + id + "\"" : String.valueOf(id);
        send("{\"jsonrpc\":\"2.0\",\"id\":" + shown + ",\"method\":\"" + method + "\",\"params\":" + params + "}");
    }

    void cancel(Object id) throws IOException {
        send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":" + id + "}}");
    }

    JsonNode next() throws IOException, InterruptedException {
        return next(Duration.ofSeconds(30));
    }

    JsonNode next(Duration patience) throws IOException, InterruptedException {
        String line = lines.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        if (line == null || line.equals(END)) {
            throw new AssertionError((line == null ? "No message within " + patience : "The server ended")
                    + ". Its stderr: " + errors());
        }
        JsonNode message = JSON.readTree(line);
        for (JsonNode one : message.isArray() ? message : List.of(message)) {
            if (!"2.0".equals(one.path("jsonrpc").asText())) {
                throw new AssertionError("Not JSON-RPC: " + line);
            }
        }
        return message;
    }

    /** The rest of stdout once the process ended. */
    List<String> rest() throws InterruptedException {
        List<String> rest = new ArrayList<>();
        for (String line = lines.poll(10, TimeUnit.SECONDS); line != null && !line.equals(END); ) {
            rest.add(line);
            line = lines.poll(10, TimeUnit.SECONDS);
        }
        return rest;
    }

    boolean silentFor(long millis) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(millis);
        return lines.isEmpty();
    }

    void end() throws IOException {
        stdin.close();
    }

    Process process() {
        return process;
    }

    String errors() {
        return String.join("\n", errors);
    }

    boolean saysWithin(String text, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!errors().contains(text)) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return true;
    }

    static JsonNode json(String text) throws IOException {
        return JSON.readTree(text);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
