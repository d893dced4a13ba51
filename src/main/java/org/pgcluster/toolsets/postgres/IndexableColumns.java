package org.pgcluster.toolsets.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which columns a filter of EXPLAIN compares with something, and what kind of index finds such rows. */
final class IndexableColumns {
    private static final String NAME = "(?:\"(?:[^\"]|\"\")+\"|[\\p{L}_][\\p{L}\\p{N}_$]*)";
    private static final Pattern COMPARISON =
            Pattern.compile("(.+?) (= ANY|>=|<=|=|<|>|~~\\*?|@>|<@|&&|@@|IS NULL)(?: (.+))?", Pattern.DOTALL);
    private static final int MOST = 3;

    /** {@code expressions} as {@code create_index} takes them; {@code method} as PostgreSQL names it. */
    record Index(List<String> expressions, String method) {}

    private record Condition(String expression, String operator, String value) {}

    private final String alias;
    private final List<Condition> conditions = new ArrayList<>();

    private IndexableColumns(String alias) {
        this.alias = alias;
    }

    /** An index that would find what the filter keeps; empty where the filter is not plain enough to tell. */
    static Optional<Index> of(String filter, String alias) {
        IndexableColumns columns = new IndexableColumns(alias);
        if (split(bare(filter), " OR ").size() == 1) {
            split(bare(filter), " AND ").forEach(part -> columns.take(bare(part)));
        }
        return columns.index();
    }

    private void take(String part) {
        Matcher matcher = COMPARISON.matcher(part);
        if (!matcher.matches() || depth(matcher.group(1)) != 0) {
            return;
        }
        String value = matcher.group(3) == null ? "" : matcher.group(3);
        String expression = matcher.group(1);
        Pattern own =
                Pattern.compile("(?<![\\w\"])\"?" + Pattern.quote(alias.replace("\"", "")) + "\"?\\.(" + NAME + ")");
        boolean plain = own.matcher(unwrapped(expression)).matches();
        boolean usable = own.matcher(expression).find() && !own.matcher(value).find();
        if (usable && !expression.contains("SubPlan")) {
            String named =
                    own.matcher(plain ? unwrapped(expression) : expression).replaceAll("$1");
            conditions.add(new Condition(plain ? named : "(" + named + ")", matcher.group(2), value));
        }
    }

    /** {@code (name)::text} of a varchar column is the column itself to an index. */
    private static String unwrapped(String expression) {
        return bare(expression.replaceFirst("\\)::(text|character varying)$", ")"));
    }

    private Optional<Index> index() {
        Optional<Condition> other = conditions.stream()
                .filter(one -> one.operator().matches("@>|<@|&&|@@") || likeAnywhere(one))
                .findFirst();
        List<String> btree = new ArrayList<>();
        conditions.stream()
                .filter(one -> one.operator().matches("=|= ANY|IS NULL"))
                .forEach(one -> btree.add(one.expression()));
        conditions.stream()
                .filter(one ->
                        one.operator().matches("[<>]=?") || (one.operator().equals("~~") && !likeAnywhere(one)))
                .findFirst()
                .ifPresent(
                        one -> btree.add(one.expression() + (one.operator().equals("~~") ? " text_pattern_ops" : "")));
        List<String> distinct = btree.stream().distinct().limit(MOST).toList();
        if (!distinct.isEmpty()) {
            return Optional.of(new Index(distinct, "btree"));
        }
        return other.map(
                one -> new Index(List.of(one.expression() + (likeAnywhere(one) ? " gin_trgm_ops" : "")), "gin"));
    }

    private static boolean likeAnywhere(Condition one) {
        return one.operator().startsWith("~~")
                && (one.operator().endsWith("*") || one.value().matches("'[%_].*"));
    }

    private static int depth(String text) {
        int depth = 0;
        for (int at = 0; at < text.length(); at++) {
            depth += text.charAt(at) == '(' ? 1 : text.charAt(at) == ')' ? -1 : 0;
        }
        return depth;
    }

    /** Without the parentheses around all of it. */
    private static String bare(String text) {
        String bare = text.strip();
        while (bare.startsWith("(") && closing(bare) == bare.length() - 1) {
            bare = bare.substring(1, bare.length() - 1).strip();
        }
        return bare;
    }

    private static int closing(String text) {
        int depth = 0;
        boolean quoted = false;
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            quoted ^= letter == '\'';
            depth += quoted ? 0 : letter == '(' ? 1 : letter == ')' ? -1 : 0;
            if (depth == 0) {
                return at;
            }
        }
        return -1;
    }

    private static List<String> split(String text, String word) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        boolean quoted = false;
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            quoted ^= letter == '\'';
            depth += quoted ? 0 : letter == '(' ? 1 : letter == ')' ? -1 : 0;
            if (!quoted && depth == 0 && text.startsWith(word, at)) {
                parts.add(text.substring(from, at));
                from = at + word.length();
            }
        }
        parts.add(text.substring(from));
        return parts;
    }
}
