package org.pgcluster.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * The part of YAML that configuration needs: maps, lists, block and bracketed, every kind of scalar, comments. Anchors,
 * tags, merge keys and several documents are refused with their line.
 */
final class Yaml {
    private final List<String> lines;
    private final Duplicates duplicates;
    private int next;

    private Yaml(String text, Duplicates duplicates) {
        var stripped = text.startsWith("\uFEFF") ? text.substring(1) : text;
        this.lines = ConnectionText.split(stripped.replace("\r\n", "\n"), '\n');
        this.duplicates = duplicates;
    }

    static Node read(String text, Duplicates duplicates) throws Unreadable {
        var yaml = new Yaml(text, duplicates);
        yaml.skipBlank();
        if (yaml.next < yaml.lines.size()
                && withoutComment(yaml.lines.get(yaml.next)).equals("---")) {
            yaml.next++;
            yaml.skipBlank();
        }
        if (yaml.next >= yaml.lines.size()) {
            return new Node.Scalar(1, "", true);
        }
        var node = yaml.block(yaml.indent());
        yaml.skipBlank();
        if (yaml.next < yaml.lines.size()) {
            throw yaml.wrong("does not stand under its neighbours, or begins a second document");
        }
        return node;
    }

    /** A scalar without quotes, whose comment is already cut off. */
    static Node plain(String word, int line) throws Unreadable {
        if (!word.isEmpty() && "&*!|>%@`".indexOf(word.charAt(0)) >= 0) {
            throw new Unreadable(
                    line,
                    "A value cannot begin with " + word.charAt(0)
                            + ": anchors, aliases and tags are not read; quote it.");
        }
        boolean absent = word.isEmpty() || word.equals("~") || word.equals("null");
        return new Node.Scalar(line, absent ? "" : word, absent);
    }

    private Unreadable wrong(String what) {
        return new Unreadable(next + 1, "This line " + what + ".");
    }

    private void skipBlank() {
        while (next < lines.size() && withoutComment(lines.get(next)).isEmpty()) {
            next++;
        }
    }

    private int indent() throws Unreadable {
        var line = lines.get(next);
        int indent = 0;
        while (indent < line.length() && line.charAt(indent) == ' ') {
            indent++;
        }
        if (indent < line.length() && line.charAt(indent) == '\t') {
            throw wrong("is indented with a tab; YAML takes spaces");
        }
        return indent;
    }

    private boolean isItem(int indent) {
        var content = lines.get(next).substring(indent);
        return content.equals("-") || content.startsWith("- ");
    }

    private Node block(int indent) throws Unreadable {
        if (isItem(indent)) {
            return items(indent);
        }
        var content = lines.get(next).substring(indent);
        return keyEnd(content) < 0 ? value(content, indent) : fields(indent);
    }

    private Node fields(int indent) throws Unreadable {
        int start = next + 1;
        var nodes = new LinkedHashMap<String, Node>();
        while (atIndent(indent) && !isItem(indent)) {
            int line = next + 1;
            var content = lines.get(next).substring(indent);
            int colon = keyEnd(content);
            if (colon < 0) {
                throw wrong("is no `key: value`");
            }
            var key = key(content.substring(0, colon).strip(), line);
            duplicates.put(nodes, key, afterKey(content.substring(colon + 1), indent), line);
        }
        return new Node.Fields(start, nodes);
    }

    private boolean atIndent(int indent) throws Unreadable {
        skipBlank();
        if (next >= lines.size()) {
            return false;
        }
        int found = indent();
        if (found > indent) {
            throw wrong("is indented more than the one that it should stand under");
        }
        return found == indent;
    }

    private String key(String written, int line) throws Unreadable {
        if (written.startsWith("\"") || written.startsWith("'")) {
            return ((Node.Scalar) new Flow(written, line, duplicates).only()).text();
        }
        if (written.equals("<<") || written.startsWith("&") || written.startsWith("*") || written.startsWith("?")) {
            throw wrong("uses a merge key, an anchor or an alias, which are not read");
        }
        return written;
    }

    private Node afterKey(String rest, int indent) throws Unreadable {
        int line = next + 1;
        if (!withoutComment(rest).isEmpty()) {
            return value(rest.strip(), indent);
        }
        next++;
        skipBlank();
        if (next < lines.size()) {
            int child = indent();
            if (child > indent || (child == indent && isItem(child))) {
                return block(child);
            }
        }
        return new Node.Scalar(line, "", true);
    }

