package org.pgcluster.shape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A list whose elements have one form. */
record Many(Form element, boolean nullable) implements Form {
    @Override
    public Map<String, Object> schema(boolean written) {
        var schema = new LinkedHashMap<String, Object>();
        schema.put("type", "array");
        var items = element.schema(written);
        if (nullable) {
            Part.orNull(items);
        }
        if (!items.isEmpty()) {
            schema.put("items", items);
        }
        return schema;
    }

    @Override
    public @Nullable Object read(Object json, String at, Problems problems) {
        if (!(json instanceof List<?> given)) {
            problems.takes(at, "a list", json);
            return null;
        }
        var values = new ArrayList<@Nullable Object>(given.size());
        for (var index = 0; index < given.size(); index++) {
            var one = given.get(index);
            if (one == null && (nullable || element.takesNull())) {
                values.add(null);
            } else if (one == null) {
                problems.required(at + "[" + index + "]");
            } else {
                values.add(element.read(one, at + "[" + index + "]", problems));
            }
        }
        return Collections.unmodifiableList(values);
    }

    /** A JSON list, or the elements with commas between them. */
    @Override
    public @Nullable Object parse(String text) {
        if (text.startsWith("[")) {
            return Leaf.jsonOrText(text);
        }
        var values = new ArrayList<@Nullable Object>();
        if (!text.isEmpty()) {
            for (var one : Arrays.asList(text.split(",", -1))) {
                values.add(element.parse(one.strip()));
            }
        }
        return values;
    }

    @Override
    public Object write(Object value) {
        var given = (List<?>) value;
        if (element == Leaf.ANY || element == Leaf.TEXT) {
            return given;
        }
        var written = new ArrayList<@Nullable Object>(given.size());
        for (var one : given) {
            written.add(one == null ? null : element.write(one));
        }
        return written;
    }
}
