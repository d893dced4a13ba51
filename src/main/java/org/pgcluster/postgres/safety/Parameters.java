package org.pgcluster.postgres.safety;

import java.util.ArrayList;
import java.util.List;
import org.pgcluster.error.ToolException;

/** The two ways in which a text with $1, $2 … travels: as the driver takes it, and as the driver will send it. */
record Parameters(List<Integer> order, int highest, String jdbcText, String renumbered) {
    private static final int MOST = 1000;

    static Parameters of(String text, List<Token> tokens, int innerAt) {
        StringBuilder jdbc = new StringBuilder();
        StringBuilder renumbered = new StringBuilder();
        List<Integer> order = new ArrayList<>();
        int copied = 0;
        int innerStart = tokens.get(innerAt).start();
        int innerCopied = innerStart;
        for (Token token : tokens) {
            if (token.kind() == Token.Kind.PARAMETER) {
                order.add(number(token));
                jdbc.append(text, copied, token.start()).append('?');
                copied = token.end();
                if (token.start() >= innerStart) {
                    renumbered
                            .append(text, innerCopied, token.start())
                            .append('$')
                            .append(order.size());
                    innerCopied = token.end();
                }
            } else if (token.kind() == Token.Kind.OPERATOR && token.text().contains("?")) {
                jdbc.append(text, copied, token.start()).append(token.text().replace("?", "??"));
                copied = token.end();
            }
        }
        jdbc.append(text.substring(copied));
        renumbered.append(text.substring(innerCopied));
        int highest = order.stream().mapToInt(Integer::intValue).max().orElse(0);
        return new Parameters(List.copyOf(order), highest, jdbc.toString(), renumbered.toString());
    }

    private static int number(Token token) {
        int number = Integer.parseInt(token.text().substring(1));
        if (number < 1 || number > MOST) {
            throw ToolException.invalidInput(
                    "There is no parameter " + token.text() + ".", "Parameters are $1 to $" + MOST + ".");
        }
        return number;
    }
}
