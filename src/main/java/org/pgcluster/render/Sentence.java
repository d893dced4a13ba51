package org.pgcluster.render;

/** What an answer states first, and whether it has told a value already. */
record Sentence(String text) {
    /** So many letters tell two words apart, and a word from its plural not. */
    private static final int STEM = 4;

    private static final int NEIGHBOURS = 2;

    boolean says(String value) {
        return place(value, 0) >= 0;
    }

    /** A number counts only close to a word of its name: "3 tables" tells how many tables there are, "node 3" does not. */
    boolean says(String name, String number) {
        for (int at = place(number, 0); at >= 0; at = place(number, at + 1)) {
            if (isNamedBefore(name, at) || isNamedAfter(name, at + number.length())) {
                return true;
            }
        }
        return false;
    }

    private int place(String value, int from) {
        int at = text.indexOf(value, from);
        while (at >= 0 && !(borderAt(at) && borderAt(at + value.length()))) {
            at = text.indexOf(value, at + 1);
        }
        return at;
    }

    private boolean isNamedBefore(String name, int end) {
        for (int i = 0; i < NEIGHBOURS; i++) {
            while (end > 0 && !inWord(text.charAt(end - 1))) {
                end--;
            }
            int start = end;
            while (start > 0 && inWord(text.charAt(start - 1))) {
                start--;
            }
            if (isIn(name, start, end)) {
                return true;
            }
            end = start;
        }
        return false;
    }

    private boolean isNamedAfter(String name, int start) {
        for (int i = 0; i < NEIGHBOURS; i++) {
            while (start < text.length() && !inWord(text.charAt(start))) {
                start++;
            }
            int end = start;
            while (end < text.length() && inWord(text.charAt(end))) {
                end++;
            }
            if (isIn(name, start, end)) {
                return true;
            }
            start = end;
        }
        return false;
    }

    /** Some word of the name begins like the word from start to end. */
    private boolean isIn(String name, int start, int end) {
        int letters = Math.min(STEM, end - start);
        boolean found = false;
        for (int at = 0; letters > 1 && !found && at < name.length(); at++) {
            found = (at == 0 || name.charAt(at - 1) == '_') && name.regionMatches(true, at, text, start, letters);
        }
        return found;
    }

    /** No word goes on over this place. */
    private boolean borderAt(int at) {
        if (at == 0 || at == text.length()) {
            return true;
        }
        char before = text.charAt(at - 1);
        char after = text.charAt(at);
        boolean fraction = (before == '.' && Character.isDigit(after))
                || (after == '.' && at + 1 < text.length() && Character.isDigit(text.charAt(at + 1)));
        return !fraction && (!inWord(before) || !inWord(after));
    }

    private static boolean inWord(char letter) {
        return letter == '_' || Character.isLetterOrDigit(letter);
    }
}
