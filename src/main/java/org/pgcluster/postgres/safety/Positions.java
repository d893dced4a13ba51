package org.pgcluster.postgres.safety;

import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Makes the server's position in the text that we sent a position in the text that a person wrote. */
final class Positions {
    private Positions() {}

    /** {@code sent} is the end of what a person wrote, token by token; {@code prefix} is what we put before it. */
    static SQLException inUsersText(SQLException error, String sent, int prefix, String written) {
        ServerErrorMessage message = error instanceof PSQLException driver ? driver.getServerErrorMessage() : null;
        if (message == null || message.getPosition() <= prefix) {
            return error;
        }
        int position = position(sent, message.getPosition() - prefix - 1, written) + 1;
        PSQLException moved = new PSQLException(at(message, position));
        moved.initCause(error);
        return moved;
    }

    /** The same where words of {@code sent} took the place of others: it begins as {@code written} does. */
    static SQLException inTextBefore(SQLException error, String sent, int prefix, String written) {
        return Lexer.tokens(sent).size() == Lexer.tokens(written).size()
                ? inUsersText(error, sent, prefix, written)
                : error;
    }

    /** Parameters may be numbered anew, so the token is looked for; servers count characters, Java counts halves. */
    private static int position(String inner, int characters, String whole) {
        int within = Math.min(characters, inner.codePointCount(0, inner.length()));
        int at = inner.offsetByCodePoints(0, within);
        List<Token> innerTokens = Lexer.tokens(inner);
        List<Token> wholeTokens = Lexer.tokens(whole);
        int before = wholeTokens.size() - innerTokens.size();
        int place = whole.length();
        for (int i = innerTokens.size() - 1; i >= 0; i--) {
            Token token = innerTokens.get(i);
            if (token.start() <= at) {
                int inToken = at >= token.end() ? token.text().length() : at - token.start();
                Token same = wholeTokens.get(before + i);
                place = same.start() + Math.min(inToken, same.text().length());
                break;
            }
        }
        return whole.codePointCount(0, place);
    }

    private static ServerErrorMessage at(ServerErrorMessage message, int position) {
        StringBuilder fields = new StringBuilder();
        field(fields, 'S', message.getSeverity());
        field(fields, 'C', message.getSQLState());
        field(fields, 'M', message.getMessage());
        field(fields, 'D', message.getDetail());
        field(fields, 'H', message.getHint());
        field(fields, 'P', String.valueOf(position));
        field(fields, 's', message.getSchema());
        field(fields, 't', message.getTable());
        field(fields, 'c', message.getColumn());
        field(fields, 'd', message.getDatatype());
        field(fields, 'n', message.getConstraint());
        return new ServerErrorMessage(fields.toString());
    }

    private static void field(StringBuilder fields, char letter, @Nullable String value) {
        if (value != null) {
            fields.append(letter).append(value).append('\0');
        }
    }
}
