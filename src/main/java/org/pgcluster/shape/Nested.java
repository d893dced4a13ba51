package org.pgcluster.shape;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A record within a record. */
record Nested<R extends Record>(Shape<R> shape) implements Form {
    @Override
    public Map<String, Object> schema(boolean written) {
        return shape.schema(written);
    }

    @Override
    public @Nullable Object read(Object json, String at, Problems problems) {
        if (json instanceof Map<?, ?> given) {
            return shape.read(given, at, problems);
        }
        problems.takes(at, "an object", json);
        return null;
    }

    @Override
    public @Nullable Object parse(String text) {
        return Leaf.jsonOrText(text);
    }

    @Override
    public Object write(Object value) {
        return shape.write(shape.type().cast(value));
    }
}
