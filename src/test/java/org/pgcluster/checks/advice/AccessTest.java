package org.pgcluster.checks.advice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.checks.plan.PlanNode;

/** What is read out of the texts of plans, as real servers write them. */
class AccessTest {
    private static final Set<String> ALIASES = Set.of("o", "c", "Big One");

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            (o.status = 7)                                             | o EQUAL status
            ((o.status = 7) AND (o.placed >= '2024-01-01'::date))      | o EQUAL status, o RANGE placed
            (o.status = ANY ('{1,2}'::integer[]))                      | o EQUAL status
            ((c.name)::text = 'it''s (odd) AND'::text)                 | c EQUAL name
            (lower((c.name)::text) = 'x'::text)                        | c EQUAL (lower((name)::text))
            (o.customer_id = c.id)                                     | o JOINED customer_id, c JOINED id
            (5 > o.placed)                                             | o RANGE placed
            (o.placed > (now() - '01:00:00'::interval))                | o RANGE placed
            (c.name ~~ 'ab%'::text)                                    | c PREFIX name
            (c.name ~~ '%ab%'::text)                                   | c INSIDE name
            (c.name ~~ $1)                                             | c INSIDE name
            (o.tags @> '{a}'::text[])                                  | o INSIDE tags
            (o.gone IS NULL)                                           | o IS_NULL gone
            (o.gone IS NOT NULL)                                       | o NOT_NULL gone
            o.paid                                                     | o FLAG paid
            (NOT o.paid)                                               | o FLAG paid
            (o.status <> 7)                                            | ~~
            (o.total > (c.credit + 1))                                 | ~~
            (hashed SubPlan 1)                                         | ~~
            ((o.status = 7) OR (o.total > 3))                          | ~~
            ("Big One"."Odd" = 3)                                      | Big One EQUAL "Odd"
            ((o.doc ->> 'k'::text) = 'v'::text)                        | o EQUAL (o.doc ->> 'k'::text)
            """)
    void a_condition_tells_what_an_index_could_answer(String text, String wanted) {
        List<String> told = Condition.all(text, ALIASES).stream()
                .map(one -> one.alias() + " " + one.kind() + " " + one.expression())
                .toList();
        assertEquals(
                wanted.replace("(o.doc", "(doc"),
                String.join(", ", told),
                () -> String.valueOf(Condition.all(text, ALIASES)));
    }

    @Test
    void each_branch_of_an_or_stands_for_itself() {
        List<List<Condition>> branches =
                Condition.alternatives("((o.a = 1) AND ((o.b = 2) OR ((o.c = 3) AND (o.d > 4))))", ALIASES);
        assertEquals(
                List.of(List.of("b"), List.of("c", "d")),
                branches.stream()
                        .map(branch ->
                                branch.stream().map(Condition::expression).toList())
                        .toList());
    }

    @Test
    void a_plan_tells_what_a_table_is_sorted_by_and_which_columns_are_read() {
        Map<String, Object> scan = Map.of(
                "Node Type", "Seq Scan",
                "Relation Name", "orders",
                "Schema", "public",
                "Alias", "o",
                "Output", List.of("o.id", "o.wide", "o.total", "o.placed"),
                "Filter", "(o.status = 1)");
        Map<String, Object> sort = Map.of(
                "Node Type", "Sort",
                "Sort Key", List.of("o.placed DESC", "o.id DESC"),
                "Output", List.of("o.placed", "o.id", "(sum(o.total))"),
                "Plans",
                        List.of(Map.of(
                                "Node Type", "Aggregate",
                                "Group Key", List.of("o.placed", "o.id"),
                                "Output", List.of("o.placed", "o.id", "sum(o.total)"),
                                "Plans", List.of(scan))));
        Access access = Access.in(PlanNode.root(sort)).get(0);
        assertEquals("public.orders", access.table());
        assertEquals(List.of(List.of("placed", "id")), access.orders());
        assertEquals(List.of(List.of("placed", "id")), access.groups());
        assertEquals(Set.of("status", "placed", "id", "total"), access.needed());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            id                                             | id
            "Odd"                                          | "Odd"
            max(sent)                                      | sent
            count(*)                                       | ~~
            sum((price * ('1'::numeric - rebate)))         | price, rebate
            date_trunc('day'::text, placed)                | placed
            CASE WHEN (state = 'a b'::text) THEN x ELSE y END | state, x, y
            (price)::double precision                      | price
            """)
    void outputs_of_one_table_name_columns_alone(String text, String wanted) {
        assertEquals(
                wanted,
                String.join(
                        ", ",
                        Text.columns(Text.qualified(text, "o"), ALIASES).stream()
                                .map(Text.Column::name)
                                .toList()));
    }

    @Test
    void what_is_written_in_the_catalogue_is_what_plans_write() {
        Candidate there = Candidate.described(
                "public.orders",
                "btree",
                List.of("placed DESC", "lower((name)::text) text_pattern_ops", "\"Odd\""),
                List.of("total"),
                "((status = 'open'::text))");
        assertEquals(
                new Candidate(
                        "public.orders",
                        "btree",
                        List.of("placed DESC", "(lower((name)::text)) text_pattern_ops", "\"Odd\""),
                        List.of("total"),
                        Optional.of("status = 'open'::text")),
                there);
        assertTrue(there.serves(
                Candidate.btree("public.orders", List.of("placed DESC")).where("status = 'open'::text")));
    }
}
