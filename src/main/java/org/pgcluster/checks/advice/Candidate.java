package org.pgcluster.checks.advice;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An index that could be built; keys, includes and predicate as CREATE INDEX takes them. */
public record Candidate(String table, String method, List<String> keys, List<String> include, Optional<String> where) {
    private static final Pattern KEY = Pattern.compile("(.*?)((?: \\w+_ops)?(?: DESC)?(?: NULLS (?:FIRST|LAST))?)");

    public Candidate {
        keys = List.copyOf(keys);
        include = List.copyOf(include);
    }

    /** One that the catalogue describes, in the words in which plans do. */
    public static Candidate described(
            String table, String method, List<String> keys, List<String> include, @Nullable String where) {
        return new Candidate(
                table,
                method,
                keys.stream().map(Candidate::key).toList(),
                include,
                Optional.ofNullable(where).map(Text::bare));
    }

    /** An expression stands in parentheses; an operator class and a direction may follow. */
    private static String key(String described) {
        Matcher parts = KEY.matcher(described);
        String expression = parts.matches() ? parts.group(1) : described;
        String after = parts.matches() ? parts.group(2) : "";
        return (expression.matches("[\\w$]+|\".*\"") ? expression : "(" + Text.bare(expression) + ")") + after;
    }

    public static Candidate btree(String table, List<String> keys) {
        return new Candidate(table, "btree", keys, List.of(), Optional.empty());
    }

    public Candidate including(List<String> more) {
        return new Candidate(table, method, keys, more, where);
    }

    Candidate where(String condition) {
        return new Candidate(table, method, keys, include, Optional.of(condition));
    }

    Candidate by(String other) {
        return new Candidate(table, other, keys, include, where);
    }

    Candidate ordered(List<String> other) {
        return new Candidate(table, method, other, include, where);
    }

    /** Whether whoever is served by the other is served by this, too, if with more to read. */
    public boolean serves(Candidate other) {
        boolean begins = keys.size() >= other.keys.size()
                && keys.subList(0, other.keys.size()).equals(other.keys);
        boolean carries = other.include.stream().allMatch(one -> keys.contains(one) || include.contains(one));
        boolean alike = method.equals(other.method) && (method.equals("btree") || keys.equals(other.keys));
        return table.equals(other.table)
                && alike
                && begins
                && carries
                && (where.isEmpty() || where.equals(other.where));
    }

    public String ddl() {
        return "CREATE INDEX CONCURRENTLY ON " + table + " USING " + method + " (" + String.join(", ", keys) + ")"
                + (include.isEmpty() ? "" : " INCLUDE (" + String.join(", ", include) + ")")
                + where.map(condition -> " WHERE (" + condition + ")").orElse("");
    }

    /** Without what every index has. */
    public String inShort() {
        return table + (method.equals("btree") ? "" : " " + method) + " (" + String.join(", ", keys) + ")"
                + (include.isEmpty() ? "" : " INCLUDE (" + String.join(", ", include) + ")")
                + where.map(condition -> " WHERE " + condition).orElse("");
    }
}
