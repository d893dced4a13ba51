package org.pgcluster.postgres.safety;

import java.util.Locale;

/** One lexeme of a statement: its kind and where it stands in the text, end excluded. Immutable. */
record Token(Kind kind, int start, int end, String text) {
    enum Kind {
        WORD,
        QUOTED_NAME,
        STRING,
        NUMBER,
        PARAMETER,
        OPERATOR,
        MARK
    }

    boolean is(String mark) {
        return text.equals(mark) && (kind == Kind.MARK || kind == Kind.OPERATOR);
    }

    boolean isWord(String word) {
        return kind == Kind.WORD && text.equalsIgnoreCase(word);
    }

    boolean isName() {
        return kind == Kind.WORD || kind == Kind.QUOTED_NAME;
    }

    /** The name as the catalogue has it; escapes of U&"…" are left as they stand, so such a name resolves to nothing. */
    String name() {
        if (kind == Kind.WORD) {
            return foldedAsTheServerDoes(text);
        }
        int quote = text.indexOf('"');
        return text.substring(quote + 1, text.length() - 1).replace("\"\"", "\"");
    }

    boolean hasUnicodeEscapes() {
        return (kind == Kind.QUOTED_NAME || kind == Kind.STRING) && (text.startsWith("U&") || text.startsWith("u&"));
    }

    private static String foldedAsTheServerDoes(String word) {
        // In UTF-8 databases only ASCII letters are folded.
        StringBuilder folded = new StringBuilder(word.length());
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            folded.append(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
        }
        return folded.toString();
    }

    String upper() {
        return text.toUpperCase(Locale.ROOT);
    }
}
