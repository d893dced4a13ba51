package org.pgcluster.shape;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON's text from maps, lists, texts, numbers, booleans and null, and back. */
public final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private JsonText() {}

    public static String write(@Nullable Object value) {
        var out = new StringBuilder(256);
        write(value, out);
        return out.toString();
    }

    public static void write(@Nullable Object value, StringBuilder out) {
        if (value == null) {
            out.append("null");
        } else if (value instanceof String text) {
            quote(text, out);
        } else if (value instanceof Number number) {
            number(number, out);
        } else if (value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Map<?, ?> map) {
            object(map, out);
        } else if (value instanceof List<?> list) {
            array(list, out);
        } else {
            throw new IllegalArgumentException("JSON has no " + value.getClass().getName());
        }
    }

    /** Numbers come back exact: a {@code Long} where it fits, else a {@code BigDecimal}. */
    public static @Nullable Object read(String text) {
        return new JsonReader(text).document();
    }

    private static void object(Map<?, ?> map, StringBuilder out) {
        var between = '{';
        for (var entry : map.entrySet()) {
            out.append(between);
            quote((String) entry.getKey(), out);
            out.append(':');
            write(entry.getValue(), out);
            between = ',';
        }
        out.append(between == '{' ? "{}" : "}");
    }

    private static void array(List<?> list, StringBuilder out) {
        out.append('[');
        for (var index = 0; index < list.size(); index++) {
            if (index > 0) {
                out.append(',');
            }
            write(list.get(index), out);
        }
        out.append(']');
    }

    /** What is no number in JSON goes as its word, as PostgreSQL's own JSON has it. */
    private static void number(Number number, StringBuilder out) {
        if (finite(number)) {
            out.append(number);
        } else {
            quote(number.toString(), out);
        }
    }

    static boolean finite(Number number) {
        return !(number instanceof Double || number instanceof Float) || Double.isFinite(number.doubleValue());
    }

    static void quote(String text, StringBuilder out) {
        out.append('"');
        var plainFrom = 0;
        for (var index = 0; index < text.length(); index++) {
            var letter = text.charAt(index);
            if (letter >= ' ' && letter != '"' && letter != '\\' && (letter < 0x7f || !awkward(text, index))) {
                continue;
            }
            out.append(text, plainFrom, index);
            escape(letter, out);
            plainFrom = index + 1;
        }
        out.append(text, plainFrom, text.length()).append('"');
    }

    /** Half a pair has no UTF-8, and some readers take U+2028 and U+2029 for the end of a line. */
    private static boolean awkward(String text, int index) {
        var letter = text.charAt(index);
        if (Character.isHighSurrogate(letter)) {
            return index + 1 == text.length() || !Character.isLowSurrogate(text.charAt(index + 1));
        }
        if (Character.isLowSurrogate(letter)) {
            return index == 0 || !Character.isHighSurrogate(text.charAt(index - 1));
        }
        return letter == 0x7f || letter == 0x2028 || letter == 0x2029;
    }

    private static void escape(char letter, StringBuilder out) {
        switch (letter) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            default -> {
                out.append("\\u");
                for (var shift = 12; shift >= 0; shift -= 4) {
                    out.append(HEX.charAt((letter >> shift) & 0xf));
                }
            }
        }
    }
}
