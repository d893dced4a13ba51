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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** The JAR as a child process, and its client. Every answer of a tool is held against that tool's output schema. */
final class Server implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 70;
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private final Process process;
    private final BufferedWriter in;
    private final Map<Integer, CompletableFuture<Map<?, ?>>> answers = new ConcurrentHashMap<>();
    private final List<Map<?, ?>> forms = new CopyOnWriteArrayList<>();
    private final List<Map<?, ?>> told = new CopyOnWriteArrayList<>();
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

    /** The same, with a wish to be told how far it is. */
    int beginFollowed(String tool, Map<String, ?> arguments) {
        Map<String, Object> follow = Map.of("progressToken", "call " + (asked + 1));
        return send("tools/call", Map.of("name", tool, "arguments", arguments, "_meta", follow));
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

    /** What the client was asked to show to its person, and what it was notified of. */
    List<Map<?, ?>> forms() {
        return forms;
    }

    List<Map<?, ?>> told() {
        return told;
    }

    boolean answered(int call) {
        return Objects.requireNonNull(answers.get(call)).isDone();
    }

    Answer awaited(String tool, int call) {
        return answer(tool, await(call));
    }

    private static Map<?, ?> result(Map<?, ?> response) {
        return (Map<?, ?>) Objects.requireNonNull(response.get("result"), response::toString);
    }

    private int send(String method, Map<String, Object> params) {
        asked++;
        answers.put(asked, new CompletableFuture<>());
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
            return Objects.requireNonNull(answers.get(id)).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no answer to " + id + " within " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException | ExecutionException e) {
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
        if ("elicitation/create".equals(message.get("method"))) {
            forms.add(message);
            Map<String, Object> form = formAnswer;
            if (form != null) {
                write(Map.of("jsonrpc", "2.0", "id", Objects.requireNonNull(message.get("id")), "result", form));
            }
        } else if (message.get("id") instanceof Number id) {
            Objects.requireNonNull(answers.get(id.intValue()), message::toString)
                    .complete(message);
        } else {
            told.add(message);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
