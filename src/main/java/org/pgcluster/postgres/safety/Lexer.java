package org.pgcluster.postgres.safety;

import java.util.ArrayList;
import java.util.List;
import org.pgcluster.error.ToolException;

/**
 * PostgreSQL's lexical rules with standard_conforming_strings on. Where servers of different versions, or the driver,
 * could see another boundary than this one does, the text is refused instead of guessed at.
 */
final class Lexer {
    private static final String OPERATOR_CHARS = "~!@#^&|`?+-*/%<>=";
    private static final String MARKS = "()[],.;:";

    private final String sql;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String sql) {
        this.sql = sql;
    }

    static List<Token> tokens(String sql) {
        Lexer lexer = new Lexer(sql);
        while (lexer.next()) {}
        return List.copyOf(lexer.tokens);
    }

    private boolean next() {
        if (at >= sql.length()) {
            return false;
        }
        char c = sql.charAt(at);
        if (isSpace(c)) {
            at++;
        } else if (lineCommentBegins(at)) {
            at = endOfLine(at);
        } else if (sql.startsWith("/*", at)) {
            at = endOfBlockComment(at);
        } else if (c == '\'') {
            add(Token.Kind.STRING, endOfString(at, false));
        } else if (c == '"') {
            add(Token.Kind.QUOTED_NAME, endOfQuotedName(at));
        } else if (c == '$') {
            dollar();
        } else if (isNameStart(c)) {
            word(c);
        } else if (isDigit(c) || (c == '.' && isDigit(peek(at + 1)))) {
            number();
        } else if (MARKS.indexOf(c) >= 0) {
            mark();
        } else if (OPERATOR_CHARS.indexOf(c) >= 0) {
            add(Token.Kind.OPERATOR, endOfOperator(at));
        } else {
            throw refused("the character " + shown(c) + " has no meaning in SQL", "Take it out.");
        }
        return true;
    }

    private void add(Token.Kind kind, int end) {
        tokens.add(new Token(kind, at, end, sql.substring(at, end)));
        at = end;
    }

    private void mark() {
        boolean two = sql.startsWith("::", at) || sql.startsWith(":=", at) || sql.startsWith("..", at);
        add(Token.Kind.MARK, at + (two ? 2 : 1));
    }

    private void word(char c) {
        char after = peek(at + 1);
        if ((c == 'e' || c == 'E') && after == '\'') {
            add(Token.Kind.STRING, endOfString(at + 1, true));
        } else if ("bBxXnN".indexOf(c) >= 0 && after == '\'') {
            add(Token.Kind.STRING, endOfString(at + 1, false));
        } else if ((c == 'u' || c == 'U') && after == '&' && peek(at + 2) == '\'') {
            add(Token.Kind.STRING, endOfString(at + 2, false));
        } else if ((c == 'u' || c == 'U') && after == '&' && peek(at + 2) == '"') {
            add(Token.Kind.QUOTED_NAME, endOfQuotedName(at + 2));
        } else {
            int end = at + 1;
            while (end < sql.length() && isNamePart(sql.charAt(end))) {
                end++;
            }
            add(Token.Kind.WORD, end);
        }
    }

    private void number() {
        int end = at;
        boolean based = peek(at) == '0' && "xXoObB".indexOf(peek(at + 1)) >= 0 && isHex(peek(at + 2));
        if (based) {
            end += 2;
            while (isHex(peek(end)) || peek(end) == '_') {
                end++;
            }
        } else {
            end = endOfDigits(end);
            if (peek(end) == '.' && peek(end + 1) != '.') {
                end = endOfDigits(end + 1);
            }
            end = endOfExponent(end);
        }
        // PostgreSQL 14 begins a new word after the digits, later versions refuse it.
        if (isNamePart(peek(end))) {
            throw refused("a number runs into the text after it: " + excerpt(at), "Put a space between them.");
        }
        add(Token.Kind.NUMBER, end);
    }

    private int endOfDigits(int from) {
        int end = from;
        while (isDigit(peek(end)) || (peek(end) == '_' && isDigit(peek(end + 1)))) {
            end++;
        }
        return end;
    }

    private int endOfExponent(int from) {
        if (peek(from) != 'e' && peek(from) != 'E') {
            return from;
        }
        int digits = from + (peek(from + 1) == '+' || peek(from + 1) == '-' ? 2 : 1);
        return isDigit(peek(digits)) ? endOfDigits(digits) : from;
    }

    private void dollar() {
        if (isDigit(peek(at + 1))) {
            int end = at + 1;
            while (isDigit(peek(end))) {
                end++;
            }
            if (isNamePart(peek(end)) || end - at > 6) {
                throw refused("a parameter runs into the text after it: " + excerpt(at), "Put a space between them.");
            }
            add(Token.Kind.PARAMETER, end);
            return;
        }
        int tagEnd = at + 1;
        if (isNameStart(peek(tagEnd))) {
            while (isNamePart(peek(tagEnd)) && peek(tagEnd) != '$') {
                tagEnd++;
            }
        }
        if (peek(tagEnd) != '$') {
            throw refused("a lone $ stands at " + excerpt(at), "Parameters are $1, $2 …; strings are '…' or $$…$$.");
        }
        String tag = sql.substring(at, tagEnd + 1);
        int close = sql.indexOf(tag, tagEnd + 1);
        if (close < 0) {
            throw refused("the string that begins with " + tag + " has no end", "Close it with " + tag + ".");
        }
        add(Token.Kind.STRING, close + tag.length());
    }

    /** Runs over continuation lines too: 'a' newline 'b' is one string, and keeps the escapes of its beginning. */
    private int endOfString(int quote, boolean escapes) {
        int i = quote + 1;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            if (c == '\\' && escapes) {
                i += 2;
            } else if (c != '\'') {
                i++;
            } else if (peek(i + 1) == '\'') {
                i += 2;
            } else {
                int continued = continuation(i + 1);
                if (continued < 0) {
                    return i + 1;
                }
                i = continued + 1;
            }
        }
        throw refused("a string has no end: " + excerpt(quote), "Close it with ' and write '' for a quote inside.");
    }

    private int continuation(int from) {
        int i = from;
        boolean newline = false;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            if (isSpace(c)) {
                newline |= c == '\n' || c == '\r';
                i++;
            } else if (lineCommentBegins(i)) {
                i = endOfLine(i);
            } else {
                return newline && c == '\'' ? i : -1;
            }
        }
        return -1;
    }

    private int endOfQuotedName(int quote) {
        int i = quote + 1;
        while (i < sql.length()) {
            if (sql.charAt(i) != '"') {
                i++;
            } else if (peek(i + 1) == '"') {
                i += 2;
            } else {
                return i + 1;
            }
        }
        throw refused("a quoted name has no end: " + excerpt(quote), "Close it with \".");
    }

    private int endOfOperator(int from) {
        int end = from;
        while (OPERATOR_CHARS.indexOf(peek(end)) >= 0 && !lineCommentBegins(end) && !sql.startsWith("/*", end)) {
            end++;
        }
        return end;
    }

    private boolean lineCommentBegins(int i) {
        return sql.startsWith("--", i);
    }

    private int endOfLine(int from) {
        int end = from;
        while (end < sql.length() && sql.charAt(end) != '\n' && sql.charAt(end) != '\r') {
            end++;
        }
        return end;
    }

    private int endOfBlockComment(int from) {
        int depth = 0;
        int i = from;
        do {
            if (sql.startsWith("/*", i)) {
                depth++;
                i += 2;
            } else if (sql.startsWith("*/", i)) {
                depth--;
                i += 2;
            } else {
                i++;
            }
        } while (depth > 0 && i < sql.length());
        if (depth > 0) {
            throw refused("a comment has no end: " + excerpt(from), "Close it with */; comments nest.");
        }
        return i;
    }

    private char peek(int i) {
        return i < sql.length() ? sql.charAt(i) : '\0';
    }

    private String excerpt(int from) {
        return sql.substring(from, Math.min(sql.length(), from + 40));
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isHex(char c) {
        return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }

    private static boolean isNameStart(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    }

    private static boolean isNamePart(char c) {
        return isNameStart(c) || isDigit(c) || c == '$';
    }

    private static String shown(char c) {
        return c < ' ' || c == 0x7f ? String.format("\\u%04x", (int) c) : "`" + c + "`";
    }

    private static ToolException refused(String what, String hint) {
        return ToolException.invalidInput("The SQL cannot be read: " + what + ".", hint);
    }
}
