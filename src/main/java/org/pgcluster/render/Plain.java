package org.pgcluster.render;

/** Texts of others made harmless: nothing invisible, nothing that could end its cell, its line or its quotation. */
public final class Plain {
    private Plain() {}

    /** Control, bidirectional and zero-width characters as their code in braces; all else as it is. */
    public static String shown(String text) {
        for (var index = 0; index < text.length(); index++) {
            var letter = text.charAt(index);
            if (letter < ' ' || letter > '~') {
                return escaped(text, false);
            }
        }
        return text;
    }

    /** Like {@link #shown}, and what means something in Markdown stands for itself. */
    static String cell(String text) {
        for (var index = 0; index < text.length(); index++) {
            var letter = text.charAt(index);
            if (letter < ' ' || letter > '~' || "|`<[(\\".indexOf(letter) >= 0) {
                return escaped(text, true);
            }
        }
        return text;
    }

    /** A text of several lines between fences that it cannot close. */
    static void fenced(String text, StringBuilder out) {
        fenced("", text, out);
    }

    /** {@code language} tells a viewer how to show it. */
    static void fenced(String language, String text, StringBuilder out) {
        var fence = "```";
        while (text.contains(fence)) {
            fence += "`";
        }
        out.append(fence).append(language).append('\n');
        var from = 0;
        for (var end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
            out.append(shown(text.substring(from, end))).append('\n');
            from = end + 1;
        }
        out.append(shown(text.substring(from))).append('\n').append(fence).append('\n');
    }

    private static String escaped(String text, boolean markdown) {
        var out = new StringBuilder(text.length() + 16);
        var index = 0;
        while (index < text.length()) {
            var letter = text.codePointAt(index);
            if (letter == '\n') {
                out.append("\\n");
            } else if (hidden(letter)) {
                out.append("\\u{").append(Integer.toHexString(letter)).append('}');
            } else {
                if (markdown && meansMore(text, index, letter)) {
                    out.append('\\');
                }
                out.appendCodePoint(letter);
            }
            index += Character.charCount(letter);
        }
        return out.toString();
    }

    /** A cell's border, code, the start of a tag, and the brackets of images and links. */
    private static boolean meansMore(String text, int index, int letter) {
        return switch (letter) {
            case '|', '`' -> true;
            case '\\' -> escapesWhatFollows(text, index);
            case '<' -> index + 1 < text.length() && startsTag(text.charAt(index + 1));
            case '[' -> index > 0 && text.charAt(index - 1) == '!';
            case '(' -> index > 0 && text.charAt(index - 1) == ']';
            default -> false;
        };
    }

    /** Backslashes before the border, or before what is escaped here, would undo the escape. */
    private static boolean escapesWhatFollows(String text, int index) {
        var after = index;
        while (after < text.length() && text.charAt(after) == '\\') {
            after++;
        }
        return after == text.length() || "|`<[(".indexOf(text.charAt(after)) >= 0;
    }

    private static boolean startsTag(char letter) {
        return letter == '/' || letter == '!' || letter == '?' || Character.isLetter(letter);
    }

    private static boolean hidden(int letter) {
        return switch (Character.getType(letter)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> letter > '~' && blank(letter);
        };
    }

    /** Letters without a face, and selectors that can carry a text of their own. */
    private static boolean blank(int letter) {
        return letter == 0x115f
                || letter == 0x1160
                || letter == 0x3164
                || letter == 0xffa0
                || letter == 0x034f
                || (letter >= 0xfe00 && letter <= 0xfe0e)
                || (letter >= 0xe0000 && letter <= 0xe0fff);
    }
}
