package org.pgcluster.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;

/** Reads JSON, and the bracketed style of YAML that contains it. */
final class Flow {
    private final String text;
    private final Duplicates duplicates;
    private int line;
    private int at;

    Flow(String text, int firstLine, Duplicates duplicates) {
        this.text = text;
        this.line = firstLine;
        this.duplicates = duplicates;
    }

    static Node json(String text, Duplicates duplicates) throws Unreadable {
        var flow = new Flow(text, 1, duplicates);
        var node = flow.value();
        flow.blanks();
        if (flow.at < text.length()) {
            throw new Unreadable(flow.line, "Something follows the end of the JSON document.");
        }
        return node;
    }

    /** The whole text is one value, but for a comment behind it. */
    Node only() throws Unreadable {
        var node = value();
        blanks();
        if (at < text.length()) {
            throw new Unreadable(line, "Something follows the closing bracket or quote.");
        }
        return node;
    }

    private Node value() throws Unreadable {
        blanks();
        if (at >= text.length()) {
            throw new Unreadable(line, "A value is missing at the end.");
        }
        char c = text.charAt(at);
        if (c == '{') {
            return fields();
        }
        if (c == '[') {
            return items();
        }
        if (c == '"' || c == '\'') {
            int start = line;
            return new Node.Scalar(start, quoted(), false);
        }
        return plain();
    }

    private Node fields() throws Unreadable {
        int start = line;
        var nodes = new LinkedHashMap<String, Node>();
        at++;
        while (!closes('}')) {
            int keyLine = line;
            var key = key();
            blanks();
            if (at >= text.length() || text.charAt(at) != ':') {
                throw new Unreadable(line, "A colon is missing after the key " + Shown.cut(key) + ".");
            }
            at++;
            duplicates.put(nodes, key, value(), keyLine);
            comma('}');
        }
        return new Node.Fields(start, nodes);
    }

    private Node items() throws Unreadable {
        int start = line;
        var nodes = new ArrayList<Node>();
        at++;
        while (!closes(']')) {
            nodes.add(value());
            comma(']');
        }
        return new Node.Items(start, nodes);
    }

    private boolean closes(char bracket) throws Unreadable {
        blanks();
        if (at >= text.length()) {
            throw new Unreadable(line, "The closing " + bracket + " is missing.");
        }
        if (text.charAt(at) == bracket) {
            at++;
            return true;
        }
        return false;
    }

    private void comma(char bracket) throws Unreadable {
        blanks();
        if (at < text.length() && text.charAt(at) == ',') {
            at++;
        } else if (at < text.length() && text.charAt(at) != bracket) {
            throw new Unreadable(line, "A comma or " + bracket + " is missing.");
        }
    }

    private String key() throws Unreadable {
        char c = text.charAt(at);
        if (c == '"' || c == '\'') {
            return quoted();
        }
        int start = at;
        while (at < text.length() && ":,{}[]\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(start, at).strip();
    }

    private Node plain() throws Unreadable {
        int start = at;
        while (at < text.length() && ",{}[]\n".indexOf(text.charAt(at)) < 0 && !startsComment()) {
            at++;
        }
        var word = text.substring(start, at).strip();
        if (word.isEmpty()) {
            throw new Unreadable(line, "A value is missing.");
        }
        return Yaml.plain(word, line);
    }

    private boolean startsComment() {
        return text.charAt(at) == '#' && at > 0 && Character.isWhitespace(text.charAt(at - 1));
    }

    private void blanks() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#' && (at == 0 || Character.isWhitespace(text.charAt(at - 1)))) {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (Character.isWhitespace(c)) {
                line += c == '\n' ? 1 : 0;
                at++;
            } else {
                return;
            }
        }
    }

    private String quoted() throws Unreadable {
        char quote = text.charAt(at++);
        var value = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\n') {
                throw new Unreadable(line, "A quote is not closed on its line.");
            }
            if (c == quote) {
                if (quote == '"' || at >= text.length() || text.charAt(at) != '\'') {
                    return value.toString();
                }
                at++;
            } else if (c == '\\' && quote == '"') {
                at = Escapes.read(text, at, line, value);
                continue;
            }
            value.append(c);
        }
        throw new Unreadable(line, "A quote is not closed.");
    }
}
