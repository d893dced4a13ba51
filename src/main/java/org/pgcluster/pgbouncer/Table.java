package org.pgcluster.pgbouncer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a command answered. Columns are looked up by name: versions add and rename some. */
public record Table(List<String> columns, List<List<@Nullable String>> rows) {
    public Row row(int index) {
        return new Row(this, rows.get(index));
    }

    public List<Row> all() {
        return rows.stream().map(values -> new Row(this, values)).toList();
    }

    /** One line of it. */
    public record Row(Table table, List<@Nullable String> values) {
        public @Nullable String text(String column) {
            int index = table.columns().indexOf(column);
            return index < 0 || index >= values.size() ? null : values.get(index);
        }

        public String text(String column, String otherwise) {
            String text = text(column);
            return text == null ? otherwise : text;
        }

        /** 0 where this version has no such column: nothing was counted. */
        public long number(String column) {
            Long number = numberIfAny(column);
            return number == null ? 0 : number;
        }

        public @Nullable Long numberIfAny(String column) {
            String text = text(column);
            try {
                return text == null || text.isEmpty() ? null : (Long) Long.parseLong(text);
            } catch (NumberFormatException e) {
                return null; // a word where numbers are usual, as in a setting
            }
        }
    }
}
