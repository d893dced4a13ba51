package org.pgcluster.postgres.safety;

import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** The lexical borders of what acts send: one statement that is no transaction control, or a part of one. */
public final class Changing {
    /** What would leave, end or move the transaction that an act's look and rollback depend on. */
    private static final Set<String> CONTROL = Set.of(
            "BEGIN",
            "START",
            "COMMIT",
            "END",
            "ROLLBACK",
            "ABORT",
            "SAVEPOINT",
            "RELEASE",
            "PREPARE",
            "EXECUTE",
            "DEALLOCATE",
            "SET",
            "RESET",
            "DISCARD",
            "LISTEN",
            "NOTIFY",
            "UNLISTEN",
            "LOAD",
            "COPY",
            "DECLARE",
            "FETCH",
            "MOVE",
            "CLOSE",
            "DO",
            "CALL");

    private static final Set<String> READING = Set.of("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN");
    private static final Set<String> ROWS = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");

    private Changing() {}

    /** {@code rows}: it tells how many rows it touches. */
    public record Statement(String text, String firstWord, boolean rows) {}

    public static Statement statement(String sql) {
        List<Token> tokens = Lexer.tokens(sql);
        int end = tokens.size();
        while (end > 0 && tokens.get(end - 1).is(";")) {
            end--;
        }
        if (end == 0) {
            throw ToolException.invalidInput("The SQL holds no statement.", "Pass one statement.");
        }
        if (tokens.subList(0, end).stream().anyMatch(token -> token.is(";"))) {
            throw ToolException.invalidInput(
                    "The SQL holds several statements.", "Each change is planned and approved by itself: pass one.");
        }
        String first = tokens.get(0).upper();
        if (CONTROL.contains(first)) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    first + " steers a session or hides what runs, so it is no change that a person could judge.",
                    "Pass the statement itself; the transaction around it is the server's.");
        }
        boolean withChange = first.equals("WITH") && tokens.stream().anyMatch(token -> ROWS.contains(token.upper()));
        return new Statement(sql.substring(0, tokens.get(end - 1).end()), first, ROWS.contains(first) || withChange);
    }

    /** As the driver takes it: a question mark for each {@code $n}, whose numbers {@code order} has. */
    public record Bound(String jdbcText, List<Integer> order, int highest) {}

    public static Bound bound(String sql) {
        Parameters parameters = Parameters.of(sql, Lexer.tokens(sql), 0);
        return new Bound(parameters.jdbcText(), parameters.order(), parameters.highest());
    }

    /** With a literal in the place of each {@code $n}. */
    public static String inlined(String sql, IntFunction<String> literal) {
        StringBuilder text = new StringBuilder();
        int copied = 0;
        for (Token token : Lexer.tokens(sql)) {
            if (token.kind() == Token.Kind.PARAMETER) {
                text.append(sql, copied, token.start())
                        .append(literal.apply(Integer.parseInt(token.text().substring(1))));
                copied = token.end();
            }
        }
        return text.append(sql.substring(copied)).toString();
    }

    public static boolean onlyReads(Statement statement) {
        return READING.contains(statement.firstWord()) && !statement.rows();
    }

    /** A part of a statement, such as an expression in parentheses: it cannot end its place in the whole. */
    public static String part(String name, String sql) {
        int depth = 0;
        List<Token> tokens = Lexer.tokens(sql);
        for (Token token : tokens) {
            depth += token.is("(") || token.is("[") ? 1 : token.is(")") || token.is("]") ? -1 : 0;
            if (depth < 0 || token.is(";")) {
                throw notAPart(name, sql);
            }
        }
        boolean commented = sql.contains("--") || sql.contains("/*");
        if (tokens.isEmpty() || depth != 0 || commented) {
            throw notAPart(name, sql);
        }
        return sql;
    }

    private static ToolException notAPart(String name, String sql) {
        return ToolException.invalidInput(
                "`" + name + "` takes one expression, not \"" + (sql.length() > 60 ? sql.substring(0, 60) + "…" : sql)
                        + "\".",
                "Balanced parentheses, no semicolon, no comment.");
    }
}
