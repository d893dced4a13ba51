package org.pgcluster.postgres;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.safety.Changing;

/** What acts may put into a statement, for toolsets that write one from an input. */
public final class ChangeText {
    private ChangeText() {}

    /** A statement that passed; one that touches rows tells how many. */
    public record Change(String text, String firstWord, boolean touchesRows, boolean onlyReads) {}

    public static Change statement(String sql) {
        Changing.Statement statement = Changing.statement(sql);
        return new Change(statement.text(), statement.firstWord(), statement.rows(), Changing.onlyReads(statement));
    }

    /** How many values its {@code $1}, {@code $2} … take. */
    public static int parameters(String sql) {
        return Changing.bound(sql).highest();
    }

    /** A statement as the driver takes it, and its values in the order in which it asks for them. */
    record Bound(String text, List<@Nullable Object> values) {}

    static Bound bound(String sql, List<@Nullable Object> values) {
        Changing.Bound bound = Changing.bound(sql);
        List<@Nullable Object> ordered = new ArrayList<>();
        bound.order().forEach(number -> ordered.add(values.get(number - 1)));
        return new Bound(bound.jdbcText(), ordered);
    }

    /** For who runs it by hand, with each value where its parameter stands. */
    public static String withValues(String sql, List<@Nullable Object> values) {
        return values.isEmpty() ? sql : Changing.inlined(sql, number -> literal(values.get(number - 1)));
    }

    /** Without a type, as the driver sends it. */
    private static String literal(@Nullable Object value) {
        if (value == null) {
            return "NULL";
        }
        String quoted = "'" + value.toString().replace("'", "''") + "'";
        return quoted.contains("\\") ? " E" + quoted.replace("\\", "\\\\") : quoted;
    }

    public static String part(String name, String sql) {
        return Changing.part(name, sql);
    }

    public static String quoted(String name) {
        return Names.quoted(name);
    }
}
