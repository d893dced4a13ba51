package org.pgcluster.render;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One JSON value as the text of one cell. The limit is in characters; a plan has none. */
record Cells(int limit) {
    static final Cells CUT = new Cells(400);
    static final Cells WHOLE = new Cells(Integer.MAX_VALUE);

    /** NULL, the empty text and the text "NULL" are three values and look like three. */
    String cell(@Nullable Object value) {
        if (value == null) {
            return "NULL";
        }
        if (value instanceof String text) {
            return Plain.cell(cut(apart(text)));
        }
        if (value instanceof Double small && Math.abs(small) < 1e-3 && Math.abs(small) > 1e-9) {
            return BigDecimal.valueOf(small).toPlainString(); // where Java itself would write an exponent
        }
        if (value instanceof Number || value instanceof Boolean) {
            return value instanceof BigDecimal exact && Math.abs((long) exact.scale()) < 100
                    ? exact.toPlainString()
                    : value.toString();
        }
        var out = new StringBuilder();
        inline(value, out);
        return Plain.cell(cut(out.toString()));
    }

    private static String apart(String text) {
        var quoted = text.isEmpty() || text.equals("NULL") || (text.startsWith("'") && text.endsWith("'"));
        return quoted ? "'" + text + "'" : text;
    }

    private String cut(String text) {
        if (text.length() <= limit) {
            return text;
        }
        var length = text.codePointCount(0, text.length());
        return length <= limit
                ? text
                : text.substring(0, text.offsetByCodePoints(0, limit)) + "…(" + (length - limit) + " more)";
    }

    private static void inline(@Nullable Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            var between = "";
            for (var entry : map.entrySet()) {
                if (entry.getValue() != null) {
                    out.append(between).append(entry.getKey()).append(": ");
                    inline(entry.getValue(), out);
                    between = ", ";
                }
            }
        } else if (value instanceof List<?> list) {
            for (var index = 0; index < list.size(); index++) {
                var nested = list.get(index) instanceof Map<?, ?> || list.get(index) instanceof List<?>;
                out.append(index == 0 ? "" : nested ? "; " : ", ");
                inline(list.get(index), out);
            }
        } else {
            out.append(value == null ? "NULL" : value instanceof String text ? apart(text) : value.toString());
        }
    }
}
