package org.pgcluster.checks.advice;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgcluster.checks.advice.Condition.Kind;

/**
 * Every index that could serve one use of a table: what is equal in front, then a range or the order of the rows; the
 * same with all columns that are read, and for the rows alone that a constant picks. Columns that are equal stand in one
 * order; {@link #orders} has the others.
 */
final class Candidates {
    private static final int MOST_EQUAL = 4;
    private static final int MOST_KEYS = 3;
    private static final int MOST_CARRIED = 4;
    private static final double WIDEST_CARRIED = 64;
    private static final int MOST = 120;
    private static final double WIDE_FOR_BTREE = 16;
    private static final double IN_ORDER = 0.9;
    private static final double PAGES_WORTH_BRIN = 1000;
    /** What picks more than this share of the rows needs no index of its own. */
    private static final double FEW = 0.5;
    /** A constant among more values than this is one of many: its own index would serve no other. */
    private static final double KINDS = 12;

    private final Access access;
    private final Facts facts;
    /** Each with how many of its first keys may change places. */
    private final Map<Candidate, Integer> found = new LinkedHashMap<>();

    private Candidates(Access access, Facts facts) {
        this.access = access;
        this.facts = facts;
    }

    static Map<Candidate, Integer> of(Access access, Facts facts) {
        Candidates candidates = new Candidates(access, facts);
        candidates.among(access.conditions());
        for (List<Condition> branch : access.alternatives()) {
            List<Condition> all = new ArrayList<>(branch);
            all.addAll(access.conditions());
            candidates.among(all);
        }
        return candidates.found;
    }

    private void among(List<Condition> conditions) {
        List<String> equal = expressions(conditions, Set.of(Kind.EQUAL, Kind.IS_NULL, Kind.FLAG, Kind.JOINED));
        List<String> ranges = expressions(conditions, Set.of(Kind.RANGE));
        conditions.stream().filter(one -> one.kind() == Kind.PREFIX).forEach(one -> {
            ranges.add(one.expression());
            ranges.add(one.expression() + " text_pattern_ops");
        });
        Map<List<String>, Integer> keys = new LinkedHashMap<>();
        for (List<String> front : subsets(equal)) {
            ended(front, ranges, keys);
        }
        ended(List.of(), ranges, keys);
        keys.forEach((list, free) -> add(Candidate.btree(access.table(), list), free));
        for (Condition condition : conditions) {
            if (picksFew(condition)) {
                keys.forEach((list, free) -> picked(list, free, condition));
            }
        }
        conditions.forEach(this::alone);
    }

    private static List<String> expressions(List<Condition> conditions, Set<Kind> kinds) {
        Set<String> expressions = new LinkedHashSet<>();
        conditions.stream()
                .filter(condition -> kinds.contains(condition.kind()))
                .forEach(condition -> expressions.add(condition.expression()));
        return new ArrayList<>(expressions);
    }

    /** Up to three of them; which are the first to be thought of is decided by how many rows they leave. */
    private List<List<String>> subsets(List<String> equal) {
        List<String> best = equal.stream()
                .sorted((one, other) -> Double.compare(distinct(other), distinct(one)))
                .limit(MOST_EQUAL)
                .toList();
        List<List<String>> subsets = new ArrayList<>();
        for (int bits = 1; bits < 1 << best.size(); bits++) {
            List<String> subset = new ArrayList<>();
            for (int at = 0; at < best.size(); at++) {
                if ((bits & 1 << at) != 0) {
                    subset.add(best.get(at));
                }
            }
            if (subset.size() <= MOST_KEYS) {
                subsets.add(subset);
            }
        }
        return subsets;
    }

    private double distinct(String expression) {
        return facts.column(expression).map(Facts.Column::distinct).orElse(facts.rows());
    }

    private void ended(List<String> front, List<String> ranges, Map<List<String>, Integer> keys) {
        put(front, front.size(), keys);
        for (String range : ranges) {
            put(joined(front, List.of(range)), front.size(), keys);
        }
        for (List<String> order : access.orders()) {
            put(joined(front, order), front.size(), keys);
        }
        for (List<String> group : access.groups()) {
            put(joined(front, group), front.size(), keys);
        }
    }

    private static void put(List<String> list, int free, Map<List<String>, Integer> keys) {
        if (!list.isEmpty()) {
            keys.putIfAbsent(list, free);
        }
    }

