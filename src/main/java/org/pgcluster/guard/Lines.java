package org.pgcluster.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Text of {@code key=value} lines that can be read in one way only: line ends, backslashes and (in keys) equals signs
 * are escaped, so no value can pass for another line. One thread fills it.
 */
final class Lines {
    private record Line(String key, String value) {}

    private final List<Line> lines = new ArrayList<>();
    private String head = "";

    Lines head(String first) {
        head = first + "\n";
        return this;
    }

    Lines put(String key, String value) {
        lines.add(new Line(key, value));
        return this;
    }

    Lines putAll(String prefix, Map<String, String> values) {
        values.forEach((key, value) -> put(prefix + key, value));
        return this;
    }

    String text() {
        var text = new StringBuilder(head);
        for (var line : lines) {
            text.append(escaped(line.key, true))
                    .append('=')
                    .append(escaped(line.value, false))
                    .append('\n');
        }
        return text.toString();
    }

    /** Only for texts whose seal was checked: what does not fit is a defect of this program, not of the file. */
    static Lines parse(String head, String text) {
        if (!text.startsWith(head + "\n")) {
            throw new IllegalArgumentException("Not a text that begins with " + head);
        }
        var parsed = new Lines().head(head);
        text.substring(head.length() + 1).lines().forEach(line -> {
            int equals = line.indexOf('=');
            parsed.put(plain(line.substring(0, equals)), plain(line.substring(equals + 1)));
        });
        return parsed;
    }

    String only(String key) {
        var values = all(key);
        if (values.size() != 1) {
            throw new IllegalArgumentException(values.size() + " lines of " + key);
        }
        return values.get(0);
    }

    List<String> all(String key) {
        return lines.stream()
                .filter(line -> line.key.equals(key))
                .map(Line::value)
                .toList();
    }

    Map<String, String> under(String prefix) {
        var values = new TreeMap<String, String>();
        lines.stream()
                .filter(line -> line.key.startsWith(prefix))
                .forEach(line -> values.put(line.key.substring(prefix.length()), line.value));
        return values;
    }

    private static String escaped(String text, boolean key) {
        var out = new StringBuilder(text.length() + 8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '=' -> out.append(key ? "\\e" : "=");
                default -> {
                    // A lone surrogate has no UTF-8: two different texts would be sealed as the same bytes.
                    if (Character.isSurrogate(c) && !paired(text, i)) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.toString();
    }

    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }

    private static String plain(String text) {
        var out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escape = text.charAt(++i);
            switch (escape) {
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 'e' -> out.append('=');
                case 'u' -> {
                    out.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
                    i += 4;
                }
                default -> out.append(escape);
            }
        }
        return out.toString();
    }
}
