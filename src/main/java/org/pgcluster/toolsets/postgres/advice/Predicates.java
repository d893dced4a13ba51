package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.advice.Condition;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;

/**
 * The conditions that pg_qualstats saw at work, with the constants that they were asked with. Constants are planned with
 * and never shown.
 *
 * @param installed whether the extension is in this database
 * @param trouble why what it has could not be read
 * @param hidden constants of others that this login may not see
 */
record Predicates(boolean installed, Optional<String> trouble, long hidden, List<Seen> seen) {
    private static final Pattern LITERAL = Pattern.compile("(?s)(E?'(?:[^'\\\\]|''|\\\\\\\\)*'|-?[\\w.+-]+)::.*");
    private static final Pattern PLAIN_ARRAY = Pattern.compile("\\{[^{}\"\\\\]*}");

    /** {@code value} as the server wrote it; those that were asked together follow each other, the usual ones first. */
    record Seen(
            String name,
            String attribute,
            String operator,
            @Nullable String id,
            @Nullable String value,
            double tested,
            double filtered) {}

    private record Home(String schema) {}

    private static final String HOME = """
            SELECT extnamespace::regnamespace::text AS schema
              FROM pg_extension WHERE extname = 'pg_qualstats'
            """;

    private static final String READING = """
            SELECT quote_ident(space.nspname) || '.' || quote_ident(root.relname) AS name,
                   quote_ident(attribute.attname) AS attribute, operator.oprname::text AS operator,
                   told.queryid::text AS id, told.constvalue::text AS value,
                   coalesce(sum(told.execution_count) FILTER (WHERE {alone}), 0)::float8 AS tested,
                   coalesce(sum(told.nbfiltered) FILTER (WHERE {alone}), 0)::float8 AS filtered
              FROM {schema}.pg_qualstats() AS told
              JOIN pg_class AS leaf ON leaf.oid = told.lrelid
              JOIN pg_class AS root ON root.oid = coalesce(pg_partition_root(leaf.oid)::oid, leaf.oid)
              JOIN pg_namespace AS space ON space.oid = root.relnamespace
              JOIN pg_attribute AS attribute ON attribute.attrelid = leaf.oid AND attribute.attnum = told.lattnum
              JOIN pg_operator AS operator ON operator.oid = told.opno
             WHERE told.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND told.rrelid IS NULL
               AND told.execution_count > 0 -- what was only explained was never asked
             GROUP BY 1, 2, 3, 4, 5, told.uniquequalid
             ORDER BY sum(told.occurences) DESC, told.uniquequalid, 1, 2, 3, 4, 5
            """;

    /** Read and not looked up; of a list each of its values counts as one more row. */
    private static final String ALONE = """
            told.eval_type = 'f' AND (told.constvalue LIKE '''{%') IS NOT TRUE
                OR told.eval_type = 'f' AND operator.oprright IN
                   (SELECT type.oid FROM pg_type AS type WHERE type.typcategory = 'A' OR type.typname = 'jsonb')
            """;

    static Predicates of(Sql sql) {
        Optional<Home> home = sql.ifAny(Home.class, HOME);
        if (home.isEmpty()) {
            return new Predicates(false, Optional.empty(), 0, List.of());
        }
        try {
            List<Seen> all = sql.list(
                    Seen.class,
                    READING.replace("{alone}", ALONE)
                            .replace("{schema}", home.get().schema()));
            List<Seen> readable = all.stream()
                    .filter(one -> !"<insufficient privilege>".equals(one.value()))
                    .toList();
            return new Predicates(true, Optional.empty(), (long) all.size() - readable.size(), readable);
        } catch (ToolException e) {
            if (e.code() == ErrorCode.PERMISSION_DENIED || e.text().contains("shared_preload_libraries")) {
                return new Predicates(true, Optional.of(e.text()), 0, List.of());
            }
            throw e;
        }
    }

    /** What this column was compared with, most often first, by that statement; by any where it is not known. */
    List<String> constants(String table, Condition condition, Optional<String> id) {
        List<String> own = values(table, condition, id);
        return own.isEmpty() ? values(table, condition, Optional.empty()) : own;
    }

    private List<String> values(String table, Condition condition, Optional<String> id) {
        return on(table, condition)
                .filter(one -> id.isEmpty() || id.get().equals(one.id()))
                .flatMap(one -> literal(one.value()).stream())
                .distinct()
                .toList();
    }

    /** The share of the rows read that the filters with this condition let through; empty where nothing was filtered by it. */
    Optional<Double> kept(String table, Condition condition) {
        List<Seen> all = on(table, condition).toList();
        double tested = all.stream().mapToDouble(Seen::tested).sum();
        double filtered = all.stream().mapToDouble(Seen::filtered).sum();
        return tested <= 0 ? Optional.empty() : Optional.of(Math.max(0, 1 - filtered / tested));
    }

    /** A pattern that nobody knows could begin with anything; those that were seen may all begin with a letter. */
    Planning.Taken sharpened(Planning.Taken taken) {
        if (seen.isEmpty()) {
            return taken;
        }
        Optional<String> id = taken.statement().id();
        return new Planning.Taken(
                taken.statement(),
                taken.types(),
                taken.accesses().stream()
                        .map(access -> access.with(access.conditions().stream()
                                .map(condition -> sharpened(access.table(), condition, id))
                                .toList()))
                        .toList(),
                taken.distributed());
    }

    private Condition sharpened(String table, Condition condition, Optional<String> id) {
        if (!condition.operator().equals("~~") || !condition.value().contains("$")) {
            return condition;
        }
        List<String> patterns = constants(table, condition, id);
        boolean prefixes = !patterns.isEmpty() && patterns.stream().allMatch(one -> one.matches("(?s)[^%_\\\\].*"));
        return prefixes ? condition.of(Condition.Kind.PREFIX) : condition;
    }

    private Stream<Seen> on(String table, Condition condition) {
        return seen.stream()
                .filter(one -> one.name().equals(table)
                        && condition.column().equals(Optional.of(one.attribute()))
                        && one.operator().equals(condition.operator()));
    }

    /** What stands before the type; what was cut at 80 bytes has no end and is no value. */
    private static Optional<String> literal(@Nullable String written) {
        Matcher literal = LITERAL.matcher(written == null ? "" : written);
        if (!literal.matches() || literal.group(1).equals("NULL")) {
            return Optional.empty();
        }
        String text = literal.group(1);
        if (!text.endsWith("'")) {
            return Optional.of(text);
        }
        boolean escaped = text.startsWith("E");
        String inside = text.substring(escaped ? 2 : 1, text.length() - 1).replace("''", "'");
        return Optional.of(escaped ? inside.replace("\\\\", "\\") : inside);
    }

    /** The parts of arrays that need no quotes; anything else as it is. */
    static List<String> apart(List<String> values) {
        List<String> parts = new ArrayList<>();
        for (String value : values) {
            if (PLAIN_ARRAY.matcher(value).matches()) {
                parts.addAll(List.of(value.substring(1, value.length() - 1).split(",", -1)));
            } else {
                parts.add(value);
            }
        }
        return parts.stream().filter(part -> !part.isEmpty()).distinct().toList();
    }
}
