package org.pgcluster.haproxy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** A line of {@code show stat}, by the names of its header: versions differ in columns and their order. */
record Stat(Map<String, String> fields) {
    static List<Stat> read(String csv, String where) {
        List<String> lines = csv.lines().filter(line -> !line.isBlank()).toList();
        if (lines.isEmpty() || !lines.get(0).startsWith("# pxname,")) {
            throw new ToolException(
                    ErrorCode.UPSTREAM_ERROR,
                    where + (lines.isEmpty() ? " answered nothing" : " answers, yet not as HAProxy's statistics do")
                            + ".",
                    "haproxy_urls takes the statistics page (stats uri) or the runtime socket.");
        }
        List<String> header = cells(lines.get(0).substring(2));
        List<Stat> stats = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            List<String> cells = cells(line);
            if (cells.size() < header.size()) {
                throw half(where);
            }
            Map<String, String> fields = new LinkedHashMap<>();
            for (int i = 0; i < Math.min(header.size(), cells.size()); i++) {
                fields.putIfAbsent(header.get(i), cells.get(i));
            }
            stats.add(new Stat(fields));
        }
        return stats;
    }

    /** As the socket sends it: an empty line is its end, and without one servers may be missing. */
    static List<Stat> whole(String csv, String where) {
        List<Stat> stats = read(csv, where);
        if (!csv.endsWith("\n\n")) {
            throw half(where);
        }
        return stats;
    }

    private static ToolException half(String where) {
        return new ToolException(
                ErrorCode.UPSTREAM_ERROR, where + " answered half a table; it broke off in its middle.", null);
    }

    /** Commas inside double quotes belong to the cell; a doubled quote is one. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        var cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char letter = line.charAt(i);
            if (letter == '"') {
                boolean doubled = quoted && i + 1 < line.length() && line.charAt(i + 1) == '"';
                if (doubled) {
                    cell.append('"');
                    i++;
                } else {
                    quoted = !quoted;
                }
            } else if (letter == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(letter);
            }
        }
        cells.add(cell.toString());
        return cells;
    }

    String text(String name) {
        return fields.getOrDefault(name, "");
    }

    @Nullable
    Long number(String name) {
        String text = text(name);
        try {
            return text.isEmpty() ? null : (Long) Long.parseLong(text);
        } catch (NumberFormatException e) {
            return null; // a column that became a word in some version
        }
    }
}
