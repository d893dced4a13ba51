package org.pgcluster.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Rest;

/** One page of a list that is held whole: sorted by its key, which is what the cursor carries. */
public record Page<T>(List<T> rows, Rest rest) {
    /** Texts and whole numbers; the last one tells any two rows apart. */
    public interface Key<T> extends Function<T, List<Comparable<?>>> {}

    private static final Comparator<List<? extends @Nullable Object>> BY_KEY = (one, other) -> {
        for (int i = 0; i < one.size(); i++) {
            int order = compare(one.get(i), other.get(i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    };

    public static <T> Page<T> of(String list, List<T> all, Key<T> key, int limit, int offset, Optional<String> cursor) {
        List<T> sorted = new ArrayList<>(all);
        sorted.sort(Comparator.comparing(key, BY_KEY));
        List<@Nullable Object> after =
                cursor.map(text -> Cursor.read(list, text)).orElse(List.of());
        int from = offset;
        while (cursor.isPresent() && from < sorted.size() && BY_KEY.compare(key.apply(sorted.get(from)), after) <= 0) {
            from++;
        }
        from = Math.min(from, sorted.size());
        int to = (int) Math.min(sorted.size(), (long) from + limit);
        List<T> rows = List.copyOf(sorted.subList(from, to));
        String next =
                to < sorted.size() && !rows.isEmpty() ? Cursor.write(list, key.apply(rows.get(rows.size() - 1))) : null;
        return new Page<>(rows, new Rest(rows.size(), sorted.size(), next));
    }

    private static int compare(@Nullable Object one, @Nullable Object other) {
        if (one instanceof Number first && other instanceof Number second) {
            return Long.compare(first.longValue(), second.longValue());
        }
        return String.valueOf(one).compareTo(String.valueOf(other));
    }
}
