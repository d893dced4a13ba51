package org.pgcluster.shape;

import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One component of a record: its name in JSON, its form, and whether and how it may be left out. */
record Part(
        String name,
        Method accessor,
        Class<?> type,
        Form form,
        boolean nullable,
        @Nullable String says,
        @Nullable Range range,
        @Nullable Object standard,
        @Nullable Object example) {

    boolean optional() {
        return type == Optional.class || type == OptionalInt.class || type == OptionalLong.class;
    }

    boolean required(boolean written) {
        return !optional() && (written || (standard == null && !nullable));
    }

    Map<String, Object> schema(boolean written) {
        var schema = form.schema(written);
        if (nullable) {
            orNull(schema);
        }
        if (says != null) {
            schema.put("description", says);
        }
        if (range != null) {
            bounds(schema, range);
        }
        if (standard != null) {
            schema.put("default", standard);
        }
        if (example != null) {
            schema.put("examples", List.of(example));
        }
        return schema;
    }

    static void orNull(Map<String, Object> schema) {
        if (schema.get("type") instanceof String type) {
            schema.put("type", List.of(type, "null"));
        }
        if (schema.get("enum") instanceof List<?> words) {
            var orNull = new ArrayList<@Nullable Object>(words);
            orNull.add(null);
            schema.put("enum", orNull);
        }
    }

    private void bounds(Map<String, Object> schema, Range range) {
        if (range.min() != Long.MIN_VALUE) {
            schema.put(form == Leaf.TEXT ? "minLength" : form instanceof Many ? "minItems" : "minimum", range.min());
        }
        if (range.max() != Long.MAX_VALUE) {
            schema.put(form == Leaf.TEXT ? "maxLength" : form instanceof Many ? "maxItems" : "maximum", range.max());
        }
    }

    /** The component's value, from JSON's; left out and null are the same where either is allowed. */
    @Nullable
    Object read(@Nullable Object given, String at, Problems problems) {
        var json = given == null ? standard : given;
        if (json == null) {
            if (!optional() && !nullable && !form.takesNull()) {
                problems.required(at);
            }
            return wrapped(null);
        }
        var before = problems.count();
        var value = form.read(json, at, problems);
        if (range != null && value != null && before == problems.count()) {
            within(range, value, json, at, problems);
        }
        return wrapped(value);
    }

    private @Nullable Object wrapped(@Nullable Object value) {
        if (type == Optional.class) {
            return Optional.ofNullable(value);
        }
        if (type == OptionalInt.class) {
            return value instanceof Integer whole ? OptionalInt.of(whole) : OptionalInt.empty();
        }
        if (type == OptionalLong.class) {
            return value instanceof Long whole ? OptionalLong.of(whole) : OptionalLong.empty();
        }
        return value;
    }

    private static void within(Range range, Object value, Object json, String at, Problems problems) {
        var size = size(value);
        var low = range.min() != Long.MIN_VALUE;
        var high = range.max() != Long.MAX_VALUE;
        if ((low && size.compareTo(BigDecimal.valueOf(range.min())) < 0)
                || (high && size.compareTo(BigDecimal.valueOf(range.max())) > 0)) {
            var bounds = low && high
                    ? "from " + range.min() + " to " + range.max()
                    : low ? "at least " + range.min() : "at most " + range.max();
            if (value instanceof Number || value instanceof Duration) {
                problems.outside(at, "is " + bounds, json);
            } else {
                problems.outside(at, "has " + bounds + (value instanceof String ? " characters" : " elements"), size);
            }
        }
    }

    private static BigDecimal size(Object value) {
        if (value instanceof Number number) {
            return Numbers.exact(number);
        }
        if (value instanceof Duration duration) {
            return Numbers.exact(Numbers.seconds(duration));
        }
        if (value instanceof String text) {
            return BigDecimal.valueOf(text.codePointCount(0, text.length()));
        }
        return BigDecimal.valueOf(((List<?>) value).size());
    }

    void write(Record owner, Map<String, @Nullable Object> into) {
        var value = Shape.invoke(accessor, owner);
        if (value == null) {
            into.put(name, null);
        } else if (!optional()) {
            into.put(name, form.write(value));
        } else {
            var held = unwrapped(value);
            if (held != null) {
                into.put(name, form.write(held));
            }
        }
    }

    private static @Nullable Object unwrapped(Object optional) {
        if (optional instanceof OptionalInt whole) {
            return whole.isPresent() ? whole.getAsInt() : null;
        }
        if (optional instanceof OptionalLong whole) {
            return whole.isPresent() ? whole.getAsLong() : null;
        }
        return ((Optional<?>) optional).orElse(null);
    }
}
