package org.pgcluster.postgres.safety;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** The first layer: from the text alone, one statement that begins like a reading one. Needs no connection. */
public final class TextGate {
    static final int MOST_BYTES = 100_000;

    private static final Set<String> READING = Set.of("SELECT", "WITH", "VALUES", "TABLE", "(");
    private static final Set<String> CHANGING = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");
    private static final Set<String> CONSTANT_WORDS = Set.of("SELECT", "VALUES", "NULL", "TRUE", "FALSE");
    private static final Set<String> FALSE_WORDS = Set.of("false", "off", "0");

    /** Every word that a statement of PostgreSQL begins with; in this order for who asks for the nearest. */
    private static final List<String> COMMANDS = List.of(("SELECT WITH VALUES TABLE SHOW EXPLAIN ( INSERT UPDATE DELETE"
                    + " MERGE CREATE ALTER DROP TRUNCATE GRANT REVOKE COPY CALL DO SET RESET BEGIN START COMMIT END ROLLBACK"
                    + " ABORT SAVEPOINT RELEASE PREPARE EXECUTE DEALLOCATE DECLARE FETCH MOVE CLOSE LISTEN UNLISTEN NOTIFY"
                    + " LOCK VACUUM ANALYZE ANALYSE CLUSTER REINDEX REFRESH CHECKPOINT DISCARD LOAD COMMENT SECURITY"
                    + " REASSIGN IMPORT REPACK WAIT")
            .split(" "));

    private TextGate() {}

    public static Admitted admit(String sql) {
        checkCharacters(sql);
        List<Token> tokens = oneStatement(Lexer.tokens(sql));
        // A semicolon at the end is left out, so that the text can stand inside another statement.
        String text = sql.substring(0, tokens.get(tokens.size() - 1).end());
        String first = tokens.get(0).upper();
        if (READING.contains(first)) {
            return admitted(text, tokens, 0, new Explained(false, false, false, 0));
        }
        return switch (first) {
            case "SHOW" -> show(text, tokens);
            case "EXPLAIN" -> explain(text, tokens);
            default -> throw notReading(tokens.get(0));
        };
    }

    private static void checkCharacters(String sql) {
        if (sql.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
            throw ToolException.invalidInput(
                    "The SQL is longer than " + MOST_BYTES + " bytes.", "Shorten it, or pass values as `params`.");
        }
        if (sql.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(sql)) {
            throw ToolException.invalidInput("The SQL holds characters that UTF-8 does not have.", "Take them out.");
        }
    }

    private static List<Token> oneStatement(List<Token> tokens) {
        int end = tokens.size();
        while (end > 0 && tokens.get(end - 1).is(";")) {
            end--;
        }
        if (end == 0) {
            throw ToolException.invalidInput("The SQL holds no statement.", "Pass one statement, such as SELECT 1.");
        }
        List<Token> statement = tokens.subList(0, end);
        if (statement.stream().anyMatch(token -> token.is(";"))) {
            throw ToolException.invalidInput(
                    "The SQL holds several statements.", "Pass one statement a call, without a semicolon inside.");
        }
        return statement;
    }

    private static Admitted show(String text, List<Token> tokens) {
        boolean plain = tokens.size() > 1
                && tokens.stream().allMatch(token -> token.isName() || token.is("."))
                && tokens.stream().noneMatch(Token::hasUnicodeEscapes);
        if (!plain) {
            throw ToolException.invalidInput(
                    "SHOW takes the name of one setting.", "Such as SHOW work_mem, or SHOW ALL.");
        }
        return new Admitted(text, text, false, false, true, false, false, false, 0, text, text, List.of(), false);
    }

    private record Explained(boolean explain, boolean analyze, boolean genericPlan, int innerAt) {}

