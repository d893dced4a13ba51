package org.pgcluster.postgres;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes values of the server's own texts. What JSON can hold exactly becomes a Boolean, Long, Double or BigDecimal;
 * everything else stays the text that the server wrote, times in ISO 8601.
 */
final class Values {
    private static final int NARROW_BYTES = 2_000;

    private final List<FreeSql.Column> columns;
    private final FreeSql.Budget budget;
    private long bytes;
    private long rows;
    private int cut;

    Values(List<FreeSql.Column> columns, FreeSql.Budget budget) {
        this.columns = columns;
        this.budget = budget;
    }

    List<@Nullable Object> row(ResultSet row) throws SQLException {
        var values = new @Nullable Object[columns.size()];
        for (int i = 0; i < values.length; i++) {
            var text = row.getString(i + 1);
            values[i] = text == null ? null : shortened(value(columns.get(i).type(), text));
            bytes += text == null ? 4 : Math.min(text.length(), budget.cellCharacters()) + 3L;
        }
        rows++;
        return Collections.unmodifiableList(Arrays.asList(values));
    }

    boolean spent() {
        return bytes > budget.bytes();
    }

    /** Rows so small that larger batches are safe. */
    boolean narrow() {
        return bytes / Math.max(1, rows) < NARROW_BYTES && cut == 0;
    }

    int cut() {
        return cut;
    }

    private Object shortened(Object value) {
        if (!(value instanceof String text) || text.length() <= budget.cellCharacters()) {
            return value;
        }
        cut++;
        int end = budget.cellCharacters();
        return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + "…";
    }

    static Object value(String type, String text) {
        return switch (type) {
            case "bool" -> text.equals("t");
            case "int2", "int4", "int8", "oid" -> Long.valueOf(text);
            case "float4", "float8" -> finite(text) ? (Object) Double.valueOf(text) : text;
            case "numeric" -> finite(text) ? (Object) new BigDecimal(text) : text;
            case "timestamp", "timestamptz" -> isoTime(text);
            default -> text;
        };
    }

    private static boolean finite(String text) {
        return Character.isDigit(text.charAt(text.length() - 1));
    }

    /** {@code infinity} and years before Christ have no ISO form here and stay as the server writes them. */
    private static String isoTime(String text) {
        if (text.endsWith("BC") || text.endsWith("infinity")) {
            return text;
        }
        var iso = text.replace(' ', 'T');
        return iso.matches(".*[+-]\\d\\d") ? iso + ":00" : iso;
    }
}