    private static List<String> joined(List<String> front, List<String> end) {
        List<String> joined = new ArrayList<>(front);
        for (String key : end) {
            String column = key.split(" ", 2)[0];
            if (joined.stream().noneMatch(one -> one.equals(key) || one.equals(column))) {
                joined.add(key);
            }
        }
        return joined.subList(0, Math.min(joined.size(), MOST_KEYS + 2));
    }

    private void add(Candidate candidate, int free) {
        if (found.size() >= MOST) {
            return;
        }
        found.putIfAbsent(candidate, free);
        List<String> carried = access.needed().stream()
                .filter(column ->
                        candidate.keys().stream().noneMatch(key -> key.equals(column) || key.startsWith(column + " ")))
                .toList();
        double width = carried.stream().mapToDouble(facts::width).sum();
        boolean plain = facts.columns().keySet().containsAll(access.needed());
        if (plain && !carried.isEmpty() && carried.size() <= MOST_CARRIED && width <= WIDEST_CARRIED) {
            found.putIfAbsent(candidate.including(carried), free);
        }
    }

    private boolean picksFew(Condition condition) {
        double nulls = condition
                .column()
                .flatMap(facts::column)
                .map(Facts.Column::nulls)
                .orElse(0.0);
        return switch (condition.kind()) {
            case EQUAL ->
                condition.constant()
                        && !condition.value().startsWith("ANY")
                        && distinct(condition.expression()) <= KINDS;
            case IS_NULL -> nulls < FEW;
            case NOT_NULL -> nulls > FEW;
            case FLAG -> true;
            case JOINED, RANGE, PREFIX, INSIDE -> false;
        };
    }

    /** The rows are picked by the predicate, so the column need not be a key. */
    private void picked(List<String> keys, int free, Condition condition) {
        List<String> others =
                keys.stream().filter(key -> !key.equals(condition.expression())).toList();
        boolean removed = others.size() < keys.size();
        List<String> left = others.isEmpty() ? keys : others;
        int stillFree = removed && !others.isEmpty() ? Math.max(0, free - 1) : free;
        add(Candidate.btree(access.table(), left).where(condition.sql()), stillFree);
    }

    /** Smaller kinds of index for one column. */
    private void alone(Condition condition) {
        condition.column().flatMap(facts::column).ifPresent(column -> {
            Candidate one = Candidate.btree(access.table(), List.of(column.name()));
            if (condition.kind() == Kind.EQUAL && column.width() >= WIDE_FOR_BTREE) {
                found.putIfAbsent(one.by("hash"), 0);
            }
            boolean between = condition.kind() == Kind.RANGE || condition.kind() == Kind.EQUAL;
            if (between
                    && !facts.partitioned()
                    && Math.abs(column.correlation()) >= IN_ORDER
                    && facts.pages() >= PAGES_WORTH_BRIN) {
                found.putIfAbsent(one.by("brin"), 0);
            }
        });
    }

    /** The same index with its exchangeable keys in every order. */
    static Collection<Candidate> orders(Candidate candidate, int free) {
        Set<Candidate> orders = new LinkedHashSet<>();
        permute(
                new ArrayList<>(candidate.keys()),
                0,
                Math.min(free, candidate.keys().size()),
                candidate,
                orders);
        return orders;
    }

    private static void permute(List<String> keys, int from, int free, Candidate candidate, Set<Candidate> orders) {
        if (from >= free) {
            orders.add(candidate.ordered(keys));
            return;
        }
        for (int at = from; at < free; at++) {
            Collections.swap(keys, from, at);
            permute(keys, from + 1, free, candidate, orders);
            Collections.swap(keys, from, at);
        }
    }

    /** One index for two: the second's keys behind the first's, and what both carry. */
    static List<Candidate> merged(Candidate one, Candidate other) {
        boolean alike = one.table().equals(other.table())
                && one.method().equals("btree")
                && other.method().equals("btree")
                && one.where().equals(other.where())
                && one.keys().get(0).equals(other.keys().get(0));
        if (!alike) {
            return List.of();
        }
        Set<String> keys = new LinkedHashSet<>(one.keys());
        keys.addAll(other.keys());
        Set<String> carried = new LinkedHashSet<>(one.include());
        carried.addAll(other.include());
        carried.removeAll(keys);
        boolean small = keys.size() <= MOST_KEYS + 1 && carried.size() <= MOST_CARRIED + 2;
        return small && !one.equals(other)
                ? List.of(one.ordered(List.copyOf(keys)).including(List.copyOf(carried)))
                : List.of();
    }
}
