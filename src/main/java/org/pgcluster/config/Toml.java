package org.pgcluster.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The part of TOML that configuration needs: tables, dotted keys, strings, numbers, booleans, arrays, inline tables. */
final class Toml {
    private final List<String> lines;
    private final Duplicates duplicates;
    private final Map<String, Node> root = new LinkedHashMap<>();
    private int next;

    private Toml(String text, Duplicates duplicates) {
        this.lines = ConnectionText.split(text.replace("\r\n", "\n"), '\n');
        this.duplicates = duplicates;
    }

    static Node read(String text, Duplicates duplicates) throws Unreadable {
        var toml = new Toml(text, duplicates);
        var table = toml.root;
        var headers = new ArrayList<List<String>>();
        while (toml.next < toml.lines.size()) {
            int line = toml.next + 1;
            var content = toml.lines.get(toml.next).strip();
            if (content.isEmpty() || content.startsWith("#")) {
                toml.next++;
            } else if (content.startsWith("[")) {
                table = toml.table(content, line, headers);
                toml.next++;
            } else {
                toml.entry(content, line, table);
            }
        }
        return new Node.Fields(1, toml.root);
    }

    private Map<String, Node> table(String content, int line, List<List<String>> headers) throws Unreadable {
        int end = content.indexOf(']');
        if (content.startsWith("[[") || end < 0) {
            throw new Unreadable(line, "A table is [name]; lists of tables are not read.");
        }
        var after = content.substring(end + 1).strip();
        if (!after.isEmpty() && !after.startsWith("#")) {
            throw new Unreadable(line, "Something follows the table's name.");
        }
        var path = path(content.substring(1, end), line);
        if (headers.contains(path)) {
            duplicates.add(line, "The table [" + String.join(".", path) + "] stands here a second time.");
        }
        headers.add(path);
        return descend(root, path, line);
    }

    private static Map<String, Node> descend(Map<String, Node> from, List<String> path, int line) throws Unreadable {
        var table = from;
        for (var name : path) {
            var node = table.get(name);
            if (node == null) {
                node = new Node.Fields(line, new LinkedHashMap<>());
                table.put(name, node);
            }
            if (!(node instanceof Node.Fields fields)) {
                throw new Unreadable(
                        line, "The key " + Shown.cut(name) + " has a value already and cannot be a table.");
            }
            table = fields.nodes();
        }
        return table;
    }

    private void entry(String content, int line, Map<String, Node> table) throws Unreadable {
        int equals = equalsSign(content);
        if (equals < 0) {
            throw new Unreadable(line, "This line is no `key = value`.");
        }
        var path = path(content.substring(0, equals), line);
        var owner = descend(table, path.subList(0, path.size() - 1), line);
        duplicates.put(
                owner,
                path.get(path.size() - 1),
                value(content.substring(equals + 1).strip(), line),
                line);
    }

    private static int equalsSign(String content) {
        char quote = 0;
        for (int i = 0; i < content.length(); i++) {
            char c = content.charAt(i);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '=') {
                return i;
            }
        }
        return -1;
    }

    private static List<String> path(String text, int line) throws Unreadable {
        var path = new ArrayList<String>();
        var name = new StringBuilder();
        char quote = 0;
        var stripped = text.strip();
        for (int i = 0; i < stripped.length(); i++) {
            char c = stripped.charAt(i);
            if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    name.append(c);
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '.') {
                path.add(name.toString().strip());
                name.setLength(0);
            } else {
                name.append(c);
            }
        }
        path.add(name.toString().strip());
        if (quote != 0 || path.contains("")) {
            throw new Unreadable(line, "A key is empty or its quote is not closed.");
        }
        return path;
    }

    private Node value(String content, int line) throws Unreadable {
        next++;
        if (content.startsWith("\"\"\"") || content.startsWith("'''")) {
            return longString(content, line);
        }
        if (content.startsWith("'")) {
            int close = content.indexOf('\'', 1);
            var after = close < 0 ? "x" : content.substring(close + 1).strip();
            if (!after.isEmpty() && !after.startsWith("#")) {
                throw new Unreadable(line, "A quote is not closed, or something follows it.");
            }
            return new Node.Scalar(line, content.substring(1, close), false);
        }
        var text = new StringBuilder(content);
        while (next < lines.size() && (content.startsWith("[") || content.startsWith("{")) && Brackets.open(text)) {
            text.append('\n').append(lines.get(next));
            next++;
        }
        if (content.startsWith("{")) {
            return new Flow(inlineTable(text.toString()), line, duplicates).only();
        }
        return new Flow(text.toString(), line, duplicates).only();
    }

    /** An inline table differs from a bracketed map in its equals signs only. */
    private static String inlineTable(String text) {
        var changed = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            }
            changed.append(quote == 0 && c == '=' ? ':' : c);
        }
        return changed.toString();
    }

    private Node longString(String content, int line) throws Unreadable {
        var quotes = content.substring(0, 3);
        var text = new StringBuilder(content.substring(3));
        while (text.indexOf(quotes) < 0) {
            if (next >= lines.size()) {
                throw new Unreadable(line, "The closing " + quotes + " is missing.");
            }
            text.append(text.length() == 0 ? "" : "\n").append(lines.get(next));
            next++;
        }
        var raw = text.substring(0, text.indexOf(quotes));
        var value = new StringBuilder();
        for (int i = 0; i < raw.length(); ) {
            if (raw.charAt(i) == '\\' && quotes.charAt(0) == '"') {
                i = Escapes.read(raw, i + 1, line, value);
            } else {
                value.append(raw.charAt(i++));
            }
        }
        return new Node.Scalar(line, value.toString(), false);
    }
}
