package org.pgcluster.mcp;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of JSON as maps, lists, texts and exact numbers. Strict, and by hand: it is loaded before the first reply,
 * where every class of a library costs. Used by one thread.
 */
final class JsonReader {
    private static final int DEEPEST = 500;
    private static final int LONGEST_NUMBER = 1_000;
    private static final int DIGITS_OF_A_LONG = 18;

    private final byte[] bytes;
    private final int beginning;
    private final int end;
    private int at;
    private int depth;

    private JsonReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.beginning = from;
        this.at = from;
        this.end = end;
    }

    static @Nullable Object read(byte[] bytes, int from, int end) throws JsonFault {
        var reader = new JsonReader(bytes, from, end);
        reader.skipByteOrderMark();
        Object value = reader.value();
        reader.skipSpace();
        if (reader.at < end) {
            throw reader.fault("There is more after the value");
        }
        return value;
    }

    private @Nullable Object value() throws JsonFault {
        skipSpace();
        return switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> literal("true", true);
            case 'f' -> literal("false", false);
            case 'n' -> literal("null", null);
            default -> number();
        };
    }

    private Map<String, @Nullable Object> object() throws JsonFault {
        deeper();
        var members = new LinkedHashMap<String, @Nullable Object>();
        at++;
        skipSpace();
        if (peek() == '}') {
            at++;
            depth--;
            return members;
        }
        while (true) {
            skipSpace();
            if (peek() != '"') {
                throw fault("A name in double quotes is missing");
            }
            String name = string();
            skipSpace();
            expect(':');
            members.put(name, value());
            skipSpace();
            if (peek() == ',') {
                at++;
                continue;
            }
            expect('}');
            depth--;
            return members;
        }
    }

    private List<@Nullable Object> array() throws JsonFault {
        deeper();
        var elements = new ArrayList<@Nullable Object>();
        at++;
        skipSpace();
        if (peek() == ']') {
            at++;
            depth--;
            return elements;
        }
        while (true) {
            elements.add(value());
            skipSpace();
            if (peek() == ',') {
                at++;
                continue;
            }
            expect(']');
            depth--;
            return elements;
        }
    }

    private String string() throws JsonFault {
        int from = ++at;
        boolean ascii = true;
        while (at < end) {
            byte next = bytes[at];
            if (next == '"') {
                String text = plain(from, at, ascii);
                at++;
                return text;
            }
            if (next == '\\') {
                return escaped(new StringBuilder(plain(from, at, ascii)));
            }
            if (next >= 0 && next < ' ') {
                throw fault("A control character stands in a text");
            }
            ascii &= next >= 0;
            at++;
        }
        throw fault("A text has no end");
    }

    private String escaped(StringBuilder text) throws JsonFault {
        while (at < end) {
            byte next = bytes[at];
            if (next == '"') {
                at++;
                return text.toString();
            }
            if (next == '\\') {
                at++;
                text.append(escape());
                continue;
            }
            int from = at;
            boolean ascii = true;
            while (at < end && bytes[at] != '"' && bytes[at] != '\\') {
                if (bytes[at] >= 0 && bytes[at] < ' ') {
                    throw fault("A control character stands in a text");
                }
                ascii &= bytes[at] >= 0;
                at++;
            }
            text.append(plain(from, at, ascii));
        }
        throw fault("A text has no end");
    }

    private char escape() throws JsonFault {
        byte kind = peek();
        at++;
        return switch (kind) {
            case '"', '\\', '/' -> (char) kind;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unicode();
            default -> throw fault("An escape is unknown");
        };
    }

    private char unicode() throws JsonFault {
        if (at + 4 > end) {
            throw fault("A \\u escape takes four hexadecimal digits");
        }
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(bytes[at++], 16);
            if (digit < 0) {
                throw fault("A \\u escape takes four hexadecimal digits");
            }
            code = code * 16 + digit;
        }
        return (char) code;
    }

    private String plain(int from, int to, boolean ascii) throws JsonFault {
        if (ascii) {
            return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
        }
        if (!Utf8.valid(bytes, from, to)) {
            throw fault("A text is not UTF-8");
        }
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    private Number number() throws JsonFault {
        int from = at;
        if (peek() == '-') {
            at++;
        }
        int first = at;
        digits();
        if (bytes[first] == '0' && at > first + 1) {
            throw fault("A number begins with 0");
        }
        boolean whole = true;
        if (at < end && bytes[at] == '.') {
            whole = false;
            at++;
            digits();
        }
        if (at < end && (bytes[at] == 'e' || bytes[at] == 'E')) {
            whole = false;
            at++;
            if (at < end && (bytes[at] == '+' || bytes[at] == '-')) {
                at++;
            }
            digits();
        }
        return exact(from, whole);
    }

    private Number exact(int from, boolean whole) throws JsonFault {
        if (at - from > LONGEST_NUMBER) {
            throw fault("A number has more than 1000 digits");
        }
        String text = new String(bytes, from, at - from, StandardCharsets.ISO_8859_1);
        if (!whole) {
            try {
                return new BigDecimal(text);
            } catch (NumberFormatException e) {
                throw fault("A number has an exponent beyond all bounds");
            }
        }
        if (at - from > DIGITS_OF_A_LONG) {
            var big = new BigInteger(text);
            return big.bitLength() < Long.SIZE ? (Number) big.longValue() : big;
        }
        long value = Long.parseLong(text);
        return value == (int) value ? (Number) (int) value : (Number) value;
    }

    private void digits() throws JsonFault {
        int from = at;
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        if (at == from) {
            throw fault("This is no JSON value");
        }
    }

    private @Nullable Object literal(String word, @Nullable Object value) throws JsonFault {
        for (int i = 0; i < word.length(); i++) {
            if (at >= end || bytes[at] != word.charAt(i)) {
                throw fault("This is no JSON value");
            }
            at++;
        }
        return value;
    }

    private void deeper() throws JsonFault {
        if (++depth > DEEPEST) {
            throw fault("It is nested deeper than 500 levels");
        }
    }

    /** Some shells put it before what they pipe. */
    private void skipByteOrderMark() {
        if (end - at >= 3 && bytes[at] == (byte) 0xEF && bytes[at + 1] == (byte) 0xBB && bytes[at + 2] == (byte) 0xBF) {
            at += 3;
        }
    }

    private void skipSpace() {
        while (at < end && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r' || bytes[at] == '\n')) {
            at++;
        }
    }

    private byte peek() throws JsonFault {
        if (at >= end) {
            throw fault("It ends too early");
        }
        return bytes[at];
    }

    private void expect(char wanted) throws JsonFault {
        if (peek() != wanted) {
            throw fault("A " + wanted + " is missing");
        }
        at++;
    }

    private JsonFault fault(String what) {
        return new JsonFault(what + " at byte " + (at - beginning + 1) + ".");
    }
}
