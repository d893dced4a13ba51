package org.pgcluster.postgres.safety;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Statements in other words, by their tokens: for planning what others run. Whatever comes out is judged like any text. */
public final class Rewriting {
    private static final Set<String> READING = Set.of("SELECT", "WITH", "VALUES", "TABLE", "(");
    /** Types that stand before a literal; a parameter cannot stand there. */
    private static final Set<String> TYPES = Set.of("INTERVAL", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ");

    private Rewriting() {}

    /** What a statement writes; {@code columns} are those that an UPDATE sets. */
    public record Written(String verb, String table, Set<String> columns) {
        public Written {
            columns = Set.copyOf(columns);
        }
    }

    /**
     * The rows that it reads: a query as it is, of an UPDATE or DELETE the search for its rows, which no index can answer
     * without the table; empty where it has none.
     */
    public static Optional<String> asQuery(String sql) {
        List<Token> tokens = Lexer.tokens(sql);
        while (!tokens.isEmpty() && tokens.get(tokens.size() - 1).is(";")) {
            tokens = tokens.subList(0, tokens.size() - 1);
        }
        if (tokens.isEmpty()) {
            return Optional.empty();
        }
        String text = sql.substring(0, tokens.get(tokens.size() - 1).end());
        String first = tokens.get(0).upper();
        if (READING.contains(first)) {
            return Optional.of(typed(text));
        }
        boolean update = first.equals("UPDATE");
        boolean delete =
                first.equals("DELETE") && tokens.size() > 2 && tokens.get(1).isWord("FROM");
        return update || delete
                ? search(text, tokens, update).map(Rewriting::typed).map(Rewriting::renumbered)
                : Optional.empty();
    }

    /** What an UPDATE sets is gone, and with it its parameters; those that are left count from one. */
    private static String renumbered(String sql) {
        List<Integer> numbers = Lexer.tokens(sql).stream()
                .filter(token -> token.kind() == Token.Kind.PARAMETER)
                .map(token -> Integer.valueOf(token.text().substring(1)))
                .distinct()
                .sorted()
                .toList();
        return Changing.inlined(sql, number -> "$" + (numbers.indexOf(number) + 1));
    }

    private static Optional<String> search(String text, List<Token> tokens, boolean update) {
        int target = update ? 1 : 2;
        int set = update ? at("SET", tokens, target) : -1;
        int more = at(update ? "FROM" : "USING", tokens, Math.max(set, target));
        int where = at("WHERE", tokens, Math.max(Math.max(set, more), target));
        int returning = at("RETURNING", tokens, Math.max(where, target));
        int end = returning < 0 ? tokens.size() : returning;
        int targetEnd = update ? set : more >= 0 ? more : where >= 0 ? where : end;
        if (targetEnd <= target || where < 0) {
            return Optional.empty();
        }
        Token alias = tokens.get(targetEnd - 1);
        return Optional.of("SELECT " + (alias.isName() ? alias.text() : "") + ".ctid FROM "
                + between(text, tokens, target, targetEnd)
                + (more < 0 ? "" : ", " + between(text, tokens, more + 1, where)) + " "
                + between(text, tokens, where, end));
    }

    private static String between(String text, List<Token> tokens, int from, int to) {
        return text.substring(tokens.get(from).start(), tokens.get(to - 1).end());
    }

    /** Where the word stands in no parentheses; -1 where nowhere. */
    private static int at(String word, List<Token> tokens, int from) {
        int depth = 0;
        for (int at = from; at < tokens.size(); at++) {
            Token token = tokens.get(at);
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            if (depth == 0 && token.isWord(word)) {
                return at;
            }
        }
        return -1;
    }

    /** {@code INTERVAL $1}, as statistics of statements have it, is no SQL; {@code $1::INTERVAL} is. */
    private static String typed(String sql) {
        List<Token> tokens = Lexer.tokens(sql);
        StringBuilder text = new StringBuilder();
        int copied = 0;
        for (int at = 1; at < tokens.size(); at++) {
            Token type = tokens.get(at - 1);
            Token parameter = tokens.get(at);
            if (parameter.kind() == Token.Kind.PARAMETER
                    && type.kind() == Token.Kind.WORD
                    && TYPES.contains(type.upper())) {
                text.append(sql, copied, type.start())
                        .append(parameter.text())
                        .append("::")
                        .append(type.text());
                copied = parameter.end();
            }
        }
        return text.append(sql.substring(copied)).toString();
    }

    public static Optional<Written> written(String sql) {
        List<Token> tokens = Lexer.tokens(sql);
        if (tokens.size() < 3) {
            return Optional.empty();
        }
        String verb = tokens.get(0).upper();
        int target = switch (verb) {
            case "INSERT", "MERGE" -> tokens.get(1).isWord("INTO") ? 2 : -1;
            case "DELETE" -> tokens.get(1).isWord("FROM") ? 2 : -1;
            case "UPDATE" -> 1;
            case "COPY" -> at("FROM", tokens, 1) > 0 ? 1 : -1;
            default -> -1;
        };
        if (target < 0) {
            return Optional.empty();
        }
        target += tokens.get(target).isWord("ONLY") ? 1 : 0;
        int end = target + 1;
        while (end + 1 < tokens.size() && tokens.get(end).is(".")) {
            end += 2;
        }
        return Optional.of(new Written(verb, between(sql, tokens, target, end), set(verb, tokens)));
    }

    private static Set<String> set(String verb, List<Token> tokens) {
        Set<String> columns = new LinkedHashSet<>();
        int set = verb.equals("UPDATE") ? at("SET", tokens, 1) : -1;
        int where = at("WHERE", tokens, 1);
        int depth = 0;
        for (int at = set + 1; set > 0 && at + 1 < (where < 0 ? tokens.size() : where); at++) {
            Token token = tokens.get(at);
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            boolean begins = at == set + 1 || tokens.get(at - 1).is(",");
            if (depth == 0 && begins && token.isName() && tokens.get(at + 1).is("=")) {
                columns.add(token.name());
            }
        }
        return columns;
    }

    /** Parameters whose value is a number of rows, with a usual one. */
    public static Map<Integer, String> rowCounts(String sql) {
        Map<Integer, String> counts = new HashMap<>();
        List<Token> tokens = new ArrayList<>(Lexer.tokens(sql));
        for (int at = 1; at < tokens.size(); at++) {
            Token before = tokens.get(at - 1);
            if (tokens.get(at).kind() == Token.Kind.PARAMETER && (before.isWord("LIMIT") || before.isWord("OFFSET"))) {
                counts.put(Integer.parseInt(tokens.get(at).text().substring(1)), before.isWord("LIMIT") ? "10" : "0");
            }
        }
        return counts;
    }
}
