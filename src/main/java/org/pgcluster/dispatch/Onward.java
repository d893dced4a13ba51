package org.pgcluster.dispatch;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Cursor;

/** The mark of its cluster on a cursor, where one server has several: the tools know nothing of the others. */
record Onward(Map<String, @Nullable Object> arguments, Optional<String> mark) {
    private static final String KEY = "cursor";

    /** What the tool wrote, and the mark beside it. */
    static Onward of(Map<String, @Nullable Object> arguments) {
        if (!(arguments.get(KEY) instanceof String cursor)) {
            return new Onward(arguments, Optional.empty());
        }
        int dot = cursor.lastIndexOf('.');
        Map<String, @Nullable Object> plain = new LinkedHashMap<>(arguments);
        plain.put(KEY, dot < 0 ? cursor : cursor.substring(0, dot));
        return new Onward(plain, Optional.of(cursor.substring(dot + 1)));
    }

    void judge(String cluster) {
        if (mark.isPresent() && !mark.get().equals(markOf(cluster))) {
            throw Cursor.refused();
        }
    }

    /** A list may have a list of its own, as a job has its tasks. */
    static void mark(Map<String, @Nullable Object> structured, String cluster) {
        structured.replaceAll((name, value) ->
                name.endsWith("rest") && value instanceof Map<?, ?> rest ? marked(rest, cluster) : value);
    }

    private static Map<String, @Nullable Object> marked(Map<?, ?> rest, String cluster) {
        Map<String, @Nullable Object> marked = new LinkedHashMap<>();
        rest.forEach((key, value) -> marked.put(
                String.valueOf(key),
                KEY.equals(key) && value instanceof String cursor ? cursor + "." + markOf(cluster) : value));
        return marked;
    }

    private static String markOf(String cluster) {
        var sum = new CRC32();
        sum.update(cluster.getBytes(StandardCharsets.UTF_8));
        return Long.toString(sum.getValue(), 36);
    }
}
