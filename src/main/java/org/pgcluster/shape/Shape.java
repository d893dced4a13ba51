package org.pgcluster.shape;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A record as JSON: its schema, its values from JSON's and back. Immutable; made once for each record. */
public final class Shape<R extends Record> {
    /** Reflection took a third of the processor time of a call while each call built the shapes of its tool anew. */
    private static final ClassValue<Shape<?>> MADE = new ClassValue<>() {
        @Override
        protected Shape<?> computeValue(Class<?> type) {
            return Shapes.build(type.asSubclass(Record.class), new ArrayList<>());
        }
    };

    private final Class<R> type;
    private final Constructor<R> constructor;
    private final Map<String, Part> parts;

    Shape(Class<R> type, Constructor<R> constructor, Map<String, Part> parts) {
        this.type = type;
        this.constructor = constructor;
        this.parts = parts;
    }

    /** The shape of a record; one that contains itself, or what JSON cannot carry, is a mistake of ours and thrown as such. */
    @SuppressWarnings("unchecked") // each class has the shape that was built for it
    public static <R extends Record> Shape<R> of(Class<R> type) {
        return (Shape<R>) MADE.get(type);
    }

    /** What may be sent: nothing beside the components, and those without a default required. */
    public Map<String, Object> schema() {
        return schema(false);
    }

    /** What {@link #write} answers: every component there, except an empty {@code Optional}. */
    public Map<String, Object> outputSchema() {
        return schema(true);
    }

    Map<String, Object> schema(boolean written) {
        var properties = new LinkedHashMap<String, Object>();
        var required = new ArrayList<Object>();
        for (var part : parts.values()) {
            properties.put(part.name(), part.schema(written));
            if (part.required(written)) {
                required.add(part.name());
            }
        }
        var schema = new LinkedHashMap<String, Object>();
        schema.put("type", "object");
        schema.put("properties", properties);
        if (!required.isEmpty()) {
            schema.put("required", required);
        }
        if (!written) {
            schema.put("additionalProperties", false);
        }
        return schema;
    }

    /** The record that the arguments stand for, or one {@code INVALID_INPUT} that names all that is wrong. */
    public R bind(Map<String, ? extends @Nullable Object> arguments) {
        return bind(arguments, new Problems());
    }

    /** The same, told together with what is wrong beside them. */
    public R bind(Map<String, ? extends @Nullable Object> arguments, Problems problems) {
        var values = values(arguments, "", problems);
        problems.throwIfAny();
        return create(values);
    }

    /** Like {@link #bind}, from texts as one types them: {@code limit=5}, {@code schemas=a,b}. */
    public R parse(Map<String, String> texts) {
        var arguments = new LinkedHashMap<String, @Nullable Object>();
        for (var entry : texts.entrySet()) {
            var part = parts.get(entry.getKey());
            arguments.put(
                    entry.getKey(),
                    part == null ? entry.getValue() : part.form().parse(entry.getValue()));
        }
        return bind(arguments);
    }

    public Map<String, @Nullable Object> write(R value) {
        var written = new LinkedHashMap<String, @Nullable Object>();
        for (var part : parts.values()) {
            part.write(value, written);
        }
        return written;
    }

    /** Writes a record by its own class; for records met by chance. A shape that is kept is faster. */
    @SuppressWarnings("unchecked") // records are final: a record's class is the class of its type
    public static <R extends Record> Map<String, @Nullable Object> written(R value) {
        return of((Class<R>) value.getClass()).write(value);
    }

    /** The names that {@link #bind} takes, in the order of the record. */
    public List<String> names() {
        return List.copyOf(parts.keySet());
    }

    public Class<R> type() {
        return type;
    }

    /** The word for an enum's constant in JSON, texts and the command line. */
    public static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    @Nullable
    R read(Map<?, ?> json, String at, Problems problems) {
        var before = problems.count();
        var values = values(json, at, problems);
        return before == problems.count() ? create(values) : null;
    }

    private @Nullable Object[] values(Map<?, ?> json, String at, Problems problems) {
        for (var given : json.keySet()) {
            var name = String.valueOf(given);
            if (!parts.containsKey(name)) {
                problems.unknown(at, name, parts.keySet());
            }
        }
        var values = new @Nullable Object[parts.size()];
        var index = 0;
        for (var part : parts.values()) {
            var where = at.isEmpty() ? part.name() : at + "." + part.name();
            values[index++] = part.read(json.get(part.name()), where, problems);
        }
        return values;
    }

    private R create(@Nullable Object[] values) {
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw unchecked(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    static @Nullable Object invoke(Method accessor, Record owner) {
        try {
            return accessor.invoke(owner);
        } catch (InvocationTargetException e) {
            throw unchecked(e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a record's own code threw goes on as it is: its rules speak to the client. */
    private static RuntimeException unchecked(InvocationTargetException e) {
        return e.getCause() instanceof RuntimeException own ? own : new IllegalStateException(e);
    }
}
