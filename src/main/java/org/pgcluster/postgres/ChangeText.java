package org.pgcluster.postgres;

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

    public static String part(String name, String sql) {
        return Changing.part(name, sql);
    }

    public static String quoted(String name) {
        return Names.quoted(name);
    }
}
