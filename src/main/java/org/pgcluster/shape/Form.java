package org.pgcluster.shape;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How one Java type appears in JSON: what it is called in a schema, how it is read, how it is written. */
interface Form {
    /** The schema of what is written or, otherwise, of what is read. */
    Map<String, Object> schema(boolean written);

    /** Reads a JSON value; what does not fit is a problem, and then the result is {@code null}. */
    @Nullable
    Object read(Object json, String at, Problems problems);

    /** The JSON value that a text stands for: in {@link Default}, and in {@code key=value} on the command line. */
    default @Nullable Object parse(String text) {
        return text;
    }

    default @Nullable Object write(Object value) {
        return value;
    }

    /** Whether JSON's null is one of its values. */
    default boolean takesNull() {
        return false;
    }
}
