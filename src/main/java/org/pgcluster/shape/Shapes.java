package org.pgcluster.shape;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Finds the form of each component of a record, once. */
final class Shapes {
    private static final Map<Class<?>, Form> LEAVES = Map.ofEntries(
            Map.entry(String.class, Leaf.TEXT),
            Map.entry(boolean.class, Leaf.BOOL),
            Map.entry(Boolean.class, Leaf.BOOL),
            Map.entry(int.class, Leaf.INT),
            Map.entry(Integer.class, Leaf.INT),
            Map.entry(OptionalInt.class, Leaf.INT),
            Map.entry(long.class, Leaf.LONG),
            Map.entry(Long.class, Leaf.LONG),
            Map.entry(OptionalLong.class, Leaf.LONG),
            Map.entry(double.class, Leaf.DOUBLE),
            Map.entry(Double.class, Leaf.DOUBLE),
            Map.entry(BigDecimal.class, Leaf.EXACT),
            Map.entry(Duration.class, Leaf.SECONDS),
            Map.entry(Instant.class, Leaf.MOMENT),
            Map.entry(Object.class, Leaf.ANY));

    private Shapes() {}

    static <R extends Record> Shape<R> build(Class<R> type, List<Class<?>> around) {
        if (around.contains(type)) {
            throw new IllegalArgumentException(type.getName() + " contains itself");
        }
        around.add(type);
        var components = type.getRecordComponents();
        var parameters = new Class<?>[components.length];
        var parts = new LinkedHashMap<String, Part>();
        for (var index = 0; index < components.length; index++) {
            parameters[index] = components[index].getType();
            var part = part(type, components[index], around);
            parts.put(part.name(), part);
        }
        around.remove(type);
        try {
            var constructor = type.getDeclaredConstructor(parameters);
            constructor.setAccessible(true);
            return new Shape<>(type, constructor, parts);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Part part(Class<?> owner, RecordComponent component, List<Class<?>> around) {
        var where = owner.getName() + "." + component.getName();
        var annotated = component.getAnnotatedType();
        var form = form(inside(annotated, component.getType()), where, around);
        var accessor = component.getAccessor();
        accessor.setAccessible(true);
        var says = component.getAnnotation(Says.class);
        var standard = component.getAnnotation(Default.class);
        var example = component.getAnnotation(Example.class);
        return new Part(
                snake(component.getName()),
                accessor,
                component.getType(),
                form,
                nullable(annotated),
                says == null ? null : says.value(),
                component.getAnnotation(Range.class),
                standard == null ? null : checked(form, standard.value(), where),
                example == null ? null : checked(form, example.value(), where));
    }

    /** Optional is a property of the component, not of the form. */
    private static AnnotatedType inside(AnnotatedType annotated, Class<?> type) {
        return type == Optional.class
                ? ((AnnotatedParameterizedType) annotated).getAnnotatedActualTypeArguments()[0]
                : annotated;
    }

    private static @Nullable Object checked(Form form, String text, String where) {
        var value = form.parse(text);
        var problems = new Problems();
        if (value == null || form.read(value, where, problems) == null) {
            throw new IllegalArgumentException(where + " cannot be " + text);
        }
        return value;
    }

    private static Form form(AnnotatedType annotated, String where, List<Class<?>> around) {
        var type = annotated.getType();
        var raw = raw(type);
        var leaf = raw == null ? null : LEAVES.get(raw);
        if (leaf != null) {
            return leaf;
        }
        if (raw != null && raw.isEnum()) {
            return new Choice(raw);
        }
        if (raw != null && raw.isRecord()) {
            return new Nested<>(build(raw.asSubclass(Record.class), around));
        }
        if (raw == List.class && annotated instanceof AnnotatedParameterizedType list) {
            var element = list.getAnnotatedActualTypeArguments()[0];
            return new Many(form(element, where, around), nullable(element));
        }
        if (raw == Map.class && freeForm(type)) {
            return Leaf.OBJECT;
        }
        throw new IllegalArgumentException(where + " is a " + type.getTypeName() + ", which JSON does not carry here");
    }

    private static @Nullable Class<?> raw(Type type) {
        if (type instanceof ParameterizedType generic) {
            return (Class<?>) generic.getRawType();
        }
        return type instanceof Class<?> plain ? plain : null;
    }

    private static boolean freeForm(Type type) {
        return type instanceof ParameterizedType map
                && map.getActualTypeArguments()[0] == String.class
                && map.getActualTypeArguments()[1] == Object.class;
    }

    private static boolean nullable(AnnotatedElement annotated) {
        return annotated.isAnnotationPresent(Nullable.class);
    }

    /** {@code nodeId} is {@code node_id}. */
    static String snake(String camel) {
        var snake = new StringBuilder(camel.length() + 4);
        for (var index = 0; index < camel.length(); index++) {
            var letter = camel.charAt(index);
            if (Character.isUpperCase(letter)) {
                snake.append('_').append(Character.toLowerCase(letter));
            } else {
                snake.append(letter);
            }
        }
        return snake.toString();
    }
}
