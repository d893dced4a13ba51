package org.pgcluster.postgres.safety;

import java.util.ArrayList;
import java.util.List;
import org.pgcluster.error.ToolException;

/** The statement inside a LANGUAGE sql function, with its arguments as parameters. */
final class Bodies {
    private Bodies() {}

    static String argumentTypes(Catalogue.Function function) {
        return function.argumentTypes().isEmpty() ? "" : "(" + function.argumentTypes() + ")";
    }

    static List<String> statements(Catalogue.Function function) {
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
        return List.of(withParameters(admitted.sql(), function.argumentNames()));
    }

    private static String withParameters(String sql, List<String> names) {
        StringBuilder text = new StringBuilder();
        List<Token> tokens = new ArrayList<>(Lexer.tokens(sql));
        int copied = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean qualified = (i > 0 && tokens.get(i - 1).is("."))
                    || (i + 1 < tokens.size() && tokens.get(i + 1).is("."));
            int argument = token.isName() && !qualified ? names.indexOf(token.name()) : -1;
            if (argument >= 0 && !token.name().isEmpty()) {
                text.append(sql, copied, token.start()).append('$').append(argument + 1);
                copied = token.end();
            }
        }
        return text.append(sql.substring(copied)).toString();
    }
}
