package org.pgcluster.shape;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One word out of an enum's. */
final class Choice implements Form {
    private final Map<String, Enum<?>> byWord = new LinkedHashMap<>();

    Choice(Class<?> type) {
        for (var constant : type.getEnumConstants()) {
            var one = (Enum<?>) constant;
            byWord.put(Shape.name(one), one);
        }
    }

    @Override
    public Map<String, Object> schema(boolean written) {
        var schema = new LinkedHashMap<String, Object>();
        schema.put("type", "string");
        List<Object> words = new ArrayList<>(byWord.keySet());
        schema.put("enum", words);
        return schema;
    }

    @Override
    public @Nullable Object read(Object json, String at, Problems problems) {
        var found = json instanceof String ? byWord.get(json) : null;
        if (found == null) {
            problems.oneOf(at, byWord.keySet(), json);
        }
        return found;
    }

    @Override
    public Object write(Object value) {
        return Shape.name((Enum<?>) value);
    }
}
