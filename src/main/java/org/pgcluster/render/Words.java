package org.pgcluster.render;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** The text of an answer: its sentence, then what the structured content says, as lines and tables. */
public final class Words {
    static final String UNAVAILABLE = "unavailable";
    static final String PLAN = "plan";
    private static final String PICTURE = "mermaid";
    /** Lines that belong below each other, indented. */
    private static final Set<String> TREES = Set.of("tree", PICTURE);

    /** A text of this name is the answer of an earlier call, with lines and tables of its own. */
    private static final String OUTCOME = "outcome";

    private static final String REST = "rest";

    private final StringBuilder out = new StringBuilder(512);
    private final Sentence sentence;

    private Words(String sentence) {
        this.sentence = new Sentence(sentence);
        out.append(Plain.shown(sentence)).append('\n');
    }

    public static String text(String sentence, Map<String, ? extends @Nullable Object> structured) {
        return text(sentence, structured, Set.of());
    }

    /**
     * Leaves out the names to skip, and single values that are nothing or that the sentence already says; what is
     * unavailable is never left out.
     */
    public static String text(String sentence, Map<String, ? extends @Nullable Object> structured, Set<String> skip) {
        var words = new Words(sentence);
        var shown = new LinkedHashMap<String, @Nullable Object>(structured);
        shown.keySet().removeAll(skip);
        words.block(UNAVAILABLE, structured.get(UNAVAILABLE), Cells.CUT);
        shown.remove(UNAVAILABLE);
        words.lines(shown);
        words.blocks("", shown, Cells.CUT);
        return words.out.substring(0, words.out.length() - 1);
    }

    private void lines(Map<String, @Nullable Object> structured) {
        for (var entry : structured.entrySet()) {
            var value = entry.getValue();
            if (scalar(value) && !nothing(value) && !said(entry.getKey(), value)) {
                if (entry.getKey().equals(OUTCOME)) {
                    fact(OUTCOME, value);
                } else {
                    line(entry.getKey(), Cells.CUT.cell(value));
                }
            }
        }
    }

    /** No and none: the structured content has them. Zero is a figure like any other and may be the answer. */
    private static boolean nothing(@Nullable Object value) {
        return value == null || value.equals(false) || value.equals("");
    }

    private boolean said(String name, @Nullable Object value) {
        return value instanceof String text
                ? sentence.says(text)
                : value instanceof Number && sentence.says(name, Cells.CUT.cell(value));
    }

    private void line(String name, String value) {
        out.append(Plain.cell(name)).append(": ").append(value).append('\n');
    }

    private void blocks(String path, Map<?, ?> structured, Cells cells) {
        var result = structured.get("columns") instanceof List<?> columns
                && structured.get("rows") instanceof List<?> rows
                && table(columns, rows, cells);
        for (var entry : structured.entrySet()) {
            var name = (String) entry.getKey();
            if (!(result && (name.equals("columns") || name.equals("rows")))) {
                block(path + name, entry.getValue(), name.equals(PLAN) ? Cells.WHOLE : cells);
            }
        }
    }

    private boolean table(List<?> columns, List<?> rows, Cells cells) {
        for (var row : rows) {
            if (!(row instanceof List<?> cellsOfRow) || cellsOfRow.size() != columns.size()) {
                return false;
            }
        }
        if (columns.isEmpty()) {
            return true;
        }
        out.append('\n');
        new Tables(cells, out).rows(columns, rows);
        return true;
    }

    private void block(String path, @Nullable Object value, Cells cells) {
        if (value == null || Tables.empty(value)) {
            return;
        }
        if (value instanceof Map<?, ?> map) {
            if (path.equals(REST) || path.endsWith("." + REST)) {
                rest(path, map);
            } else {
                nested(path, map, cells);
            }
        } else if (value instanceof List<?> list) {
            if (cells.equals(Cells.WHOLE) && JsonText.write(list).contains("\\n")) {
                oneByOne(path, list);
            } else if (list.get(0) instanceof Map<?, ?>) {
                title(path);
                if (Findings.are(list)) {
                    new Findings(cells, out).all(list);
                } else {
                    new Tables(cells, out).records(list);
                }
            } else if (TREES.contains(path.substring(path.lastIndexOf(".") + 1))) {
                title(path);
                Plain.fenced(
                        path.equals(PICTURE) ? PICTURE : "",
                        String.join(
                                "\n",
                                list.stream()
                                        .map(String::valueOf)
                                        .map(Plain::shown)
                                        .toList()),
                        out);
            } else {
                line(path, cells.cell(list));
            }
        }
    }

    /** The steps of a plan whose statements have lines of their own, for a person to read before consenting. */
    private void oneByOne(String path, List<?> list) {
        for (var index = 0; index < list.size(); index++) {
            title(path + " " + (index + 1));
            if (list.get(index) instanceof Map<?, ?> map) {
                for (var entry : map.entrySet()) {
                    if (!Tables.empty(entry.getValue())) {
                        fact((String) entry.getKey(), entry.getValue());
                    }
                }
            } else {
                fact("value", list.get(index));
            }
        }
    }

    private void fact(String name, @Nullable Object value) {
        if (value instanceof String text && text.indexOf('\n') >= 0) {
            out.append(Plain.cell(name)).append(":\n");
            Plain.fenced(text, out);
        } else {
            line(name, Cells.WHOLE.cell(value));
        }
    }

    private void nested(String path, Map<?, ?> map, Cells cells) {
        var pairs = new LinkedHashMap<String, @Nullable Object>();
        for (var entry : map.entrySet()) {
            if (entry.getValue() != null && scalar(entry.getValue())) {
                pairs.put((String) entry.getKey(), entry.getValue());
            }
        }
        if (!pairs.isEmpty()) {
            title(path);
            new Tables(cells, out).pairs(pairs);
        }
        blocks(path + ".", map, cells);
    }

    private void rest(String path, Map<?, ?> rest) {
        var cursor = rest.get("cursor");
        if (cursor == null && String.valueOf(rest.get("shown")).equals(String.valueOf(rest.get("total")))) {
            return;
        }
        line(
                path,
                Cells.CUT.cell(rest.get("shown")) + " of " + Cells.CUT.cell(rest.get("total")) + " shown"
                        + (cursor == null ? "" : ", cursor " + Cells.WHOLE.cell(cursor)));
    }

    private void title(String path) {
        out.append('\n').append(Plain.cell(path)).append(":\n");
    }

    private static boolean scalar(@Nullable Object value) {
        return !(value instanceof Map<?, ?>) && !(value instanceof List<?>);
    }
}
