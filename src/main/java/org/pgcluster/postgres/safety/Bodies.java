package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgcluster.error.ToolException;

/** The one statement inside a LANGUAGE sql function, with its arguments as parameters. */
final class Bodies {
    private static final String UNDEFINED_COLUMN = "42703";
    private static final int MOST_ARGUMENTS = 20;

    private final Connection connection;
    private final Catalogue.Function function;
    private final TreeTaker taker;
    private final String role;

    Bodies(Connection connection, Catalogue.Function function, TreeTaker taker, String role) {
        this.connection = connection;
        this.function = function;
        this.taker = taker;
        this.role = role;
    }

    static boolean canBeRead(Catalogue.Function function) {
        return !function.builtIn()
                && function.body() != null
                && (function.extension() == null || Trusted.lists(function.extension()))
                && !function.securityDefiner()
                && !function.configured();
    }

    Tree tree() throws SQLException {
        String body = statement();
        List<Token> tokens = Lexer.tokens(body);
        List<Token> arguments = arguments(tokens);
        if (arguments.size() > MOST_ARGUMENTS) {
            throw ToolException.invalidInput("it names its arguments too often", null);
        }
        Tree tree = take(withParameters(body, arguments));
        for (Token argument : arguments) {
            refuseColumn(body, arguments, argument);
        }
        return tree;
    }

    private String statement() {
        String body = function.body() == null ? "" : function.body().strip();
        if (body.startsWith("RETURN ")) {
            body = "SELECT " + body.substring("RETURN ".length());
        } else if (body.startsWith("BEGIN ATOMIC")) {
            body = body.substring("BEGIN ATOMIC".length(), body.length() - "END".length());
        }
        if (function.argumentTypes().contains("any") || function.argumentTypes().contains("VARIADIC")) {
            throw ToolException.invalidInput("its arguments have no fixed type", null);
        }
        Admitted admitted = TextGate.admit(body);
        if (admitted.explain() || admitted.show()) {
            throw ToolException.invalidInput("its body is no query", null);
        }
        return admitted.sql();
    }

    /** Its literals are read when its text is analysed, as those of the statement are. */
    private Tree take(String text) throws SQLException {
        Literals.check(connection, text, types(), role, taker);
        return taker.take(text, types(), role);
    }

    private String types() {
        return function.argumentTypes().isEmpty() ? "" : "(" + function.argumentTypes() + ")";
    }

    private List<Token> arguments(List<Token> tokens) {
        List<Token> arguments = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean qualified = (i > 0 && tokens.get(i - 1).is("."))
                    || (i + 1 < tokens.size() && tokens.get(i + 1).is("."));
            boolean named = token.isName()
                    && !token.name().isEmpty()
                    && function.argumentNames().contains(token.name());
            if (named && !qualified) {
                arguments.add(token);
            }
        }
        return arguments;
    }

    /** A column of that name would come before the argument: left alone, the name must mean nothing. */
    private void refuseColumn(String body, List<Token> arguments, Token argument) throws SQLException {
        List<Token> others =
                arguments.stream().filter(other -> !other.equals(argument)).toList();
        try {
            take(withParameters(body, others));
        } catch (SQLException e) {
            if (UNDEFINED_COLUMN.equals(e.getSQLState())) {
                return;
            }
            throw e;
        }
        throw ToolException.invalidInput("its argument " + argument.text() + " is a column there, too", null);
    }

    private String withParameters(String body, List<Token> arguments) {
        StringBuilder text = new StringBuilder();
        int copied = 0;
        for (Token argument : arguments) {
            int number = function.argumentNames().indexOf(argument.name()) + 1;
            text.append(body, copied, argument.start()).append('$').append(number);
            copied = argument.end();
        }
        return text.append(body.substring(copied)).toString();
    }
}