    private Node items(int indent) throws Unreadable {
        int start = next + 1;
        var nodes = new ArrayList<Node>();
        while (atIndent(indent) && isItem(indent)) {
            var line = lines.get(next);
            var rest = line.substring(indent + 1);
            if (keyEnd(rest.strip()) >= 0 && !startsFlow(rest.strip())) {
                // The item is a map whose first key stands on the line of the dash.
                lines.set(next, line.substring(0, indent) + " " + rest);
                nodes.add(fields(indent()));
            } else {
                nodes.add(afterKey(rest, indent));
            }
        }
        return new Node.Items(start, nodes);
    }

    private static boolean startsFlow(String text) {
        return text.startsWith("{") || text.startsWith("[");
    }

    /** A value that begins on this line, of which {@code content} is the rest. */
    private Node value(String content, int indent) throws Unreadable {
        int line = next + 1;
        char first = content.charAt(0);
        if (first == '|' || first == '>') {
            return blockScalar(withoutComment(content), indent);
        }
        if (startsFlow(content)) {
            return flow(content, line);
        }
        next++;
        if (first == '"' || first == '\'') {
            return new Flow(content, line, duplicates).only();
        }
        return plain(withoutComment(content), line);
    }

    /** Lines are added until the brackets close; what is wrong with them is the reader's to say. */
    private Node flow(String content, int line) throws Unreadable {
        var text = new StringBuilder(content);
        next++;
        while (next < lines.size() && Brackets.open(text)) {
            text.append('\n').append(lines.get(next));
            next++;
        }
        return new Flow(text.toString(), line, duplicates).only();
    }

    private Node blockScalar(String header, int indent) throws Unreadable {
        int line = next + 1;
        boolean folded = header.charAt(0) == '>';
        char chomp = header.length() > 1 ? header.charAt(header.length() - 1) : ' ';
        if (header.length() > 2 || (header.length() == 2 && chomp != '-' && chomp != '+')) {
            throw wrong("has a block scalar with more than | or > and - or +");
        }
        next++;
        int depth = -1;
        var text = new StringBuilder();
        boolean anyBefore = false;
        while (next < lines.size()) {
            var raw = lines.get(next);
            int own = raw.isBlank() ? Integer.MAX_VALUE : indent();
            if (own <= indent) {
                break;
            }
            depth = depth < 0 && !raw.isBlank() ? own : depth;
            var part = raw.isBlank() || depth < 0 ? "" : raw.substring(Math.min(depth, own));
            if (anyBefore) {
                text.append(folded && !part.isEmpty() && text.charAt(text.length() - 1) != '\n' ? ' ' : '\n');
            }
            text.append(part);
            anyBefore = anyBefore || !part.isEmpty();
            next++;
        }
        int end = text.length();
        while (chomp != '+' && end > 0 && text.charAt(end - 1) == '\n') {
            end--;
        }
        return new Node.Scalar(line, text.substring(0, end) + (chomp == '-' || end == 0 ? "" : "\n"), false);
    }

    /** Where the colon after a key stands, -1 where there is none. A colon inside a URL is followed by no space. */
    private static int keyEnd(String content) {
        int from = 0;
        if (content.startsWith("\"") || content.startsWith("'")) {
            int close = content.indexOf(content.charAt(0), 1);
            if (close < 0) {
                return -1;
            }
            int after = close + 1;
            while (after < content.length() && content.charAt(after) == ' ') {
                after++;
            }
            return after < content.length() && content.charAt(after) == ':' ? after : -1;
        }
        if (startsFlow(content)) {
            return -1;
        }
        for (int at = content.indexOf(':', from); at >= 0; at = content.indexOf(':', at + 1)) {
            if (at + 1 == content.length() || content.charAt(at + 1) == ' ' || content.charAt(at + 1) == '\t') {
                return content.substring(0, at).contains(" #") ? -1 : at;
            }
        }
        return -1;
    }

    /** Cuts a comment, which begins a line or follows a blank, outside quotes at the start. */
    private static String withoutComment(String text) {
        for (int at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + 1)) {
            if (at == 0 || text.charAt(at - 1) == ' ' || text.charAt(at - 1) == '\t') {
                return text.substring(0, at).strip();
            }
        }
        return text.strip();
    }
}
