package org.pgcluster.audit;

import org.jspecify.annotations.Nullable;

/**
 * Finds credentials by their shape: {@code PASSWORD '…'} of SQL, {@code password=…} of conninfo and URLs, {@code
 * "password": "…"} of JSON, the password in the user-info of a URL, and password hashes as catalogues store them. Written
 * by hand, since it runs over every answer and regular expressions cost it a hundredfold.
 */
final class Credentials {
    private static final String[] KEYWORDS = {"password", "passwd", "passphrase", "passcode"};

    private final String text;
    private int copied;
    private @Nullable StringBuilder out;

    private Credentials(String text) {
        this.text = text;
    }

    static String masked(String text) {
        return new Credentials(text).scan();
    }

    private String scan() {
        int length = text.length();
        int i = 0;
        while (i < length) {
            char c = text.charAt(i);
            i = switch (c) {
                case 'p', 'P' -> keyword(i);
                case ':' -> userInfo(i);
                case 'S' -> hash(i, "SCRAM-SHA-256$", 20);
                case 'm' -> hash(i, "md5", 32);
                default -> i + 1;
            };
        }
        return out == null ? text : out.append(text, copied, length).toString();
    }

    private int keyword(int start) {
        for (var word : KEYWORDS) {
            if (text.regionMatches(true, start, word, 0, word.length())) {
                return afterKeyword(start, start + word.length());
            }
        }
        return start + 1;
    }

    private int afterKeyword(int start, int end) {
        boolean quotedName = start > 0 && end < text.length() && text.charAt(end) == '"';
        int i = skipBlanks(quotedName ? end + 1 : end);
        boolean assigned = i < text.length() && (text.charAt(i) == '=' || (quotedName && text.charAt(i) == ':'));
        if (assigned) {
            i = skipBlanks(i + 1);
        }
        if (i >= text.length()) {
            return end;
        }
        char c = text.charAt(i);
        boolean literalPrefix = (c == 'E' || c == 'e') && next(i) == '\'';
        if (literalPrefix) {
            return hide(i + 2, endOfQuoted(i + 2, '\'', true));
        }
        if ((c == 'U' || c == 'u') && text.startsWith("&'", i + 1)) {
            return hide(i + 3, endOfQuoted(i + 3, '\'', false));
        }
        if (c == '\'' && (assigned || i > end)) {
            return hide(i + 1, endOfQuoted(i + 1, '\'', assigned));
        }
        if (c == '"' && assigned) {
            return hide(i + 1, endOfQuoted(i + 1, '"', true));
        }
        if (c == '$' && dollarTag(i) > 0) {
            return hideDollarQuoted(i);
        }
        return assigned && c != '$' && c != '?' ? hide(i, endOfBare(i, inUrl(start))) : end;
    }

    private boolean inUrl(int keyword) {
        return keyword > 0 && "?&".indexOf(text.charAt(keyword - 1)) >= 0;
    }

    private char next(int i) {
        return i + 1 < text.length() ? text.charAt(i + 1) : '\0';
    }

    private int skipBlanks(int from) {
        int i = from;
        while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
            i++;
        }
        return i;
    }

    /** To the closing quote, or the end of a text that was cut. */
    private int endOfQuoted(int from, char quote, boolean backslashes) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == '\\' && backslashes) {
                i += 2;
            } else if (c != quote) {
                i++;
            } else if (quote == '\'' && next(i) == quote) {
                i += 2;
            } else {
                return i;
            }
        }
        return text.length();
    }

    /** Rather too far than too short: outside a URL only a blank or a quote surely ends a value without quotes. */
    private int endOfBare(int from, boolean inUrl) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (Character.isWhitespace(c) || "'\"`".indexOf(c) >= 0 || (inUrl && c == '&')) {
                break;
            }
            i += c == '\\' ? 2 : 1;
        }
        return Math.min(i, text.length());
    }

    /** The length of {@code $tag$}, or 0: {@code $1} is a parameter. */
    private int dollarTag(int start) {
        int i = start + 1;
        while (i < text.length() && (Character.isLetterOrDigit(text.charAt(i)) || text.charAt(i) == '_')) {
            i++;
        }
        boolean tag = i < text.length() && text.charAt(i) == '$' && !Character.isDigit(text.charAt(start + 1));
        return tag ? i + 1 - start : 0;
    }

    private int hideDollarQuoted(int start) {
        int tag = dollarTag(start);
        int end = text.indexOf(text.substring(start, start + tag), start + tag);
        return hide(start + tag, end < 0 ? text.length() : end);
    }

    /** {@code scheme://user:password@host}: the colon that ends the scheme is where this begins. */
    private int userInfo(int colon) {
        if (!text.startsWith("//", colon + 1) || colon == 0 || !Character.isLetterOrDigit(text.charAt(colon - 1))) {
            return colon + 1;
        }
        int password = -1;
        int at = -1;
        int i = colon + 3;
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ':' && password < 0) {
                password = i + 1;
            } else if (c == '@' && password > 0) {
                at = i;
            } else if (c == '/' || Character.isWhitespace(c) || "'\"<>`".indexOf(c) >= 0) {
                break;
            }
        }
        return at < 0 ? colon + 3 : hide(password, at);
    }

    private int hash(int start, String prefix, int atLeast) {
        boolean begins =
                text.startsWith(prefix, start) && (start == 0 || !Character.isLetterOrDigit(text.charAt(start - 1)));
        if (!begins) {
            return start + 1;
        }
        int from = start + prefix.length();
        int end = from;
        while (end < text.length() && hashes(text.charAt(end), prefix)) {
            end++;
        }
        return end - from < atLeast ? from : hide(from, end);
    }

    private static boolean hashes(char c, String prefix) {
        return prefix.equals("md5")
                ? (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
                : Character.isLetterOrDigit(c) || "+/=:$".indexOf(c) >= 0;
    }

    private int hide(int from, int to) {
        int end = Math.min(to, text.length());
        if (end > from) {
            if (out == null) {
                out = new StringBuilder(text.length());
            }
            out.append(text, copied, from).append(Masks.DOTS);
            copied = end;
        }
        return Math.max(end, from);
    }
}
