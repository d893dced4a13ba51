package org.pgcluster.shape;

import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        // Before its form: what fits no integer of ours is out of bounds like any other.
        if (range != null && json instanceof Number number && beyond(range, number)) {
            problems.outside(at, "is " + bounds(range), json);
            return wrapped(null);
        }
        var before = problems.count();
        var value = form.read(json, at, problems);
        boolean sized = value instanceof String || value instanceof List<?>;
        if (range != null && sized && before == problems.count() && !within(range, size(value))) {
            String of = value instanceof String ? " characters" : " elements";
            problems.outside(at, "has " + bounds(range) + of, size(value));
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

    private static boolean beyond(Range range, Number number) {
        try {
            return !within(range, Numbers.exact(number));
        } catch (ArithmeticException | NumberFormatException e) {
            return false; // no number that its form takes, which is told
        }
    }

    private static boolean within(Range range, BigDecimal size) {
        return size.compareTo(BigDecimal.valueOf(range.min())) >= 0
                && size.compareTo(BigDecimal.valueOf(range.max())) <= 0;
    }

    private static String bounds(Range range) {
        if (range.min() == Long.MIN_VALUE) {
            return "at most " + range.max();
        }
        return range.max() == Long.MAX_VALUE ? "at least " + range.min() : "from " + range.min() + " to " + range.max();
    }

    private static BigDecimal size(@Nullable Object value) {
        return BigDecimal.valueOf(
                value instanceof String text
                        ? text.codePointCount(0, text.length())
                        : ((List<?>) Objects.requireNonNull(value)).size());
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
