package org.pgcluster.checks.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A node in one line: what it is, on what condition, rows as estimated and as they came, what it takes itself. */
public final class PlanLine {
    private static final int LONGEST_CONDITION = 160;
    private static final Map<String, String> CONDITIONS = conditions();

    private PlanLine() {}

    private static Map<String, String> conditions() {
        Map<String, String> named = new java.util.LinkedHashMap<>();
        named.put("Index Cond", "");
        named.put("Hash Cond", "");
        named.put("Merge Cond", "");
        named.put("TID Cond", "");
        named.put("One-Time Filter", "only if ");
        named.put("Join Filter", "filter ");
        named.put("Filter", "filter ");
        named.put("Sort Key", "by ");
        named.put("Group Key", "by ");
        named.put("Cache Key", "by ");
        return java.util.Collections.unmodifiableMap(named);
    }

    public static String name(PlanNode node) {
        StringBuilder name = new StringBuilder();
        if (node.text("Subplan Name") != null) {
            name.append(node.text("Subplan Name")).append(": ");
        }
        name.append(node.is("Parallel Aware", "true") ? "Parallel " : "").append(kind(node));
        String index = node.text("Index Name");
        name.append(index == null ? "" : " using " + index);
        if (node.text("Relation Name") != null) {
            String table = node.is("Schema", "public") ? node.text("Relation Name") : node.table();
            name.append(" on ").append(table);
            name.append(node.is("Relation Name", node.alias()) ? "" : " " + node.alias());
        }
        for (String other : List.of("CTE Name", "Function Name")) {
            name.append(node.text(other) == null ? "" : " on " + node.text(other));
        }
        return name.toString();
    }

    private static String kind(PlanNode node) {
        String type = node.type();
        String join = node.text("Join Type");
        if (join != null && !join.equals("Inner")) {
            return type.endsWith("Join") ? type.replace("Join", join + " Join") : type + " " + join + " Join";
        }
        if (type.equals("Aggregate")) {
            String partial = node.is("Partial Mode", "Simple") ? "" : node.text("Partial Mode") + " ";
            return partial
                    + Map.of("Hashed", "HashAggregate", "Sorted", "GroupAggregate", "Mixed", "MixedAggregate")
                            .getOrDefault(String.valueOf(node.text("Strategy")), "Aggregate");
        }
        if (type.equals("ModifyTable")) {
            return String.valueOf(node.text("Operation"));
        }
        String provider = node.text("Custom Plan Provider");
        return provider == null ? type : type + " (" + provider + ")";
    }

    public static String line(PlanNode node, PlanShares shares, UnaryOperator<String> shown) {
        StringBuilder line = new StringBuilder("  ".repeat(node.depth())).append(name(node));
        CONDITIONS.forEach((field, before) -> {
            String condition = listed(node.figures().get(field));
            line.append(condition == null ? "" : " " + before + cut(shown.apply(condition)));
        });
        boolean plannedElsewhere = node.number("Plan Rows") == 0
                && String.valueOf(node.figures().get("Custom Plan Provider")).startsWith("Citus");
        line.append(" | rows ").append(plannedElsewhere ? "unknown" : number(node.number("Plan Rows")));
        if (node.neverExecuted()) {
            return line.append(" | never executed").toString();
        }
        if (node.measured()) {
            line.append(" → ").append(number(node.number("Actual Rows")));
            line.append(node.loops() == 1 ? "" : " × " + number(node.loops()));
        }
        line.append(" | ").append(percent(shares.share(node)));
        facts(node, shares).forEach(fact -> line.append(" | ").append(fact));
        return line.toString();
    }

    private static List<String> facts(PlanNode node, PlanShares shares) {
        List<String> facts = new ArrayList<>();
        double removed = node.removed("Filter") + node.removed("Join Filter") + node.removed("Index Recheck");
        add(facts, removed, number(removed) + " removed");
        add(facts, node.number("Subplans Removed"), number(node.number("Subplans Removed")) + " partitions pruned");
        add(facts, node.number("Heap Fetches"), number(node.number("Heap Fetches")) + " heap fetches");
        if (node.type().equals("Memoize") && node.measured()) {
            facts.add(number(node.number("Cache Hits")) + " hits, " + number(node.number("Cache Misses")) + " misses");
        }
        double read = shares.ownBlocks(node, "Shared Read Blocks");
        double blocks = read + shares.ownBlocks(node, "Shared Hit Blocks");
        add(facts, blocks, number(blocks) + " blocks" + (read > 0 ? " (" + number(read) + " read)" : ""));
        return facts;
    }

    private static void add(List<String> facts, double figure, String words) {
        if (figure > 0) {
            facts.add(words);
        }
    }

    private static @Nullable String listed(@Nullable Object value) {
        return value instanceof List<?> list
                ? String.join(", ", list.stream().map(String::valueOf).toList())
                : value == null ? null : String.valueOf(value);
    }

    private static String cut(String condition) {
        return condition.length() > LONGEST_CONDITION ? condition.substring(0, LONGEST_CONDITION) + "…" : condition;
    }

    public static String percent(double share) {
        return Math.round(100 * share) + "%";
    }

    public static String number(double number) {
        return number == Math.rint(number)
                ? String.format(Locale.ROOT, "%.0f", number)
                : String.format(Locale.ROOT, "%.2f", number);
    }
}
