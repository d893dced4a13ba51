package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.pgcluster.checks.advice.Access;
import org.pgcluster.checks.advice.Candidate;
import org.pgcluster.checks.advice.Condition;
import org.pgcluster.checks.advice.Facts;

/** An index that may help and that nobody can plan with before it is built. */
public record Unproven(String index, String why, String query) {
    private static final int MOST = 8;
    private static final double WORTH = 1000;

    /** Kinds of index that hypopg does not know, by the operators that only they answer. */
    static List<Unproven> kinds(List<Planning.Taken> taken, Map<String, Facts> facts, Predicates predicates) {
        Map<String, Unproven> found = new LinkedHashMap<>();
        for (int at = 0; at < taken.size(); at++) {
            String query = "q" + (at + 1);
            for (Access access : taken.get(at).accesses()) {
                Facts known = facts.get(access.table());
                if (known == null || known.rows() < WORTH) {
                    continue;
                }
                access.conditions().stream()
                        .filter(one -> one.kind() == Condition.Kind.INSIDE)
                        .forEach(one -> inside(one, known, query)
                                .map(idea -> idea.measured(predicates.kept(access.table(), one)))
                                .ifPresent(idea -> found.putIfAbsent(idea.index(), idea)));
                access.nearest()
                        .forEach(one ->
                                nearest(one, known, query).ifPresent(idea -> found.putIfAbsent(idea.index(), idea)));
            }
        }
        return found.values().stream().limit(MOST).toList();
    }

    /** What pg_qualstats counted tells how much such an index could leave unread. */
    private Unproven measured(Optional<Double> kept) {
        return kept.map(share -> new Unproven(
                        index,
                        why + "; pg_qualstats: its filter kept " + String.format(Locale.ROOT, "%.3g", 100 * share)
                                + " % of the rows read",
                        query))
                .orElse(this);
    }

    private static Optional<Unproven> inside(Condition condition, Facts facts, String query) {
        String type = condition
                .column()
                .map(name -> facts.columns().get(name))
                .map(Facts.Column::type)
                .orElse("text");
        String operator = condition.operator();
        if (operator.contains("~")) {
            return Optional.of(gin(
                    facts,
                    condition.expression() + " gin_trgm_ops",
                    "trigrams (pg_trgm) find "
                            + (condition.constant() ? "text inside" : "text inside, if patterns begin with %"),
                    query));
        }
        if (type.equals("jsonb") || type.endsWith("[]") || type.equals("tsvector") || type.equals("hstore")) {
            return Optional.of(gin(facts, condition.expression(), "GIN answers " + operator + " of " + type, query));
        }
        boolean spatial = type.endsWith("range")
                || Set.of("point", "box", "polygon", "circle", "geometry", "geography", "inet", "cidr")
                        .contains(type);
        return spatial
                ? Optional.of(
                        of(facts, "gist", condition.expression(), "GiST answers " + operator + " of " + type, query))
                : Optional.empty();
    }

    private static Optional<Unproven> nearest(String expression, Facts facts, String query) {
        String column = expression.split(" ", 2)[0];
        Facts.Column known = facts.columns().get(column);
        if (known == null) {
            return Optional.empty();
        }
        if (known.type().equals("vector")) {
            String operators = expression.contains("<=>")
                    ? "vector_cosine_ops"
                    : expression.contains("<#>") ? "vector_ip_ops" : "vector_l2_ops";
            return Optional.of(of(
                    facts, "hnsw", column + " " + operators, "HNSW finds near vectors, not always the nearest", query));
        }
        return Optional.of(of(facts, "gist", column, "GiST finds the nearest in order", query));
    }

    private static Unproven gin(Facts facts, String key, String why, String query) {
        return of(facts, "gin", key, why, query);
    }

    private static Unproven of(Facts facts, String method, String key, String why, String query) {
        return new Unproven(
                "CREATE INDEX " + (facts.partitioned() ? "" : "CONCURRENTLY ") + "ON " + facts.table() + " USING "
                        + method + " (" + key + ")",
                why,
                query);
    }

    /** What a rule of thumb says where no planner can be asked: what is equal in front, then one range. */
    static List<Unproven> byRule(List<Planning.Taken> taken, Map<String, Facts> facts, String why) {
        Map<Candidate, String> found = new LinkedHashMap<>();
        for (int at = 0; at < taken.size(); at++) {
            for (Access access : taken.get(at).accesses()) {
                Facts known = facts.get(access.table());
                if (known != null && known.rows() >= WORTH) {
                    Optional<Candidate> idea = rule(access, known);
                    String query = "q" + (at + 1);
                    idea.filter(one -> known.indexes().stream()
                                    .noneMatch(there -> there.shape().serves(one)))
                            .ifPresent(one -> found.putIfAbsent(one, query));
                }
            }
        }
        found.keySet()
                .removeIf(one ->
                        Set.copyOf(found.keySet()).stream().anyMatch(other -> !other.equals(one) && other.serves(one)));
        Set<Object> said = new HashSet<>();
        found.keySet().removeIf(one -> !said.add(List.of(one.table(), Set.copyOf(one.keys()))));
        List<Unproven> all = new ArrayList<>();
        found.forEach((candidate, query) -> {
            boolean whole = Objects.requireNonNull(facts.get(candidate.table())).partitioned();
            all.add(new Unproven(
                    whole ? candidate.ddl().replaceFirst(" CONCURRENTLY", "") : candidate.ddl(), why, query));
        });
        return all.stream().limit(MOST).toList();
    }

    private static Optional<Candidate> rule(Access access, Facts facts) {
        List<String> keys = new ArrayList<>();
        access.conditions().stream()
                .filter(one -> one.kind() == Condition.Kind.EQUAL)
                .map(Condition::expression)
                .distinct()
                .sorted((one, other) -> Double.compare(distinct(other, facts), distinct(one, facts)))
                .limit(2)
                .forEach(keys::add);
        access.conditions().stream()
                .filter(one ->
                        one.kind() == Condition.Kind.RANGE || (keys.isEmpty() && one.kind() == Condition.Kind.JOINED))
                .map(Condition::expression)
                .filter(one -> !keys.contains(one))
                .findFirst()
                .ifPresent(keys::add);
        return keys.isEmpty() ? Optional.empty() : Optional.of(Candidate.btree(access.table(), keys));
    }

    private static double distinct(String expression, Facts facts) {
        Facts.Column column = facts.columns().get(expression);
        return column == null ? facts.rows() : column.distinct();
    }
}
