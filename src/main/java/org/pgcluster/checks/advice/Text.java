package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Expressions as EXPLAIN writes them: every operation in parentheses, columns as {@code alias.column}. */
final class Text {
    private static final String NAME = "(?:\"(?:[^\"]|\"\")+\"|[\\p{L}_][\\p{L}\\p{N}_$]*)";
    private static final Pattern COLUMN = Pattern.compile("(" + NAME + ")\\.(" + NAME + ")(?![\\w(.\"])");
    private static final Pattern ALONE =
            Pattern.compile("(?<![\\w.:$\"' ]|:: )(?:\"(?:[^\"]|\"\")+\"|[a-z_][a-z0-9_$]*)(?![\\w(.\"]| *\\()"
                    + "|(?<=[-+*/(,<>=|A-Z] )(?:\"(?:[^\"]|\"\")+\"|[a-z_][a-z0-9_$]*)(?![\\w(.\"])");

    private static final Pattern LITERAL = Pattern.compile("'(?:[^']|'')*'");

    private Text() {}

    /** A column as the plan names it; the name is quoted where SQL needs it, the alias never. */
    record Column(String alias, String name) {}

    /** Whether the text inside quotes has been left; for one pass from the left. */
    private static final class Depth {
        private int depth;
        private boolean inString;
        private boolean inName;

        boolean outside(char letter) {
            if (letter == '\'' && !inName) {
                inString = !inString;
            } else if (letter == '"' && !inString) {
                inName = !inName;
            } else if (!inString && !inName) {
                depth += letter == '(' || letter == '[' ? 1 : letter == ')' || letter == ']' ? -1 : 0;
            }
            return depth == 0 && !inString && !inName;
        }
    }

    /** Without the parentheses around all of it. */
    static String bare(String text) {
        String bare = text.strip();
        while (bare.startsWith("(") && closing(bare) == bare.length() - 1) {
            bare = bare.substring(1, bare.length() - 1).strip();
        }
        return bare;
    }

    private static int closing(String text) {
        Depth depth = new Depth();
        for (int at = 0; at < text.length(); at++) {
            if (depth.outside(text.charAt(at))) {
                return at;
            }
        }
        return -1;
    }

    /** The parts between this word where it stands in no parentheses. */
    static List<String> split(String text, String word) {
        List<String> parts = new ArrayList<>();
        Depth depth = new Depth();
        int from = 0;
        for (int at = 0; at < text.length(); at++) {
            if (depth.outside(text.charAt(at)) && at >= from && text.startsWith(word, at)) {
                parts.add(text.substring(from, at));
                from = at + word.length();
            }
        }
        parts.add(text.substring(from));
        return parts;
    }

    /** Where in the text, outside of parentheses and quotes, the pattern begins to match; -1 where nowhere. */
    static int find(String text, Pattern pattern) {
        Matcher matcher = pattern.matcher(text);
        Depth depth = new Depth();
        for (int at = 0; at < text.length(); at++) {
            if (depth.outside(text.charAt(at)) && matcher.find(at) && matcher.start() == at) {
                return at;
            }
        }
        return -1;
    }

    static List<Column> columns(String text, Set<String> aliases) {
        List<Column> columns = new ArrayList<>();
        Matcher matcher = COLUMN.matcher(withoutLiterals(text));
        while (matcher.find()) {
            String alias = unquoted(matcher.group(1));
            if (aliases.contains(alias)) {
                columns.add(new Column(alias, matcher.group(2)));
            }
        }
        return columns;
    }

    /** Where a query has one table its outputs name columns alone; SQL's own words are in capitals. */
    static String qualified(String text, String alias) {
        Matcher matcher = ALONE.matcher(withoutLiterals(text));
        StringBuilder qualified = new StringBuilder();
        int copied = 0;
        while (matcher.find()) {
            qualified
                    .append(text, copied, matcher.start())
                    .append(Access.quoted(alias))
                    .append('.')
                    .append(matcher.group());
            copied = matcher.end();
        }
        return qualified.append(text.substring(copied)).toString();
    }

    static boolean isColumn(String text) {
        return COLUMN.matcher(text).matches();
    }

    private static String unquoted(String name) {
        return name.startsWith("\"") ? name.substring(1, name.length() - 1).replace("\"\"", "\"") : name;
    }

    /** Each literal with blanks in its place, so that what is found stands where it stood. */
    private static String withoutLiterals(String text) {
        return LITERAL.matcher(text)
                .replaceAll(found -> "'" + " ".repeat(found.group().length() - 2) + "'");
    }

    /** The same outside of literals with another text for each column of the alias. */
    static String rewritten(String text, String alias, Function<String, String> column) {
        Matcher matcher = COLUMN.matcher(withoutLiterals(text));
        StringBuilder rewritten = new StringBuilder();
        int copied = 0;
        while (matcher.find()) {
            if (unquoted(matcher.group(1)).equals(alias)) {
                rewritten.append(text, copied, matcher.start()).append(column.apply(matcher.group(2)));
                copied = matcher.end();
            }
        }
        return rewritten.append(text.substring(copied)).toString();
    }

    /** {@code (t.name)::text} of a varchar column is the column itself to an index. */
    static String unwrapped(String expression) {
        return bare(bare(expression).replaceFirst("(?<=\\))::(?:text|character varying)$", ""));
    }
}
