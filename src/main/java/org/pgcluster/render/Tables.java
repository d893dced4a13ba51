package org.pgcluster.render;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Markdown tables, as narrow as they can be. */
record Tables(Cells cells, StringBuilder out) {
    /** Rows that are objects: the columns in the order they come, those that are empty throughout left out. */
    void records(List<?> rows) {
        Set<String> columns = new LinkedHashSet<>();
        for (var row : rows) {
            if (row instanceof Map<?, ?> map) {
                for (var entry : map.entrySet()) {
                    if (!empty(entry.getValue())) {
                        columns.add((String) entry.getKey());
                    }
                }
            }
        }
        head(columns);
        for (var row : rows) {
            if (row instanceof Map<?, ?> map) {
                for (var column : columns) {
                    var value = map.get(column);
                    next(empty(value) ? "" : cells.cell(value));
                }
                out.append("|\n");
            }
        }
    }

    /** Rows as SQL gives them, each cell in its place and NULL written out. */
    void rows(List<?> columns, List<?> rows) {
        var names = new ArrayList<String>();
        for (var column : columns) {
            names.add(column instanceof Map<?, ?> map ? String.valueOf(map.get("name")) : String.valueOf(column));
        }
        head(names);
        for (var row : rows) {
            for (var value : (List<?>) row) {
                next(cells.cell(value));
            }
            out.append("|\n");
        }
    }

    void pairs(Map<String, @Nullable Object> pairs) {
        head(List.of("key", "value"));
        for (var pair : pairs.entrySet()) {
            next(Plain.cell(pair.getKey()));
            next(cells.cell(pair.getValue()));
            out.append("|\n");
        }
    }

    static boolean empty(@Nullable Object value) {
        return value == null
                || (value instanceof List<?> list && list.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty());
    }

    private void head(Collection<String> columns) {
        for (var column : columns) {
            next(cells.cell(column));
        }
        out.append("|\n|").append("-|".repeat(columns.size())).append('\n');
    }

    private void next(String cell) {
        out.append('|').append(cell);
    }
}
