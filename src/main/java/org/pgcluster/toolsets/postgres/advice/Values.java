package org.pgcluster.toolsets.postgres.advice;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgcluster.checks.advice.Access;
import org.pgcluster.checks.advice.Condition;
import org.pgcluster.postgres.Rewritten;

/**
 * Values for the parameters of a normalised statement: what it was really asked with where pg_qualstats saw that, else as
 * the statistics have them, for an equality a usual value, for ranges a tenth of the rows. They are planned with and never
 * shown.
 */
final class Values {
    private static final Pattern PARAMETER = Pattern.compile("\\$(\\d+)");
    /** A parameter by itself, cast at most. */
    private static final String ONE = "\\(*\\$\\d+\\)*(?:::[\\w\\[\\] \"]+)?\\)*";

    private static final Pattern PLAIN = Pattern.compile("(?:ANY )?" + ONE);
    private static final Pattern LISTED =
            Pattern.compile("ANY \\(+ARRAY\\[" + ONE + "(?:, " + ONE + ")*\\]\\)*(?:::[\\w\\[\\] \"]+)?\\)*");
    /** The column's bounds that leave a tenth of its rows. */
    private static final int TENTH = 0;

    private static final int LOWER = 1;
    private static final int UPPER = 2;
    private static final int NINE_TENTHS = 3;
    /** Where frequent values take less than this, a usual value is none of them. */
    private static final double MOST_ROWS = 0.5;

    private final Statistics statistics;
    private final Predicates predicates;
    private final Optional<String> id;
    private final Map<Integer, String> literals = new HashMap<>();
    private final Map<List<String>, Integer> takenOf = new HashMap<>();
    private final Set<Integer> real = new HashSet<>();

    private Values(Statistics statistics, Predicates predicates, Optional<String> id) {
        this.statistics = statistics;
        this.predicates = predicates;
        this.id = id;
    }

    /** A statement with literals in the place of its parameters, of which {@code real} are what it was really asked with. */
    record Filled(String text, int real, int usual) {}

    static Filled filled(Planning.Taken taken, Statistics statistics, Predicates predicates) {
        Workload.Statement statement = taken.statement();
        List<String> types = taken.types();
        Values values = new Values(statistics, predicates, statement.id());
        Map<Integer, String> counts = Rewritten.rowCounts(statement.text());
        values.literals.putAll(counts);
        for (Access access : taken.accesses()) {
            values.take(access, access.conditions());
            access.alternatives().forEach(branch -> values.take(access, branch));
        }
        Set<Integer> asked = new HashSet<>();
        String text = Rewritten.withLiterals(statement.text(), number -> {
            asked.add(number);
            String known = values.literals.get(number);
            return " " + (known != null ? known : ofType(number <= types.size() ? types.get(number - 1) : "text"));
        });
        asked.removeAll(counts.keySet());
        return new Filled(text, values.real.size(), asked.size() - values.real.size());
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
            boolean listed = LISTED.matcher(condition.value()).matches();
            if (listed || PLAIN.matcher(condition.value()).matches()) {
                Matcher parameter = PARAMETER.matcher(condition.value());
                while (parameter.find()) {
                    int number = Integer.parseInt(parameter.group(1));
                    if (!literals.containsKey(number)) {
                        literal(access, condition, listed, conditions, number)
                                .ifPresent(value -> literals.put(number, value));
                    }
                }
            }
        }
    }

    private Optional<String> literal(
            Access access, Condition condition, boolean listed, List<Condition> all, int number) {
        boolean array = condition.value().startsWith("ANY") && !listed;
        int time = takenOf.merge(List.of(access.table(), condition.expression(), condition.operator()), 1, Integer::sum)
                - 1;
        List<String> constants = predicates.constants(access.table(), condition, id);
        List<String> seen = listed ? Predicates.apart(constants) : constants;
        if (!seen.isEmpty()) {
            real.add(number);
            String value = seen.get(time % seen.size());
            return Optional.of(array && !value.startsWith("{") ? array(value) : quoted(value));
        }
        return condition
                .column()
                .flatMap(name -> statistics.column(access.table(), name))
                .flatMap(column -> usual(condition, column, array, time, all));
    }

    private static Optional<String> usual(
            Condition condition, Statistics.Column column, boolean array, int time, List<Condition> all) {
        return switch (condition.kind()) {
            case EQUAL -> usual(column, time).map(value -> array ? array(value) : quoted(value));
            case RANGE -> bound(condition, column, all).map(Values::quoted);
            case INSIDE, PREFIX -> condition.operator().startsWith("~~") ? Optional.of("'%a%'") : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** Another one each time, as far as there are several. */
    private static Optional<String> usual(Statistics.Column column, int time) {
        double covered =
                column.shares().stream().mapToDouble(Double::doubleValue).sum();
        List<String> bounds = column.bounds();
        List<String> frequent = column.frequent();
        if (covered < MOST_ROWS && !bounds.isEmpty()) {
            return Optional.of(bounds.get((LOWER + time) % bounds.size()));
        }
        return frequent.isEmpty()
                ? bounds.stream().findFirst()
                : Optional.of(frequent.get((frequent.size() / 2 + time) % frequent.size()));
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
            default -> "(SELECT NULL::" + type + ")"; // a constant NULL would end the plan
        };
    }
}
