package org.pgcluster.postgres;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's text of a one-dimensional array, read and written. */
public final class ArrayText {
    private final String text;
    private int at = 1;

    private ArrayText(String text) {
        this.text = text;
    }

    public static String write(Collection<?> values) {
        return values.stream().map(ArrayText::element).collect(Collectors.joining(",", "{", "}"));
    }

    private static String element(@Nullable Object value) {
        if (value == null) {
            return "NULL";
        }
        return '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static List<@Nullable String> read(String text) {
        if (!text.startsWith("{") || !text.endsWith("}")) {
            throw new IllegalStateException("not the text of an array that starts at 1: " + text);
        }
        return new ArrayText(text).elements();
    }

    private List<@Nullable String> elements() {
        var elements = new ArrayList<@Nullable String>();
        while (at < text.length() - 1) {
            elements.add(text.charAt(at) == '"' ? quoted() : plain());
            at++;
        }
        return Collections.unmodifiableList(elements);
    }

    private String quoted() {
        var value = new StringBuilder();
        at++;
        while (text.charAt(at) != '"') {
            if (text.charAt(at) == '\\') {
                at++;
            }
            value.append(text.charAt(at++));
        }
        at++;
        return value.toString();
    }

    private @Nullable String plain() {
        int start = at;
        while (text.charAt(at) != ',' && at < text.length() - 1) {
            if (text.charAt(at) == '{') {
                throw new IllegalStateException("an array of arrays where a list was expected: " + text);
            }
            at++;
        }
        var value = text.substring(start, at);
        return value.toUpperCase(Locale.ROOT).equals("NULL") ? null : value;
    }
}
