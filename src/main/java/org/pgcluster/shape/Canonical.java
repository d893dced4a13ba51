package org.pgcluster.shape;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One text for one value, and never one text for two: what is digested and compared. */
public final class Canonical {
    private Canonical() {}

    public static String of(Record value) {
        return json(Shape.written(value));
    }

    /** Names sorted, texts quoted, numbers digit for digit: 5 and 5.0 are two values, as PostgreSQL's numeric has them. */
    public static String json(@Nullable Object value) {
        var out = new StringBuilder(256);
        write(value, out);
        return out.toString();
    }

    private static void write(@Nullable Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            object(map, out);
        } else if (value instanceof List<?> list) {
            var between = '[';
            for (var one : list) {
                out.append(between);
                write(one, out);
                between = ',';
            }
            out.append(list.isEmpty() ? "[]" : "]");
        } else if (value instanceof Record record) {
            write(Shape.written(record), out);
        } else if (value instanceof Enum<?> constant) {
            JsonText.quote(Shape.name(constant), out);
        } else if (value instanceof Number number && !JsonText.finite(number)) {
            throw new IllegalArgumentException(number + " has no canonical text apart from its word");
        } else {
            JsonText.write(value, out);
        }
    }

    private static void object(Map<?, ?> map, StringBuilder out) {
        var sorted = new TreeMap<String, @Nullable Object>();
        for (var entry : map.entrySet()) {
            sorted.put((String) entry.getKey(), entry.getValue());
        }
        var between = '{';
        for (var entry : sorted.entrySet()) {
            out.append(between);
            JsonText.quote(entry.getKey(), out);
            out.append(':');
            write(entry.getValue(), out);
            between = ',';
        }
        out.append(sorted.isEmpty() ? "{}" : "}");
    }
}