    private static Admitted explain(String text, List<Token> tokens) {
        Explained explained = explained(tokens);
        if (explained.innerAt() >= tokens.size()) {
            throw ToolException.invalidInput("EXPLAIN has no statement.", "Such as EXPLAIN SELECT 1.");
        }
        Token first = tokens.get(explained.innerAt());
        if (CHANGING.contains(first.upper()) && explained.analyze()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "EXPLAIN ANALYZE runs its " + first.upper() + ", and this tool only reads.",
                    "Leave ANALYZE out to see the plan, or use execute_change to make the change.");
        }
        if (!READING.contains(first.upper()) && !CHANGING.contains(first.upper())) {
            throw notReading(first);
        }
        return admitted(text, tokens, explained.innerAt(), explained);
    }

    private static Explained explained(List<Token> tokens) {
        boolean optionsInParentheses = tokens.size() > 2
                && tokens.get(1).is("(")
                && !READING.contains(tokens.get(2).upper());
        if (optionsInParentheses) {
            return withOptions(tokens);
        }
        int at = 1;
        boolean analyze = false;
        while (at < tokens.size()
                && (isAnalyze(tokens.get(at)) || tokens.get(at).isWord("VERBOSE"))) {
            analyze |= isAnalyze(tokens.get(at));
            at++;
        }
        return new Explained(true, analyze, false, at);
    }

    private static Explained withOptions(List<Token> tokens) {
        boolean analyze = false;
        boolean genericPlan = false;
        int at = 2;
        while (at < tokens.size() && !tokens.get(at).is(")")) {
            Token option = tokens.get(at++);
            if (!option.isName()) {
                throw ToolException.invalidInput(
                        "The options of EXPLAIN cannot be read at " + option.text() + ".",
                        "Such as EXPLAIN (ANALYZE, BUFFERS) SELECT 1.");
            }
            List<Token> value = new ArrayList<>();
            while (at < tokens.size()
                    && !tokens.get(at).is(",")
                    && !tokens.get(at).is(")")) {
                value.add(tokens.get(at++));
            }
            boolean on = value.stream().noneMatch(TextGate::meansFalse);
            // Whatever is not plainly another option counts as ANALYZE: an escaped name hides which one it is.
            analyze |= on && (isAnalyze(option) || option.hasUnicodeEscapes());
            genericPlan |= on && option.name().equals("generic_plan");
            if (at < tokens.size() && tokens.get(at).is(",")) {
                at++;
            }
        }
        return new Explained(true, analyze, genericPlan, at + 1);
    }

    private static boolean isAnalyze(Token token) {
        return token.isName() && (token.name().equals("analyze") || token.name().equals("analyse"));
    }

    private static boolean meansFalse(Token value) {
        String bare = value.kind() == Token.Kind.STRING ? value.text().replace("'", "") : value.text();
        return FALSE_WORDS.contains(bare.toLowerCase(Locale.ROOT));
    }

    private static Admitted admitted(String text, List<Token> tokens, int innerAt, Explained explained) {
        Parameters parameters = Parameters.of(text, tokens, innerAt);
        boolean bound = !parameters.order().isEmpty() && !explained.genericPlan();
        List<Token> inner = tokens.subList(innerAt, tokens.size());
        boolean constantsOnly = inner.stream().allMatch(TextGate::isConstant);
        return new Admitted(
                text,
                bound
                        ? parameters.renumbered()
                        : text.substring(tokens.get(innerAt).start()),
                explained.explain(),
                explained.analyze(),
                false,
                CHANGING.contains(tokens.get(innerAt).upper()),
                explained.genericPlan(),
                bound,
                parameters.highest(),
                bound ? parameters.jdbcText() : text,
                bound ? text.substring(0, tokens.get(innerAt).start()) + parameters.renumbered() : text,
                bound ? parameters.order() : List.of(),
                constantsOnly);
    }

    /** Literals without a type, and the words that put them into a row. */
    private static boolean isConstant(Token token) {
        return switch (token.kind()) {
            case NUMBER, STRING -> true;
            case WORD -> CONSTANT_WORDS.contains(token.upper());
            case MARK -> token.is("(") || token.is(")") || token.is(",");
            case QUOTED_NAME, PARAMETER, OPERATOR -> false;
        };
    }

    private static ToolException notReading(Token first) {
        if (!COMMANDS.contains(first.upper())) {
            return ToolException.invalidInput(
                    "No SQL statement begins with " + first.text() + ".",
                    Spelling.nearest(first.upper(), COMMANDS)
                            .map(near -> "Did you mean " + near + "?")
                            .orElse("Begin with SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN."));
        }
        return new ToolException(
                ErrorCode.NOT_ALLOWED,
                first.upper()
                        + " is no reading statement: this tool takes SELECT, WITH, VALUES, TABLE, SHOW and EXPLAIN.",
                "Use execute_change for a change, which a person approves.");
    }
}
