package org.pgcluster.dispatch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.audit.Masks;

/** Takes secrets out of everything that leaves. */
final class Masking {
    private Masking() {}

    static Answer of(Answer answer, Masks masks) {
        Map<String, @Nullable Object> structured = new LinkedHashMap<>();
        answer.structured().forEach((key, value) -> structured.put(key, value(value, masks)));
        return new Answer(masks.in(answer.text()), notNull(structured), answer.isError());
    }

    private static @Nullable Object value(@Nullable Object value, Masks masks) {
        if (value instanceof String text) {
            return masks.in(text);
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list.size());
            for (Object one : list) {
                copy.add(value(one, masks));
            }
            return copy;
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((key, one) -> copy.put(masks.in(String.valueOf(key)), value(one, masks)));
            return copy;
        }
        return value;
    }

    /** The values of a top level may be null in JSON; this only tells the compiler that the map is fine. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> notNull(Map<String, ? extends @Nullable Object> map) {
        return (Map<String, Object>) map;
    }
}
