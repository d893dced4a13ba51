package org.pgcluster.checks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was read, field by field, in the order in which it is told. */
final class Evidence {
    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    static Evidence of(String field, @Nullable Object value) {
        return new Evidence().and(field, value);
    }

    Evidence and(String field, @Nullable Object value) {
        fields.put(field, value);
        return this;
    }

    Map<String, @Nullable Object> fields() {
        return fields;
    }
}
