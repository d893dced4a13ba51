package org.pgcluster.config;

/** What a backslash means between double quotes, alike in YAML, TOML and JSON. */
final class Escapes {
    private Escapes() {}

    /** Reads what follows the backslash at {@code at} and returns where to go on. */
    static int read(String text, int at, int line, StringBuilder value) throws Unreadable {
        char c = at < text.length() ? text.charAt(at) : ' ';
        int plain = "\"\\/ntrbfe0'".indexOf(c);
        if (plain >= 0) {
            value.append("\"\\/\n\t\r\b\f\u001b\0'".charAt(plain));
            return at + 1;
        }
        int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (digits == 0 || at + digits >= text.length()) {
            throw new Unreadable(
                    line, "A backslash between double quotes stands before a character that it does not know.");
        }
        int code = 0;
        for (int i = 1; i <= digits; i++) {
            int digit = Character.digit(text.charAt(at + i), 16);
            code = digit < 0 || code > 0x10FFFF ? Integer.MAX_VALUE : code * 16 + digit;
        }
        if (code < 0 || code > 0x10FFFF) {
            throw new Unreadable(line, "A \\" + c + " is not followed by the number of a character.");
        }
        value.appendCodePoint(code);
        return at + 1 + digits;
    }
}
