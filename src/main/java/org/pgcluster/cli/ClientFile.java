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
    /** What most clients call the list of servers; in VS Code's file, which says {@code servers}, it is read by nobody. */
    private static final String MCP_SERVERS = "mcpServers";

    private final Client client;
    private final CommentedJson text;
    private final Map<String, @Nullable Object> whole;

    /** {@code text} is empty where there is no file yet. What is no JSON is refused: writing would lose it. */
    ClientFile(Client client, String text) {
        this.client = client;
        // Some editors of Windows begin a file with a mark that is no part of it.
        this.text = new CommentedJson(text.startsWith("\ufeff") ? text.substring(1) : text);
        this.whole = text.isBlank() ? new LinkedHashMap<>() : object(read(this.text), "It");
    }

    /** Servers that stand where this client does not look. */
    List<String> unread() {
        Object there = client.servers().equals(MCP_SERVERS) ? null : whole.get(MCP_SERVERS);
        return there == null
                ? List.of()
                : List.copyOf(object(there, "Its " + MCP_SERVERS).keySet());
    }

    /** With this entry, and what stood where the client does not look moved to where it does. */
    String with(String name, Map<String, @Nullable Object> command) {
        Map<String, @Nullable Object> after = new LinkedHashMap<>(whole);
        Map<String, @Nullable Object> servers = servers();
        if (!unread().isEmpty()) {
            object(after.remove(MCP_SERVERS), "Its " + MCP_SERVERS)
                    .forEach((old, entry) -> servers.putIfAbsent(
                            old, entry instanceof Map<?, ?> ? client.entry(object(entry, old)) : entry));
        }
        servers.put(name, client.entry(command));
        after.put(client.servers(), servers);
        return text.isPlain() ? pretty(after) + "\n" : commented(servers, after);
    }

    /** Comments stay where they are; what was read back has to be what was meant. */
    private String commented(Map<String, @Nullable Object> servers, Map<String, @Nullable Object> after) {
        Map<String, @Nullable Object> before = servers();
        CommentedJson now = text;
        for (var server : servers.entrySet()) {
            Object entry = server.getValue();
            if (entry != null && !entry.equals(before.get(server.getKey()))) {
                now = new CommentedJson(now.with(client.servers(), server.getKey(), entry));
            }
        }
        for (String gone : before.keySet()) {
            now = servers.containsKey(gone) ? now : new CommentedJson(now.without(client.servers(), gone));
        }
        for (String gone : whole.keySet()) {
            now = after.containsKey(gone) ? now : new CommentedJson(now.without("", gone));
        }
        if (!after.equals(read(now))) {
            throw new ToolException(
                    ErrorCode.INVALID_INPUT,
                    "The client's file has comments among which the entry cannot be put safely, so it stays as it is.",
                    "Paste the entry that --dry-run prints by hand.");
        }
        return now.text();
    }

    /** The text without that entry; empty where there is none. */
    Optional<String> without(String name) {
        Map<String, @Nullable Object> servers = servers();
        if (!servers.containsKey(name)) {
            return Optional.empty();
        }
        servers.remove(name);
        Map<String, @Nullable Object> after = new LinkedHashMap<>(whole);
        after.put(client.servers(), servers);
        return Optional.of(text.isPlain() ? pretty(after) + "\n" : commented(servers, after));
    }

    private Map<String, @Nullable Object> servers() {
        Object there = whole.get(client.servers());
        return there == null ? new LinkedHashMap<>() : object(there, "Its " + client.servers());
    }

    private static @Nullable Object read(CommentedJson text) {
        try {
            return text.read();
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
