package org.pgcluster.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.JsonText;

/** The text of a client's own file, with one server's entry put in and everything else left as it is. */
final class ClientFile {
    private static final String SERVERS = "mcpServers";

    private ClientFile() {}

    /** {@code text} is empty where there is no file yet. What is no JSON is refused: writing would lose it. */
    static String merged(String text, String name, Map<String, @Nullable Object> entry) {
        Map<String, @Nullable Object> whole = text.isBlank() ? new LinkedHashMap<>() : object(read(text), "It");
        Object before = whole.get(SERVERS);
        Map<String, @Nullable Object> servers =
                before == null ? new LinkedHashMap<>() : object(before, "Its " + SERVERS);
        servers.put(name, entry);
        whole.put(SERVERS, servers);
        return pretty(whole) + "\n";
    }

    /** The text without that entry; empty where there is none. */
    static Optional<String> without(String text, String name) {
        if (text.isBlank()) {
            return Optional.empty();
        }
        Map<String, @Nullable Object> whole = object(read(text), "It");
        Object before = whole.get(SERVERS);
        if (before == null) {
            return Optional.empty();
        }
        Map<String, @Nullable Object> servers = object(before, "Its " + SERVERS);
        if (!servers.containsKey(name)) {
            return Optional.empty();
        }
        servers.remove(name);
        whole.put(SERVERS, servers);
        return Optional.of(pretty(whole) + "\n");
    }

    private static @Nullable Object read(String text) {
        try {
            return JsonText.read(text);
        } catch (ToolException e) {
            throw new ToolException(
                    ErrorCode.INVALID_INPUT,
                    "The client's file is no JSON, so it stays as it is: " + e.text(),
                    "Mend it, or paste the entry that --dry-run prints by hand.");
        }
    }

    private static Map<String, @Nullable Object> object(@Nullable Object value, String what) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new ToolException(
                    ErrorCode.INVALID_INPUT,
                    what + " is no JSON object, so the client's file stays as it is.",
                    "Mend it, or paste the entry that --dry-run prints by hand.");
        }
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, each) -> copy.put((String) key, each));
        return copy;
    }

    static String pretty(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, "\n", out);
        return out.toString();
    }

    private static void write(@Nullable Object value, String line, StringBuilder out) {
        String inner = line + "  ";
        String between = "";
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            out.append('{');
            for (var entry : map.entrySet()) {
                out.append(between)
                        .append(inner)
                        .append(JsonText.write(entry.getKey()))
                        .append(": ");
                write(entry.getValue(), inner, out);
                between = ",";
            }
            out.append(line).append('}');
        } else if (value instanceof List<?> list && !list.isEmpty()) {
            out.append('[');
            for (Object each : list) {
                out.append(between).append(inner);
                write(each, inner, out);
                between = ",";
            }
            out.append(line).append(']');
        } else {
            JsonText.write(value, out);
        }
    }
}
