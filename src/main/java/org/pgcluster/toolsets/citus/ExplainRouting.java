package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.toolsets.citus.ExplainParts.Part;
import org.pgcluster.toolsets.citus.ExplainTables.ShardTable;

/** Why a part asks several shards: what its conditions say of the distribution column, read in the plan of a task. */
final class ExplainRouting {
    private static final List<String> CONDITIONS =
            List.of("Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "TID Cond");
    private static final Pattern CAST_OF_LITERAL = Pattern.compile(" = (?:'([^']*)'|(-?[\\d.]+))(?:::[\\w ]+)?\\)?$");

    /** What stands in the way, the most telling first. */
    private enum Way {
        EITHER_OR("an OR with a condition on another column", "citus.explain.or"),
        EXPRESSION("a cast or an expression around the column", "citus.explain.expression"),
        COMPUTED("a value that is computed only while it runs", "citus.explain.computed_value"),
        SUBQUERY("a value that a subquery gives", "citus.explain.value_of_subquery"),
        SEVERAL("a list of values", "citus.explain.several_values"),
        RANGE("a comparison other than equality", "citus.explain.range"),
        NONE("no condition at all", "citus.explain.no_key_filter");

        private final String words;
        private final String id;

        Way(String words, String id) {
            this.words = words;
            this.id = id;
        }
    }

    private record Scan(ShardTable table, String alias, String keyColumn) {
        String key() {
            return alias + "." + keyColumn;
        }
    }

    private record Seen(Way way, Scan scan, @Nullable String condition) {}

    private final Part part;
    private final List<Scan> scans;
    private final Set<String> conditions;
    private final UnaryOperator<String> shown;

    private ExplainRouting(Part part, List<Scan> scans, Set<String> conditions, UnaryOperator<String> shown) {
        this.part = part;
        this.scans = scans;
        this.conditions = conditions;
        this.shown = shown;
    }

    /** {@code shown} leaves out of a condition what may not leave. */
    static Optional<Finding> why(Part part, Map<Long, ShardTable> tables, UnaryOperator<String> shown) {
        if (part.tasks() < 2 || part.shown().isEmpty()) {
            return Optional.empty();
        }
        List<Scan> scans = new ArrayList<>();
        Set<String> conditions = new LinkedHashSet<>();
        List<PlanNode> plans = part.shown().stream()
                .filter(ExplainParts.Task::planned)
                .findFirst()
                .map(ExplainParts.Task::plans)
                .orElse(List.of());
        for (PlanNode plan : plans) {
            plan.all().forEach(node -> {
                ExplainParts.shardOf(node).map(tables::get).ifPresent(table -> {
                    String key = table.keyColumn();
                    if (key != null) {
                        scans.add(new Scan(table, node.alias(), key));
                    }
                });
                CONDITIONS.stream().map(node::text).forEach(text -> {
                    if (text != null) {
                        conditions.add(text);
                    }
                });
            });
        }
        return scans.isEmpty()
                ? Optional.empty()
                : Optional.of(new ExplainRouting(part, scans, conditions, shown).finding());
    }

    private Finding finding() {
        Seen seen = new Seen(Way.NONE, scans.get(0), null);
        for (Scan scan : scans) {
            for (String condition : conditions) {
                Seen one = seen(scan, condition);
                seen = one.way().compareTo(seen.way()) < 0 ? one : seen;
            }
        }
        String table = seen.scan().table().schema() + "." + seen.scan().table().name();
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        evidence.put("part", part.name());
        evidence.put("tasks", part.tasks());
        evidence.put("shards_of_table", seen.scan().table().shards());
        String condition = seen.condition();
        if (condition != null) {
            evidence.put("condition", shown.apply(condition));
        } else if (!conditions.isEmpty()) {
            evidence.put(
                    "other_conditions", conditions.stream().limit(5).map(shown).toList());
        }
        return new Finding(
                seen.way().id,
                Severity.NOTICE,
                Sure.CERTAIN,
                "citus",
                table,
                "Not routed: on the distribution column " + seen.scan().key() + " there is " + seen.way().words + ".",
                evidence,
                advice(seen),
                Optional.empty(),
                Optional.empty());
    }

    private static Seen seen(Scan scan, String condition) {
        Matcher mention = column(scan).matcher(condition);
        if (!mention.find()) {
            return new Seen(Way.NONE, scan, null);
        }
        if (condition.contains(" OR ")) {
            return new Seen(Way.EITHER_OR, scan, condition);
        }
        Seen worst = new Seen(Way.NONE, scan, null);
        for (String conjunct : condition.split(" AND ", -1)) {
            Way way = way(scan, conjunct);
            worst = way.compareTo(worst.way()) < 0 ? new Seen(way, scan, conjunct) : worst;
        }
        return worst;
    }

    private static Pattern column(Scan scan) {
        return Pattern.compile("(?<![\\w\".])\"?" + Pattern.quote(scan.alias()) + "\"?\\.\"?"
                + Pattern.quote(scan.keyColumn()) + "\"?(?![\\w\"])");
    }

    private static Way way(Scan scan, String conjunct) {
        Matcher mention = column(scan).matcher(conjunct);
        if (!mention.find()) {
            return Way.NONE;
        }
        String before = conjunct.substring(0, mention.start()).replace("(", "").strip();
        String after = conjunct.substring(mention.end()).strip();
        if (after.matches("=? ?\\)*$") && before.matches("[\\w\".]+ =")) {
            return before.startsWith("intermediate_result.") ? Way.SUBQUERY : Way.NONE;
        }
        if (!before.isEmpty() || after.startsWith(")")) {
            return Way.EXPRESSION;
        }
        return ofValue(after);
    }

    private static Way ofValue(String after) {
        if (after.startsWith("IS NOT NULL") || after.matches("= [a-zA-Z_\"][\\w\"]*\\.[\\w\"]+\\)*")) {
            return after.startsWith("= intermediate_result.") ? Way.SUBQUERY : Way.NONE;
        }
        if (after.startsWith("= ANY ('")) {
            return Way.SEVERAL;
        }
        // A plan names the value of a subquery $0 before PostgreSQL 17, and (InitPlan 1).col1 since.
        if (after.startsWith("= $") || after.startsWith("= (InitPlan") || after.contains("SubPlan")) {
            return Way.SUBQUERY;
        }
        if (after.startsWith("= ")) {
            return after.contains("(") ? Way.COMPUTED : Way.NONE;
        }
        return after.matches("[<>!~]+.*|IS NULL.*") ? Way.RANGE : Way.EXPRESSION;
    }

    private String advice(Seen seen) {
        String key = seen.scan().key();
        return switch (seen.way()) {
            case EITHER_OR ->
                "Say the key for both sides: WHERE " + key
                        + " = <value> AND (…); or UNION ALL of one SELECT for each side.";
            case EXPRESSION ->
                "Leave the column bare and convert the value instead: " + key + " = " + value(seen) + ".";
            case COMPUTED -> "Compute the value first and pass it: " + key + " = $1.";
            case SUBQUERY ->
                "Ask for the value in a statement of its own and pass it: " + key + " = $1; joined on the key of a"
                        + " co-located table instead, it asks all shards, but in one go.";
            case SEVERAL -> "Each value meets the shard that it hashes to; one value a statement is routed.";
            case RANGE ->
                "Hash-distributed tables are pruned by equality alone: " + key + " = <value>, or IN (…) for a few.";
            case NONE -> withoutKey(seen.scan());
        };
    }

    private String withoutKey(Scan scan) {
        String filter =
                "Add WHERE/AND " + scan.key() + " = <value>; where all values are meant, this is the right plan.";
        Optional<String> other = conditions.stream()
                .filter(condition -> !condition.contains("intermediate_result"))
                .filter(condition -> scans.stream()
                        .noneMatch(one -> column(one).matcher(condition).find()))
                .findFirst();
        boolean joined =
                scans.stream().map(one -> one.table().name()).distinct().count() > 1;
        return other.isEmpty()
                ? filter
                : filter + " A condition on another column (" + shown.apply(other.get())
                        + ") tells Citus nothing about the shard"
                        + (joined
                                ? ": look the " + scan.keyColumn() + " up first with it, then pass that."
                                : "; where it implies the key, say both.");
    }

    private String value(Seen seen) {
        Matcher literal =
                CAST_OF_LITERAL.matcher(String.valueOf(seen.condition()).replaceAll("\\)+$", ""));
        if (!literal.find()) {
            return "<value>::" + seen.scan().table().keyType();
        }
        String text = literal.group(1) == null ? literal.group(2) : literal.group(1);
        return shown.apply("'" + text + "'") + "::" + seen.scan().table().keyType();
    }
}
