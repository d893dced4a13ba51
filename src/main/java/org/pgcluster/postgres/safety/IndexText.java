package org.pgcluster.postgres.safety;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Names;

/**
 * An index that somebody describes in words, built from parts that cannot be anything else: names are quoted, operator
 * classes are the server's own, and each expression stands in {@code probe}, a query that is judged like any other before
 * the server is shown {@code create}, since to plan with an index runs the constant calls in it.
 */
public record IndexText(String create, Optional<String> probe) {
    private static final Set<String> METHODS = Set.of("btree", "hash", "brin");
    private static final Set<String> COUNTED = Set.of("ASC", "DESC");

    /** One column or expression, as it stands in CREATE INDEX and as a query can hold it. */
    private record Key(String create, Optional<String> expression) {}

    /** {@code table} is quoted already; {@code columns} as {@code create_index} takes them. */
    public static IndexText of(
            String table, List<String> columns, String method, List<String> include, Optional<String> where) {
        String using = method.toLowerCase(Locale.ROOT);
        if (!METHODS.contains(using)) {
            throw ToolException.invalidInput(
                    "hypopg imagines btree, hash and brin, not " + method + ".",
                    "What another kind would bring is known only once it is built.");
        }
        if (columns.isEmpty()) {
            throw ToolException.invalidInput("An index needs columns.", "Name at least one.");
        }
        List<Key> keys = columns.stream().map(IndexText::key).toList();
        List<String> probed = new ArrayList<>();
        keys.forEach(key -> key.expression().ifPresent(probed::add));
        String condition = where.map(text -> Changing.part("where", text)).orElse("");
        String carried =
                String.join(", ", include.stream().map(IndexText::column).toList());
        String create = "CREATE INDEX ON " + table + " USING " + using + " ("
                + String.join(", ", keys.stream().map(Key::create).toList()) + ")"
                + (carried.isEmpty() ? "" : " INCLUDE (" + carried + ")")
                + (condition.isEmpty() ? "" : " WHERE (" + condition + ")");
        String probe = "SELECT " + String.join(", ", probed) + " FROM " + table
                + (condition.isEmpty() ? "" : " WHERE (" + condition + ")");
        return new IndexText(create, probed.isEmpty() && condition.isEmpty() ? Optional.empty() : Optional.of(probe));
    }

    private static String column(String text) {
        List<Token> tokens = Lexer.tokens(text);
        if (tokens.size() != 1 || !tokens.get(0).isName() || tokens.get(0).hasUnicodeEscapes()) {
            throw notAKey(text);
        }
        return Names.quoted(tokens.get(0).name());
    }

    private static Key key(String text) {
        Changing.part("columns", text);
        List<Token> tokens = new ArrayList<>(Lexer.tokens(text));
        String order = order(tokens);
        String operators = operators(tokens, text);
        String collation = collation(tokens, text);
        String after = collation + operators + order;
        if (tokens.size() == 1 && tokens.get(0).isName()) {
            return new Key(column(tokens.get(0).text()) + after, Optional.empty());
        }
        if (tokens.isEmpty() || !isCall(tokens)) {
            throw notAKey(text);
        }
        String expression = "("
                + text.substring(
                        tokens.get(0).start(), tokens.get(tokens.size() - 1).end()) + ")";
        return new Key(expression + after, Optional.of(expression));
    }

    /** Takes ASC, DESC, NULLS FIRST and NULLS LAST from the end. */
    private static String order(List<Token> tokens) {
        String order = "";
        int last = tokens.size() - 1;
        boolean first = last >= 2 && tokens.get(last).isWord("FIRST");
        if (last >= 2
                && tokens.get(last - 1).isWord("NULLS")
                && (first || tokens.get(last).isWord("LAST"))) {
            order = first ? " NULLS FIRST" : " NULLS LAST";
            tokens.subList(last - 1, last + 1).clear();
        }
        last = tokens.size() - 1;
        if (last >= 1 && COUNTED.contains(tokens.get(last).upper())) {
            order = " " + tokens.get(last).upper() + order;
            tokens.remove(last);
        }
        return order;
    }

    /** A name behind a whole expression is an operator class; only the server's own are shown to the planner. */
    private static String operators(List<Token> tokens, String text) {
        int last = tokens.size() - 1;
        if (last < 1 || tokens.get(last).kind() != Token.Kind.WORD) {
            return "";
        }
        Token before = tokens.get(last - 1);
        if (!before.is(")") && !(before.isName() && !before.isWord("COLLATE"))) {
            return "";
        }
        String name = tokens.remove(last).name();
        if (!name.matches("[a-z0-9_]+_ops")) {
            throw notAKey(text);
        }
        return " pg_catalog." + name;
    }

    private static String collation(List<Token> tokens, String text) {
        int depth = 0;
        for (int at = 0; at < tokens.size(); at++) {
            depth += tokens.get(at).is("(") ? 1 : tokens.get(at).is(")") ? -1 : 0;
            if (depth == 0 && at > 0 && tokens.get(at).isWord("COLLATE")) {
                List<Token> name = tokens.subList(at + 1, tokens.size());
                boolean plain = !name.isEmpty() && name.size() % 2 == 1;
                StringBuilder quoted = new StringBuilder(" COLLATE ");
                for (int part = 0; plain && part < name.size(); part++) {
                    plain = part % 2 == 0
                            ? name.get(part).isName() && !name.get(part).hasUnicodeEscapes()
                            : name.get(part).is(".");
                    quoted.append(part % 2 == 0 ? Names.quoted(name.get(part).name()) : ".");
                }
                if (!plain) {
                    throw notAKey(text);
                }
                tokens.subList(at, tokens.size()).clear();
                return quoted.toString();
            }
        }
        return "";
    }

    /** {@code (…)} or {@code name(…)}, with nothing behind the parenthesis that closes it. */
    private static boolean isCall(List<Token> tokens) {
        int open = 0;
        while (open < tokens.size()
                && (tokens.get(open).isName() || tokens.get(open).is("."))) {
            open++;
        }
        int depth = 0;
        for (int at = open; at < tokens.size(); at++) {
            depth += tokens.get(at).is("(") ? 1 : tokens.get(at).is(")") ? -1 : 0;
            if (depth == 0) {
                return at > open && at == tokens.size() - 1;
            }
        }
        return false;
    }

    private static ToolException notAKey(String text) {
        return ToolException.invalidInput(
                "\"" + (text.length() > 60 ? text.substring(0, 60) + "…" : text) + "\" is no column of an index.",
                "A column, or an expression such as (lower(name)); behind it COLLATE, an operator class of the server,"
                        + " DESC, NULLS FIRST.");
    }
}
