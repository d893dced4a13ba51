package org.pgcluster.shape;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** The forms that hold no other form. */
enum Leaf implements Form {
    TEXT("string", "a text"),
    BOOL("boolean", "true or false"),
    INT("integer", "a whole number"),
    LONG("integer", "a whole number"),
    DOUBLE("number", "a number"),
    EXACT("number", "a number"),
    SECONDS("number", "a number of seconds"),
    MOMENT("string", "a time such as \"2026-11-21T09:30:00Z\""),
    OBJECT("object", "an object"),
    ANY("", "any value");

    private final String type;
    private final String words;

    Leaf(String type, String words) {
        this.type = type;
        this.words = words;
    }

    @Override
    public Map<String, Object> schema(boolean written) {
        var schema = new LinkedHashMap<String, Object>();
        if (this != ANY) {
            schema.put("type", type);
        }
        if (this == MOMENT) {
            schema.put("format", "date-time");
        }
        return schema;
    }

    @Override
    public boolean takesNull() {
        return this == ANY;
    }

    @Override
    public @Nullable Object read(Object json, String at, Problems problems) {
        var value = value(json);
        if (value == null) {
            problems.takes(at, words, json);
        }
        return value;
    }

    private @Nullable Object value(Object json) {
        return switch (this) {
            case TEXT -> json instanceof String ? json : null;
            case BOOL -> json instanceof Boolean ? json : null;
            case OBJECT -> json instanceof Map<?, ?> ? json : null;
            case MOMENT -> json instanceof String text ? moment(text) : null;
            case ANY -> json;
            default -> json instanceof Number number ? number(number) : null;
        };
    }

    /** JSON has one kind of number: {@code 5.0} is as whole as {@code 5}, and 2^63 is no long. */
    private @Nullable Object number(Number json) {
        try {
            var exact = Numbers.exact(json);
            return switch (this) {
                case INT -> exact.intValueExact();
                case LONG -> exact.longValueExact();
                case EXACT -> exact;
                case SECONDS -> Duration.ofNanos(exact.movePointRight(9).longValueExact());
                default -> finite(exact.doubleValue());
            };
        } catch (ArithmeticException | NumberFormatException e) {
            return null; // told as a value that does not fit
        }
    }

    private static @Nullable Double finite(double near) {
        return Double.isFinite(near) ? near : null;
    }

    private static @Nullable Instant moment(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            return null; // told as a value that does not fit
        }
    }

    @Override
    public @Nullable Object parse(String text) {
        return switch (this) {
            case TEXT, MOMENT -> text;
            case BOOL -> text.equals("true") || text.equals("false") ? (Object) Boolean.valueOf(text) : text;
            default -> jsonOrText(text);
        };
    }

    /** What is no JSON stays a text, so that reading it says what was wanted. */
    static @Nullable Object jsonOrText(String text) {
        try {
            return JsonText.read(text);
        } catch (ToolException e) {
            return text;
        }
    }

    @Override
    public @Nullable Object write(Object value) {
        return switch (this) {
            case MOMENT -> value.toString();
            case SECONDS -> Numbers.seconds((Duration) value);
            case DOUBLE -> Double.isFinite((Double) value) ? value : null;
            default -> value;
        };
    }
}
