package org.pgcluster.toolsets.postgres.advice;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgcluster.checks.advice.Access;
import org.pgcluster.checks.advice.Condition;
import org.pgcluster.postgres.Rewritten;

/**
 * Values for the parameters of a normalised statement, as the statistics have them: for an equality a usual value, for
 * ranges a tenth of the rows. They are planned with and never shown.
 */
final class Values {
    private static final Pattern PARAMETER = Pattern.compile("\\$(\\d+)");
    /** The column's bounds that leave a tenth of its rows. */
    private static final int TENTH = 0;

    private static final int LOWER = 1;
    private static final int UPPER = 2;
    private static final int NINE_TENTHS = 3;
    /** Where frequent values take less than this, a usual value is none of them. */
    private static final double MOST_ROWS = 0.5;

    private final Statistics statistics;
    private final Map<Integer, String> literals = new HashMap<>();

    private Values(Statistics statistics) {
        this.statistics = statistics;
    }

    /** The statement with literals in the place of its parameters. */
    static String filled(String sql, List<String> types, List<Access> accesses, Statistics statistics) {
        Values values = new Values(statistics);
        Rewritten.rowCounts(sql).forEach((number, count) -> values.literals.put(number, count));
        for (Access access : accesses) {
            values.take(access, access.conditions());
            access.alternatives().forEach(branch -> values.take(access, branch));
        }
        return Rewritten.withLiterals(sql, number -> {
            String known = values.literals.get(number);
            return " " + (known != null ? known : ofType(number <= types.size() ? types.get(number - 1) : "text"));
        });
    }

    /** Any value that its type takes. */
    static String sampled(String sql, List<String> types) {
        Map<Integer, String> counts = Rewritten.rowCounts(sql);
        return Rewritten.withLiterals(
                sql,
                number -> " "
                        + counts.getOrDefault(number, ofType(number <= types.size() ? types.get(number - 1) : "text")));
    }

    private void take(Access access, List<Condition> conditions) {
        for (Condition condition : conditions) {
            Matcher parameter = PARAMETER.matcher(condition.value());
            if (!parameter.find() || !plain(condition.value())) {
                continue;
            }
            Optional<Statistics.Column> column =
                    condition.column().flatMap(name -> statistics.column(access.table(), name));
            column.flatMap(told -> literal(condition, told, conditions))
                    .ifPresent(value -> literals.putIfAbsent(Integer.parseInt(parameter.group(1)), value));
        }
    }

    /** The parameter itself, cast at most. */
    private static boolean plain(String value) {
        return value.matches("(?:ANY )?\\(*\\$\\d+\\)*(?:::[\\w\\[\\] \"]+)?\\)*");
    }

    private static Optional<String> literal(Condition condition, Statistics.Column column, List<Condition> all) {
        return switch (condition.kind()) {
            case EQUAL ->
                usual(column).map(value -> condition.value().startsWith("ANY") ? array(value) : quoted(value));
            case RANGE -> bound(condition, column, all).map(Values::quoted);
            case INSIDE, PREFIX -> condition.operator().startsWith("~~") ? Optional.of("'%a%'") : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<String> usual(Statistics.Column column) {
        double covered =
                column.shares().stream().mapToDouble(Double::doubleValue).sum();
        boolean rare = covered < MOST_ROWS && !column.bounds().isEmpty();
        if (rare) {
            return Optional.of(column.bounds().get(LOWER));
        }
        return column.frequent().isEmpty()
                ? column.bounds().stream().findFirst()
                : Optional.of(column.frequent().get(column.frequent().size() / 2));
    }

    private static Optional<String> bound(Condition condition, Statistics.Column column, List<Condition> all) {
        boolean from = condition.operator().startsWith(">");
        boolean both = all.stream()
                .anyMatch(other -> other.kind() == Condition.Kind.RANGE
                        && other.expression().equals(condition.expression())
                        && other.operator().startsWith(">") != from);
        int at = both ? (from ? LOWER : UPPER) : from ? NINE_TENTHS : TENTH;
        List<String> bounds = column.bounds();
        return bounds.size() > at
                ? Optional.of(bounds.get(at))
                : column.frequent().isEmpty()
                        ? Optional.empty()
                        : Optional.of(column.frequent().get(0));
    }

    private static String array(String value) {
        return "'{\"" + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("'", "''") + "\"}'";
    }

    /** In quotes and without a type, so that the server reads it as it would read the parameter. */
    private static String quoted(String value) {
        String quoted = "'" + value.replace("'", "''") + "'";
        return quoted.contains("\\") ? "E" + quoted.replace("\\", "\\\\") : quoted;
    }

    private static String ofType(String type) {
        if (type.endsWith("[]")) {
            return "'{}'::" + type;
        }
        return switch (type) {
            case "smallint", "integer", "bigint", "numeric", "real", "double precision" -> "'1'";
            case "boolean" -> "'true'";
            case "date", "timestamp without time zone", "timestamp with time zone" -> "'2000-01-01'";
            case "interval" -> "'1 day'";
            case "text", "character varying", "character" -> "'a'";
            case "uuid" -> "'00000000-0000-0000-0000-000000000001'";
            default -> "NULL";
        };
    }
}
