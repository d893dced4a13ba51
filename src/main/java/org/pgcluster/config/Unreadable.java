package org.pgcluster.config;

/** A value or file that cannot be understood. Its text never repeats what could be a secret. Ends as a Problem. */
final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String text;

    Unreadable(String text) {
        this(0, text);
    }

    Unreadable(int line, String text) {
        super(text, null, false, false);
        this.line = line;
        this.text = text;
    }

    int line() {
        return line;
    }

    String text() {
        return text;
    }
}
