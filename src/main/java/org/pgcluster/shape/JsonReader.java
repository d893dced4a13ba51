package org.pgcluster.shape;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;

/** Reads one JSON text strictly: no comments, no names twice, nothing after the end. Used once, by one thread. */
final class JsonReader {
    private static final int DEEPEST = 200;
    private static final int LONGEST_NUMBER = 10_000;

    private final String text;
    private int at;
    private int depth;

    JsonReader(String text) {
        this.text = text;
    }

    @Nullable
    Object document() {
        var value = value();
        skip();
        if (at < text.length()) {
            throw wrong("something follows the value");
        }
        return value;
    }

    private @Nullable Object value() {
        skip();
        return switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> quoted();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, @Nullable Object> object() {
        deeper();
        var map = new LinkedHashMap<String, @Nullable Object>();
        if (empty('}')) {
            return map;
        }
        do {
            skip();
            if (peek() != '"') {
                throw wrong("a name in double quotes belongs here");
            }
            var name = quoted();
            skip();
            expect(':');
            if (map.containsKey(name)) {
                throw wrong("the name " + Problems.quoted(name) + " stands twice");
            }
            map.put(name, value());
        } while (more('}'));
        return map;
    }

    private List<@Nullable Object> array() {
        deeper();
        var list = new ArrayList<@Nullable Object>();
        if (empty(']')) {
            return list;
        }
        do {
            list.add(value());
        } while (more(']'));
        return list;
    }

    private void deeper() {
        at++;
        if (++depth > DEEPEST) {
            throw wrong("it is nested more than " + DEEPEST + " deep");
        }
    }

    private boolean empty(char end) {
        skip();
        if (peek() != end) {
            return false;
        }
        at++;
        depth--;
        return true;
    }

    private boolean more(char end) {
        skip();
        if (peek() == ',') {
            at++;
            return true;
        }
        expect(end);
        depth--;
        return false;
    }

    private String quoted() {
        var out = new StringBuilder();
        at++;
        while (true) {
            var letter = peek();
            if (letter < ' ') {
                throw wrong(at < text.length() ? "a control character stands in a text" : "a text does not end");
            }
            at++;
            if (letter == '"') {
                return out.toString();
            }
            out.append(letter == '\\' ? escaped() : letter);
        }
    }

    private char escaped() {
        var letter = peek();
        at++;
        return switch (letter) {
            case '"', '\\', '/' -> letter;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> fourDigits();
            default -> throw wrong("there is no such escape");
        };
    }

    private char fourDigits() {
        var code = 0;
        for (var digits = 0; digits < 4; digits++) {
            var letter = peek();
            var digit = letter < 0x80 ? Character.digit(letter, 16) : -1;
            if (digit < 0) {
                throw wrong("four hexadecimal digits belong here");
            }
            code = code << 4 | digit;
            at++;
        }
        return (char) code;
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        if (!text.startsWith(word, at)) {
            throw wrong("a value belongs here");
        }
        at += word.length();
        return value;
    }

    private Number number() {
        var from = at;
        if (peek() == '-') {
            at++;
        }
        if (peek() == '0') {
            at++;
        } else {
            digits();
        }
        var whole = true;
        if (peek() == '.') {
            whole = false;
            at++;
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            whole = false;
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            digits();
        }
        return exact(text.substring(from, at), whole);
    }

    private Number exact(String digits, boolean whole) {
        if (whole && digits.length() < 19) {
            return Long.parseLong(digits);
        }
        if (digits.length() > LONGEST_NUMBER) {
            throw wrong("a number has more than " + LONGEST_NUMBER + " digits");
        }
        try {
            var exact = new BigDecimal(digits);
            return whole && exact.precision() <= 19 && exact.toBigInteger().bitLength() < 64
                    ? exact.longValueExact()
                    : exact;
        } catch (NumberFormatException e) {
            throw wrong("the exponent is out of bounds");
        }
    }

    private void digits() {
        var from = at;
        while (peek() >= '0' && peek() <= '9') {
            at++;
        }
        if (at == from) {
            throw wrong("a value belongs here");
        }
    }

    private void expect(char wanted) {
        if (peek() != wanted) {
            throw wrong("`" + wanted + "` belongs here");
        }
        at++;
    }

    /** The next character; NUL, which JSON never has bare, stands for the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private void skip() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private ToolException wrong(String why) {
        return ToolException.invalidInput(
                "The JSON text is not well formed at character " + (Math.min(at, text.length()) + 1) + ": " + why + ".",
                "JSON writes names and texts in double quotes.");
    }
}
