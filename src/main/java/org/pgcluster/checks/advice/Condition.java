package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a query asks of one table's rows, as an index could answer it.
 *
 * @param expression as CREATE INDEX takes it
 * @param column the column, where the expression is no more than that
 * @param value what it is compared with, in SQL; empty where that is another table's column
 * @param sql the whole condition without the alias, as the predicate of a partial index
 */
public record Condition(
        String alias,
        String expression,
        Optional<String> column,
        Kind kind,
        String operator,
        String value,
        String sql) {
    /** How an index could find such rows. */
    public enum Kind {
        EQUAL,
        JOINED,
        RANGE,
        PREFIX,
        IS_NULL,
        NOT_NULL,
        FLAG,
        /** Only GIN, GiST and their like could. */
        INSIDE
    }

    private static final Pattern OPERATOR = Pattern.compile("(?<= )(?:[-+*/<>=~!@#%^&|?]+)(?= )");
    private static final Pattern NULL = Pattern.compile(" IS (?:NOT )?NULL$");
    private static final Set<String> INSIDE = Set.of("@>", "<@", "&&", "@@", "?", "?|", "?&", "~~*", "~", "~*");

    /** Whether the value is known: written in the query, or asked for there by a function; no parameter. */
    public boolean constant() {
        return kind != Kind.JOINED && !value.contains("$") && !value.contains("InitPlan");
    }

    public Condition of(Kind other) {
        return new Condition(alias, expression, column, other, operator, value, sql);
    }

    /** All that this text says of tables; {@code OR} and what no index answers say nothing. */
    static List<Condition> all(String text, Set<String> aliases) {
        List<Condition> conditions = new ArrayList<>();
        String bare = Text.bare(text);
        if (Text.split(bare, " OR ").size() > 1) {
            return conditions;
        }
        List<String> parts = Text.split(bare, " AND ");
        if (parts.size() > 1) {
            parts.forEach(part -> conditions.addAll(all(part, aliases)));
            return conditions;
        }
        int operator = Text.find(bare, OPERATOR);
        if (operator < 0) {
            alone(bare, aliases).ifPresent(conditions::add);
            return conditions;
        }
        int end = bare.indexOf(' ', operator);
        String left = bare.substring(0, operator - 1);
        String right = bare.substring(end + 1);
        String sign = bare.substring(operator, end);
        compared(left, sign, right, bare, aliases).ifPresent(conditions::add);
        compared(right, turned(sign), left, bare, aliases).ifPresent(conditions::add);
        return conditions;
    }

    /** The alternatives of each OR in it, each by itself. */
    static List<List<Condition>> alternatives(String text, Set<String> aliases) {
        List<List<Condition>> all = new ArrayList<>();
        for (String part : Text.split(Text.bare(text), " AND ")) {
            List<String> branches = Text.split(Text.bare(part), " OR ");
            if (branches.size() > 1) {
                branches.forEach(branch -> all.add(all(branch, aliases)));
            }
        }
        return all;
    }

    private static String turned(String operator) {
        return operator.matches("[<>]=?")
                ? operator.replace('<', '\0').replace('>', '<').replace('\0', '>')
                : operator;
    }

    private static Optional<Condition> alone(String bare, Set<String> aliases) {
        int at = Text.find(bare, NULL);
        String expression = at >= 0 ? bare.substring(0, at) : bare.replaceFirst("^NOT ", "");
        Kind kind = at < 0 ? Kind.FLAG : bare.endsWith(" NOT NULL") ? Kind.NOT_NULL : Kind.IS_NULL;
        boolean flag = kind != Kind.FLAG || Text.isColumn(Text.bare(expression));
        return flag ? of(expression, kind, "", "", bare, aliases) : Optional.empty();
    }

    private static Optional<Condition> compared(
            String left, String operator, String right, String whole, Set<String> aliases) {
        boolean joined = !Text.columns(right, aliases).isEmpty();
        boolean any = right.startsWith("ANY ");
        if (right.startsWith("ALL ") || left.startsWith("ANY ") || (joined && !operator.equals("="))) {
            return Optional.empty();
        }
        Kind kind = INSIDE.contains(operator) || (operator.equals("~~") && !right.matches("'[^%_'].*"))
                ? Kind.INSIDE
                : operator.equals("~~")
                        ? Kind.PREFIX
                        : operator.matches("[<>]=?") ? Kind.RANGE : joined ? Kind.JOINED : Kind.EQUAL;
        boolean answered = kind != Kind.EQUAL || operator.equals("=");
        return answered && !(any && kind != Kind.EQUAL)
                ? of(left, kind, operator, joined ? "" : right, whole, aliases)
                : Optional.empty();
    }

    private static Optional<Condition> of(
            String text, Kind kind, String operator, String value, String whole, Set<String> aliases) {
        List<Text.Column> columns = Text.columns(text, aliases);
        if (columns.isEmpty() || text.contains("SubPlan") || text.contains("$")) {
            return Optional.empty();
        }
        String alias = columns.get(0).alias();
        if (columns.stream().anyMatch(column -> !column.alias().equals(alias))) {
            return Optional.empty();
        }
        String unwrapped = Text.unwrapped(text);
        String name = columns.get(0).name();
        boolean plain = Text.isColumn(unwrapped);
        String expression = plain ? name : "(" + Text.rewritten(Text.bare(text), alias, column -> column) + ")";
        return Optional.of(new Condition(
                alias,
                expression,
                plain ? Optional.of(name) : Optional.empty(),
                kind,
                operator,
                value,
                Text.rewritten(whole, alias, column -> column)));
    }
}
