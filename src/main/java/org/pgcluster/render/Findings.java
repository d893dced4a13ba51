package org.pgcluster.render;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.JsonText;

/** Findings one below the other, as one would tell them: how bad, what, the figures, what to do. */
record Findings(Cells cells, StringBuilder out) {
    static boolean are(List<?> list) {
        return list.stream()
                .allMatch(
                        one -> one instanceof Map<?, ?> map && map.containsKey("severity") && map.containsKey("title"));
    }

    void all(List<?> findings) {
        for (var finding : findings) {
            one((Map<?, ?>) finding);
        }
    }

    private void one(Map<?, ?> finding) {
        var sure = finding.get("sure");
        out.append("- **").append(cells.cell(finding.get("severity"))).append("** ");
        out.append(sure == null || sure.equals("certain") ? "" : "(" + cells.cell(sure) + ") ");
        out.append(cells.cell(finding.get("title"))).append('\n');
        if (finding.get("evidence") instanceof Map<?, ?> evidence) {
            evidence(evidence);
        }
        indented("", finding.get("advice"));
        if (finding.get("next") instanceof Map<?, ?> next) {
            call(next);
        }
        indented("By hand: ", finding.get("by_hand"));
        if (finding.get("effects") instanceof List<?> effects) {
            effects.forEach(effect -> indented("Follows from it: ", ((Map<?, ?>) effect).get("title")));
        }
    }

    private void evidence(Map<?, ?> evidence) {
        var between = "  ";
        for (var entry : evidence.entrySet()) {
            if (!Tables.empty(entry.getValue())) {
                out.append(between).append(Plain.cell(String.valueOf(entry.getKey())));
                out.append('=').append(cells.cell(entry.getValue()));
                between = "; ";
            }
        }
        out.append(between.equals("  ") ? "" : "\n");
    }

    private void call(Map<?, ?> next) {
        out.append("  Next: ").append(cells.cell(next.get("tool")));
        if (next.get("arguments") instanceof Map<?, ?> arguments && !arguments.isEmpty()) {
            out.append(' ').append(Plain.shown(JsonText.write(arguments)));
        }
        out.append('\n');
    }

    private void indented(String title, @Nullable Object text) {
        if (text != null && !text.equals("")) {
            out.append("  ").append(title).append(cells.cell(text)).append('\n');
        }
    }
}
