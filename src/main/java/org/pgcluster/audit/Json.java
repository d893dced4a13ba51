package org.pgcluster.audit;

import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Writes one JSON object on one line, and rewrites the texts inside JSON that somebody else wrote. One thread fills it. */
final class Json {
    private static final Pattern NAMED_LIKE_A_PASSWORD = Pattern.compile("(?i)passw|secret|passphrase");

    private final StringBuilder out = new StringBuilder(256).append('{');

    Json text(String name, String value) {
        name(name);
        quote(out, value);
        return this;
    }

    Json number(String name, long value) {
        name(name).out.append(value);
        return this;
    }

    /** {@code json} must be one JSON value. */
    Json raw(String name, String json) {
        name(name).out.append(json);
        return this;
    }

    String line() {
        return out + "}\n";
    }

    private Json name(String name) {
        if (out.length() > 1) {
            out.append(',');
        }
        quote(out, name);
        out.append(':');
        return this;
    }

    static String escaped(String text) {
        var quoted = new StringBuilder(text.length() + 8);
        quote(quoted, text);
        return quoted.substring(1, quoted.length() - 1);
    }

    static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (mustEscape(text, i, c)) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Control characters, the line ends of Unicode (one entry is one line for every reader), halves of a pair. */
    private static boolean mustEscape(String text, int i, char c) {
        if (c < 0x20 || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029) {
            return true;
        }
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }

    /**
     * The same JSON on one line, with every text and every number (as text, where it changes) passed through {@code
     * change}, and the texts of members that are named like a password replaced. What is no JSON becomes one text.
     */
    static String rewritten(String json, UnaryOperator<String> change) {
        var out = new StringBuilder(json.length() + 16);
        boolean hidden = false;
        int i = 0;
        while (i < json.length()) {
            char c = json.charAt(i);
            if (c == '"') {
                int end = endOfText(json, i);
                if (end < 0) {
                    return asText(json, change);
                }
                var text = unquoted(json, i + 1, end);
                quote(out, hidden ? Masks.DOTS : change.apply(text));
                i = end + 1;
                hidden = NAMED_LIKE_A_PASSWORD.matcher(text).find() && namesMember(json, i);
            } else if (c == '-' || Character.isLetterOrDigit(c)) {
                int end = endOfWord(json, i);
                var word = json.substring(i, end);
                var changed = change.apply(word);
                if (changed.equals(word)) {
                    out.append(word);
                } else {
                    quote(out, changed);
                }
                i = end;
            } else if ("{}[]:,".indexOf(c) >= 0) {
                out.append(c);
                hidden &= c == ':';
                i++;
            } else if (c <= ' ') {
                i++;
            } else {
                return asText(json, change);
            }
        }
        return out.isEmpty() ? "null" : out.toString();
    }

    private static boolean namesMember(String json, int after) {
        int i = after;
        while (i < json.length() && json.charAt(i) <= ' ') {
            i++;
        }
        return json.startsWith(":", i);
    }

    private static String asText(String json, UnaryOperator<String> change) {
        var out = new StringBuilder(json.length() + 16);
        quote(out, change.apply(json));
        return out.toString();
    }

    private static int endOfText(String json, int start) {
        for (int i = start + 1; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                return i;
            }
        }
        return -1;
    }

    private static int endOfWord(String json, int start) {
        int end = start;
        while (end < json.length()
                && (Character.isLetterOrDigit(json.charAt(end)) || "+-.".indexOf(json.charAt(end)) >= 0)) {
            end++;
        }
        return end;
    }

    private static String unquoted(String json, int from, int to) {
        var out = new StringBuilder(to - from);
        for (int i = from; i < to; i++) {
            char c = json.charAt(i);
            if (c != '\\' || i + 1 >= to) {
                out.append(c);
                continue;
            }
            char escape = json.charAt(++i);
            switch (escape) {
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'u' -> {
                    int end = Math.min(to, i + 5);
                    var digits = json.substring(i + 1, end);
                    if (digits.matches("[0-9a-fA-F]{4}")) {
                        out.append((char) Integer.parseInt(digits, 16));
                        i += 4;
                    } else {
                        out.append("\\u");
                    }
                }
                default -> out.append(escape);
            }
        }
        return out.toString();
    }
}
