package org.pgcluster.postgres;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Texts that a server sent, without the secrets that statements and connection strings carry in them. */
public final class ServerTexts {
    private record Mask(Pattern pattern, String replacement) {}

    private static final String DOTS = "••••";
    private static final List<Mask> MASKS = List.of(
            mask(
                    "(?i)\\b(passwd|password|sslpassword|passphrase|secret)(\\s*=\\s*)('(?:[^'\\\\]|\\\\.|'')*'?|[^\\s,;)'\"]+)",
                    "$1$2" + DOTS),
            mask("(?i)\\b(password\\s+)(?:[eu]&?)?('(?:[^']|'')*'?)", "$1'" + DOTS + "'"),
            mask("(?i)\\b(password\\s+)(\\$[a-z0-9_]*\\$).*?(\\2|$)", "$1'" + DOTS + "'"),
            mask("(?i)\\b([a-z][a-z0-9+.-]*://[^\\s:/@]*:)[^\\s@/]+@", "$1" + DOTS + "@"));

    /** Also what a cut text leaves open, up to its end; in a comment may stand anything. */
    private static final Pattern LITERALS = Pattern.compile(
            "\"[^\"]*+(?:\"\"[^\"]*+)*+\"?"
                    + "|(?<![\\w$])[eE]'(?:[^'\\\\]++|\\\\.|'')*+(?:'|\\\\?\\z)"
                    + "|'[^']*+(?:''[^']*+)*+(?:'|\\z)"
                    + "|(?<![\\w$])\\$((?:[A-Za-z_]\\w*+)?)\\$.*?(?:\\$\\1\\$|\\z)"
                    + "|--[^\n]*+|/\\*.*?(?:\\*/|\\z)"
                    + "|(?<![\\w$])\\d[\\w.]*+",
            Pattern.DOTALL);

    private static final Pattern DETAILS =
            Pattern.compile("\\n?\\s*\\b(?:DETAIL|CONTEXT|STATEMENT|QUERY):.*?(?=\\n[A-Z]+:|\\z)", Pattern.DOTALL);

    /** What PostgreSQL quotes of a row: a colon and a quoted text, or the word value before one. Names are quoted, too. */
    private static final Pattern VALUES =
            Pattern.compile("(: |\\bvalue )\"[^\"]*\"|(\\bKey \\([^)]*\\)=)\\(.*\\)|'[^']*+(?:''[^']*+)*+(?:'|\\z)");

    private ServerTexts() {}

    /** A statement's shape: every value is a question mark, names stay. */
    public static String withoutLiterals(String statement) {
        return LITERALS.matcher(statement)
                .replaceAll(found -> found.group().startsWith("\"")
                        ? Matcher.quoteReplacement(found.group())
                        : found.group().startsWith("--") || found.group().startsWith("/*") ? " " : "?");
    }

    /** An error or notice without values of rows: what it is about stays, its details and what it quotes do not. */
    public static String messageWithoutValues(String message) {
        return VALUES.matcher(DETAILS.matcher(message).replaceAll(""))
                .replaceAll(found -> Matcher.quoteReplacement(
                        found.group(1) != null
                                ? found.group(1) + "?"
                                : found.group(2) != null ? found.group(2) + "(?)" : "?"))
                .strip();
    }

    private static Mask mask(String pattern, String replacement) {
        return new Mask(Pattern.compile(pattern, Pattern.DOTALL), replacement);
    }

    public static String masked(String text) {
        var safe = text;
        for (var mask : MASKS) {
            safe = mask.pattern().matcher(safe).replaceAll(mask.replacement());
        }
        return safe;
    }
}
