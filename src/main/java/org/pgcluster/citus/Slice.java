package org.pgcluster.citus;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Rest;

/** One page of a list that the server pages by a key: it was asked for one row more than is shown. */
public record Slice<T>(List<T> rows, Rest rest) {
    /** The key after which the page begins; nulls where it is the first. */
    public static List<@Nullable Object> after(String list, Optional<String> cursor, int parts) {
        return cursor.map(text -> Cursor.read(list, text)).orElseGet(() -> nulls(parts));
    }

    private static List<@Nullable Object> nulls(int parts) {
        return java.util.Collections.nCopies(parts, null);
    }

    /** {@code total} is what each row carries of the whole list. */
    public static <T> Slice<T> of(
            String list, List<T> found, int limit, Function<T, List<?>> key, ToLongFunction<T> total) {
        List<T> shown = List.copyOf(found.subList(0, Math.min(limit, found.size())));
        if (shown.isEmpty()) {
            return new Slice<>(shown, new Rest(0, 0, null));
        }
        T last = shown.get(shown.size() - 1);
        String cursor = shown.size() == found.size() ? null : Cursor.write(list, key.apply(last));
        return new Slice<>(shown, new Rest(shown.size(), total.applyAsLong(last), cursor));
    }
}
