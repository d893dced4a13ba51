package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One node of a plan as EXPLAIN's JSON tells it. Figures of EXPLAIN are averages of one loop. */
record PlanNode(Map<?, ?> figures, List<PlanNode> children, int depth, double processes, boolean belowLimit) {
    static PlanNode root(Map<?, ?> figures) {
        return of(figures, 0, 1, false);
    }

    private static PlanNode of(Map<?, ?> figures, int depth, double processes, boolean belowLimit) {
        String type = String.valueOf(figures.get("Node Type"));
        double below = type.startsWith("Gather") ? processes + number(figures, "Workers Launched") : processes;
        List<PlanNode> children = new ArrayList<>();
        if (figures.get("Plans") instanceof List<?> plans) {
            for (Object plan : plans) {
                if (plan instanceof Map<?, ?> child) {
                    children.add(of(child, depth + 1, below, belowLimit || type.equals("Limit")));
                }
            }
        }
        return new PlanNode(figures, List.copyOf(children), depth, processes, belowLimit);
    }

    Stream<PlanNode> all() {
        return Stream.concat(Stream.of(this), children.stream().flatMap(PlanNode::all));
    }

    double number(String name) {
        return number(figures, name);
    }

    static double number(Map<?, ?> figures, String name) {
        return figures.get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    @Nullable
    String text(String name) {
        Object value = figures.get(name);
        return value == null ? null : String.valueOf(value);
    }

    boolean measured() {
        return figures.containsKey("Actual Loops");
    }

    boolean neverExecuted() {
        return measured() && loops() == 0;
    }

    double loops() {
        return number("Actual Loops");
    }

    double allRows() {
        return number("Actual Rows") * loops();
    }

    /** Milliseconds of the clock: loops of parallel workers pass at the same time. */
    double milliseconds() {
        return number("Actual Total Time") * loops() / processes;
    }

    /** Without what the nodes below took: milliseconds where they were measured, cost otherwise. */
    double self() {
        double below = children.stream().mapToDouble(PlanNode::whole).sum();
        return Math.max(0, whole() - below);
    }

    double whole() {
        return measured() ? milliseconds() : number("Total Cost");
    }

    String name() {
        StringBuilder name = new StringBuilder(String.valueOf(text("Node Type")));
        String index = text("Index Name");
        String relation = text("Relation Name");
        name.append(index == null ? "" : " using " + index);
        if (relation != null) {
            String schema = text("Schema");
            boolean plain = schema == null || schema.equals("public");
            name.append(" on ").append(plain ? "" : schema + ".").append(relation);
        }
        return name.toString();
    }

    private @Nullable String condition() {
        for (String kind : List.of("Index Cond", "Hash Cond", "Merge Cond", "Recheck Cond", "Join Filter", "Filter")) {
            String condition = text(kind);
            if (condition != null) {
                return kind.equals("Filter") || kind.equals("Join Filter") ? "filter " + condition : condition;
            }
        }
        return null;
    }

    String line(double total) {
        StringBuilder line = new StringBuilder("  ".repeat(depth)).append(name());
        String condition = condition();
        if (condition != null) {
            line.append(' ').append(condition.length() > 160 ? condition.substring(0, 160) + "…" : condition);
        }
        line.append(" | rows ").append(whole(number("Plan Rows")));
        if (neverExecuted()) {
            return line.append(" | never executed").toString();
        }
        if (measured()) {
            line.append(" → ").append(whole(number("Actual Rows")));
            line.append(loops() == 1 ? "" : " × " + whole(loops()));
        }
        line.append(" | ").append(percent(self(), total));
        double hit = number("Shared Hit Blocks");
        double read = number("Shared Read Blocks");
        if (hit + read > 0) {
            line.append(" | blocks ").append(whole(hit)).append(" hit");
            line.append(read > 0 ? ", " + whole(read) + " read" : "");
        }
        return line.toString();
    }

    static String percent(double part, double total) {
        return total <= 0 ? "0%" : Math.round(100 * part / total) + "%";
    }

    static String whole(double number) {
        return number == Math.rint(number)
                ? String.format(Locale.ROOT, "%.0f", number)
                : String.format(Locale.ROOT, "%.2f", number);
    }
}
