package org.pgcluster.postgres;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Makes a record of each row, by name: {@code shard_id} becomes {@code shardId}. Missing and surplus columns fail. */
final class RowMapper<R extends Record> {
    private static final DateTimeFormatter SERVER_TIME = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .appendLiteral(' ')
            .append(DateTimeFormatter.ISO_LOCAL_TIME)
            .appendOffset("+HH:mm", "+00")
            .toFormatter(Locale.ROOT);

    private final Class<R> type;
    private final Constructor<R> constructor;
    private final RecordComponent[] components;
    private final int[] columns;

    private RowMapper(Class<R> type, Constructor<R> constructor, RecordComponent[] components, int[] columns) {
        this.type = type;
        this.constructor = constructor;
        this.components = components;
        this.columns = columns;
    }

    static <R extends Record> RowMapper<R> of(Class<R> type, ResultSetMetaData meta) throws SQLException {
        var components = type.getRecordComponents();
        var columns = new int[components.length];
        var names = new ArrayList<String>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
            names.add(meta.getColumnLabel(i));
        }
        var surplus = new TreeSet<>(names);
        var missing = new TreeSet<String>();
        for (int i = 0; i < components.length; i++) {
            var name = columnName(components[i].getName());
            columns[i] = names.indexOf(name) + 1;
            if (!surplus.remove(name)) {
                missing.add(name);
            }
        }
        if (!missing.isEmpty() || !surplus.isEmpty() || names.size() != components.length) {
            throw new IllegalStateException(
                    type.getName() + ": columns missing " + missing + ", surplus " + surplus + ", got " + names);
        }
        return new RowMapper<>(type, constructor(type, components), components, columns);
    }

    private static <R extends Record> Constructor<R> constructor(Class<R> type, RecordComponent[] components) {
        var types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
        }
        try {
            var constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(type.getName() + " has no canonical constructor", e);
        }
    }

    static String columnName(String component) {
        return component.replaceAll("(\\p{Lu})", "_$1").toLowerCase(Locale.ROOT);
    }

    R map(ResultSet row) throws SQLException {
        var values = new @Nullable Object[components.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = component(components[i], row.getString(columns[i]));
        }
        try {
            return constructor.newInstance(values);
        } catch (InstantiationException | IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(type.getName() + " refuses a row", e);
        }
    }

    private @Nullable Object component(RecordComponent component, @Nullable String text) {
        try {
            if (component.getType() == Optional.class) {
                return text == null ? Optional.empty() : Optional.of(value(argument(component.getGenericType()), text));
            }
            if (text == null) {
                return nothing(component.getAnnotatedType());
            }
            return value(component.getGenericType(), text);
        } catch (RuntimeException e) {
            throw new IllegalStateException(type.getName() + "." + component.getName() + ": " + e.getMessage(), e);
        }
    }

    private static @Nullable Object nothing(AnnotatedType type) {
        if (type.isAnnotationPresent(Nullable.class)) {
            return null;
        }
        throw new IllegalStateException("NULL where a value was expected");
    }

    private static Type argument(Type type) {
        return ((ParameterizedType) type).getActualTypeArguments()[0];
    }

    private static Object value(Type type, String text) {
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            return list(argument(type), text);
        }
        if (type instanceof Class<?> plain) {
            return plain(plain, text);
        }
        throw new IllegalStateException("no way to read a " + type);
    }

    private static List<@Nullable Object> list(Type element, String text) {
        var values = new ArrayList<@Nullable Object>();
        for (var one : ArrayText.read(text)) {
            values.add(one == null ? null : value(element, one));
        }
        return Collections.unmodifiableList(values);
    }

    private static Object plain(Class<?> type, String text) {
        if (type == String.class) {
            return text;
        }
        if (type == int.class || type == Integer.class) {
            return Integer.valueOf(text);
        }
        if (type == long.class || type == Long.class) {
            return Long.valueOf(text);
        }
        if (type == double.class || type == Double.class) {
            return Double.valueOf(text);
        }
        if (type == boolean.class || type == Boolean.class) {
            return truth(text);
        }
        if (type == BigDecimal.class) {
            return new BigDecimal(text);
        }
        if (type == Instant.class) {
            return OffsetDateTime.parse(text, SERVER_TIME).toInstant();
        }
        if (type == Duration.class) {
            return duration(text);
        }
        if (type.isEnum()) {
            return constant(type, text);
        }
        throw new IllegalStateException("no way to read a " + type.getName());
    }

    private static Boolean truth(String text) {
        return switch (text) {
            case "t", "true" -> true;
            case "f", "false" -> false;
            default -> throw new IllegalStateException("not a boolean: " + text);
        };
    }

    /** An interval without years and months, or a number of seconds. */
    private static Duration duration(String text) {
        if (text.startsWith("P")) {
            return Duration.parse(text);
        }
        return Duration.ofNanos(new BigDecimal(text).movePointRight(9).longValue());
    }

    private static Object constant(Class<?> type, String text) {
        var name = text.replace('-', '_').replace(' ', '_');
        for (var constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equalsIgnoreCase(name)) {
                return constant;
            }
        }
        throw new IllegalStateException("no " + type.getSimpleName() + " is called " + text);
    }
}
