package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.plan.PlanNode;

/**
 * How a query uses one table.
 *
 * @param conditions all of which hold
 * @param alternatives the branches of its ORs
 * @param orders what it sorts by, each as CREATE INDEX takes it
 * @param groups what it groups by, in any order
 * @param nearest what it looks for the nearest of
 * @param needed every column that it reads
 */
public record Access(
        String table,
        String alias,
        List<Condition> conditions,
        List<List<Condition>> alternatives,
        List<List<String>> orders,
        List<List<String>> groups,
        List<String> nearest,
        Set<String> needed) {
    private static final List<String> CONDITIONS = List.of(
            "Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "TID Cond", "Order By");
    /** What is below these may hand up more columns than anybody reads. */
    private static final Pattern NARROWS = Pattern.compile(".*Join|Nested Loop|Aggregate|Group|WindowAgg|SetOp|Unique");

    private static final Pattern PART = Pattern.compile("_\\d+$");

    private static final Pattern EXTREME = Pattern.compile("\\b(?:min|max)\\(([^()]+)\\)");
    private static final Pattern NEAREST = Pattern.compile("(<->|<=>|<#>|<\\+>|<~>)");
    private static final Pattern DIRECTION =
            Pattern.compile("^(.*?)(?: COLLATE [^ ]+)?( DESC)?( NULLS (?:FIRST|LAST))?$", Pattern.DOTALL);

    /** What a plan shows of every table in it, under the alias that it has there. */
    public static List<Access> in(PlanNode root) {
        Map<String, String> tables = new LinkedHashMap<>();
        root.all()
                .filter(node -> node.text("Relation Name") != null && node.text("Schema") != null)
                .forEach(node -> tables.putIfAbsent(node.alias(), table(node)));
        List<Access> accesses = new ArrayList<>();
        for (String alias : tables.keySet()) {
            accesses.add(new Access(
                    Objects.requireNonNull(tables.get(alias)),
                    alias,
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new LinkedHashSet<>()));
        }
        Set<String> named = new LinkedHashSet<>(tables.keySet());
        tables.keySet().forEach(alias -> named.add(PART.matcher(alias).replaceFirst("")));
        root.all().forEach(node -> accesses.forEach(access -> access.take(node, tables.keySet(), named)));
        take(root, false, accesses, named, tables.keySet());
        return accesses;
    }

    /** Partitions are scanned under numbered aliases; what is above them names the whole. */
    private boolean isNamed(String other, Set<String> scanned) {
        return other.equals(alias)
                || (!scanned.contains(other) && other.equals(PART.matcher(alias).replaceFirst("")));
    }

    /** The same of the table that the named one is a part of. */
    public Access of(String whole) {
        return new Access(whole, alias, conditions, alternatives, orders, groups, nearest, needed);
    }

    public Access with(List<Condition> sharper) {
        return new Access(table, alias, sharper, alternatives, orders, groups, nearest, needed);
    }

    private static String table(PlanNode node) {
        return quoted(String.valueOf(node.text("Schema"))) + "." + quoted(String.valueOf(node.text("Relation Name")));
    }

    static String quoted(String name) {
        return name.matches("[a-z_][a-z0-9_$]*") ? name : '"' + name.replace("\"", "\"\"") + '"';
    }

    private void take(PlanNode node, Set<String> aliases, Set<String> named) {
        for (String field : CONDITIONS) {
            String text = node.text(field);
            if (text != null) {
                Condition.all(text, aliases).stream()
                        .filter(condition -> condition.alias().equals(alias) && !conditions.contains(condition))
                        .forEach(conditions::add);
                Condition.alternatives(text, aliases).stream()
                        .map(branch -> branch.stream()
                                .filter(condition -> condition.alias().equals(alias))
                                .toList())
                        .filter(branch -> !branch.isEmpty())
                        .forEach(alternatives::add);
            }
        }
        if (node.type().endsWith("Sort")) {
            add(orders, keys(node.figures().get("Sort Key"), aliases, named, true));
        }
        if (node.figures().get("Group Key") instanceof List<?> keys) {
            add(groups, keys(keys, aliases, named, false));
        } else if (node.type().equals("Aggregate")) {
            Matcher extreme =
                    EXTREME.matcher(String.valueOf(outputs(node.figures().get("Output"), aliases)));
            while (extreme.find()) {
                add(orders, keys(List.of(extreme.group(1)), aliases, named, true));
            }
        }
    }

    private static List<String> outputs(@Nullable Object value, Set<String> scanned) {
        List<String> outputs = new ArrayList<>();
        for (Object one : value instanceof List<?> list ? list : List.of()) {
            String text = String.valueOf(one);
            boolean alone = scanned.size() == 1 && Text.columns(text, scanned).isEmpty();
            outputs.add(alone ? Text.qualified(text, scanned.iterator().next()) : text);
        }
        return outputs;
    }

    private static void add(List<List<String>> to, List<String> keys) {
        if (!keys.isEmpty() && !to.contains(keys)) {
            to.add(keys);
        }
    }

    /** As many from the left as are this table's own. */
    private List<String> keys(@Nullable Object given, Set<String> scanned, Set<String> named, boolean directed) {
        List<String> keys = new ArrayList<>();
        for (Object one : given instanceof List<?> list ? list : List.of()) {
            Matcher key = DIRECTION.matcher(String.valueOf(one));
            String text = key.matches() ? key.group(1) : String.valueOf(one);
            List<Text.Column> columns = Text.columns(text, named);
            boolean own = !columns.isEmpty()
                    && columns.stream().allMatch(column -> isNamed(column.alias(), scanned))
                    && !text.matches(".*\\b(?:sum|count|avg|min|max)\\(.*");
            if (own && NEAREST.matcher(text).find()) {
                nearest.add(Text.rewritten(Text.bare(text), columns.get(0).alias(), column -> column));
            }
            if (!own || NEAREST.matcher(text).find()) {
                break;
            }
            String unwrapped = Text.unwrapped(text);
            boolean plain = Text.isColumn(unwrapped);
            String expression = plain
                    ? columns.get(0).name()
                    : "(" + Text.rewritten(Text.bare(text), columns.get(0).alias(), column -> column) + ")";
            keys.add(expression + (directed ? said(key.group(2)) + said(key.group(3)) : ""));
        }
        return directed ? oneWay(keys) : keys;
    }

    private static String said(@Nullable String group) {
        return group == null ? "" : group;
    }

    /** An index is read in both directions, so one that is all DESC needs no word of it. */
    private static List<String> oneWay(List<String> keys) {
        boolean descending = !keys.isEmpty() && keys.stream().allMatch(key -> key.endsWith(" DESC"));
        return descending
                ? keys.stream().map(key -> key.substring(0, key.length() - 5)).toList()
                : keys;
    }

    private static void take(
            PlanNode node, boolean narrowed, List<Access> accesses, Set<String> named, Set<String> scanned) {
        boolean below = narrowed || NARROWS.matcher(node.type()).matches();
        boolean scan = node.text("Relation Name") != null;
        boolean more = narrowed && (scan || node.type().equals("Hash"));
        node.figures().forEach((field, value) -> {
            if (!field.equals("Plans") && !(more && field.equals("Output"))) {
                Object said = field.equals("Output") ? outputs(value, scanned) : value;
                for (Object text : said instanceof List<?> list ? list : List.of(String.valueOf(said))) {
                    for (Text.Column column : Text.columns(String.valueOf(text), named)) {
                        accesses.stream()
                                .filter(access -> access.isNamed(column.alias(), scanned))
                                .forEach(access -> access.needed().add(column.name()));
                    }
                }
            }
        });
        node.children().forEach(child -> take(child, below, accesses, named, scanned));
    }
}
