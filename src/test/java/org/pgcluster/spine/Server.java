package org.pgcluster.spine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** The JAR as a child process, and its client. Every answer of a tool is held against that tool's output schema. */
final class Server implements AutoCloseable {
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private final Process process;
    private final BufferedWriter in;
    private final LinkedBlockingQueue<Map<?, ?>> answers = new LinkedBlockingQueue<>();
    private final Map<String, String> outputSchemas = new HashMap<>();
    private final List<String> listed = new ArrayList<>();
    private volatile @Nullable Map<String, Object> formAnswer;
    private volatile String instructions = "";
    private int asked;

    /** What a tool answered. */
    record Answer(String text, Map<?, ?> structured, boolean isError) {
        Object get(String name) {
            return Objects.requireNonNull(structured.get(name), () -> name + " in " + structured);
        }

        Answer asserted(String status) {
            assertEquals(status, structured.get("status"), text);
            return this;
        }
    }

    private Server(Process process) {
        this.process = process;
        this.in = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), UTF_8));
        Thread reader = new Thread(this::read, "answers");
        reader.setDaemon(true);
        reader.start();
    }

    static Server start(Path state, boolean forms, String... arguments) throws IOException {
        return startWith(List.of(), state, forms, arguments);
    }

    static Server startWith(List<String> flagsOfJava, Path state, boolean forms, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.addAll(flagsOfJava);
        command.addAll(List.of("-jar", System.getProperty("pgcluster.jar", "target/pgcluster-mcp.jar")));
        command.addAll(List.of("--state-dir", state.toString()));
        command.addAll(List.of(arguments));
        var server = new Server(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
        server.initialize(forms);
        return server;
    }

    private void initialize(boolean forms) {
        Map<String, Object> capabilities = forms ? Map.of("elicitation", Map.of()) : Map.of();
        Map<?, ?> result = result(await(send(
                "initialize",
                Map.of(
                        "protocolVersion",
                        "2025-06-18",
                        "capabilities",
                        capabilities,
                        "clientInfo",
                        Map.of("name", "spine", "version", "1")))));
        instructions = String.valueOf(result.get("instructions"));
        write(Map.of("jsonrpc", "2.0", "method", "notifications/initialized"));
        List<?> tools = (List<?>) Objects.requireNonNull(
                result(await(send("tools/list", Map.of()))).get("tools"));
        for (Object tool : tools) {
            Map<?, ?> one = (Map<?, ?>) tool;
            listed.add(String.valueOf(one.get("name")));
            outputSchemas.put(String.valueOf(one.get("name")), JsonText.write(one.get("outputSchema")));
        }
    }

    List<String> listed() {
        return listed;
    }

    String instructions() {
        return instructions;
    }

    Process process() {
        return process;
    }

    /** What the person answers to every form from now on. */
    void answeringForms(String action, Map<String, Object> content) {
        formAnswer = Map.of("action", action, "content", content);
    }

    Answer call(String tool, Object... arguments) {
        return answer(tool, await(begin(tool, arguments)));
    }

    Answer callWith(String tool, Map<String, ?> arguments) {
        return answer(tool, await(send("tools/call", Map.of("name", tool, "arguments", arguments))));
    }

    /** Sends the call and answers its id. */
    int begin(String tool, Object... arguments) {
        Map<String, Object> given = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        return send("tools/call", Map.of("name", tool, "arguments", given));
    }

    void cancel(int id) {
        write(Map.of("jsonrpc", "2.0", "method", "notifications/cancelled", "params", Map.of("requestId", id)));
    }

    private Answer answer(String tool, Map<?, ?> response) {
        Map<?, ?> result = result(response);
        boolean isError = Boolean.TRUE.equals(result.get("isError"));
        Map<?, ?> content = (Map<?, ?>) ((List<?>) Objects.requireNonNull(result.get("content"))).get(0);
        Object structured = result.get("structuredContent");
        if (!isError) {
            String schema = Objects.requireNonNull(outputSchemas.get(tool));
            assertEquals(
                    List.of(), SCHEMAS.getSchema(schema).validate(JsonText.write(structured), InputFormat.JSON), tool);
        }
        return new Answer(
                String.valueOf(content.get("text")), structured instanceof Map<?, ?> map ? map : Map.of(), isError);
    }

    private static Map<?, ?> result(Map<?, ?> response) {
        return (Map<?, ?>) Objects.requireNonNull(response.get("result"), response::toString);
    }

    private int send(String method, Map<String, Object> params) {
        asked++;
        write(Map.of("jsonrpc", "2.0", "id", asked, "method", method, "params", params));
        return asked;
    }

    private synchronized void write(Map<String, Object> message) {
        try {
            in.write(JsonText.write(message));
            in.write('\n');
            in.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<?, ?> await(int id) {
        try {
            while (true) {
                Map<?, ?> next = answers.poll(40, TimeUnit.SECONDS);
                if (next == null) {
                    throw new AssertionError("no answer to " + id + " within 40 s");
                }
                if (next.get("id") instanceof Number number && number.intValue() == id) {
                    return next;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private void read() {
        try (var out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            String line = out.readLine();
            while (line != null) {
                taken((Map<?, ?>) Objects.requireNonNull(JsonText.read(line)));
                line = out.readLine();
            }
        } catch (IOException e) {
            return; // killed by a test
        }
    }

    private void taken(Map<?, ?> message) {
        Map<String, Object> form = formAnswer;
        if (!"elicitation/create".equals(message.get("method"))) {
            answers.add(message);
        } else if (form != null) {
            write(Map.of("jsonrpc", "2.0", "id", Objects.requireNonNull(message.get("id")), "result", form));
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
