package org.pgcluster.checks.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.pgcluster.shape.JsonText;

/** Plans as PostgreSQL measured them, cut to what the shares are made of; what is expected is counted by hand. */
class PlanSharesTest {
    private static PlanNode plan(String json) {
        return PlanNode.root((Map<?, ?>) Objects.requireNonNull(JsonText.read(json)));
    }

    private static Map<String, Long> microseconds(PlanNode root) {
        PlanShares shares = PlanShares.of(root);
        return root.all()
                .collect(Collectors.toMap(
                        PlanLine::name,
                        node -> Math.round(1000 * shares.own(node)),
                        (one, other) -> one + other,
                        TreeMap::new));
    }

    private static long sum(Map<String, Long> microseconds) {
        return microseconds.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * The outer scan waits 100 ms for the first row and then asks the InitPlan, whose scan pulls the other rows: 12 ms
     * of the CTE's 112.
     */
    @Test
    void a_cte_that_two_scans_pull_in_turn_is_counted_once() {
        Map<String, Long> own = microseconds(plan("""
                {"Node Type": "Aggregate", "Partial Mode": "Simple", "Actual Total Time": 130.0, "Actual Loops": 1, "Plans": [
                  {"Node Type": "Aggregate", "Partial Mode": "Simple", "Parent Relationship": "InitPlan", "Subplan Name": "CTE c",
                   "Strategy": "Hashed", "Actual Total Time": 112.0, "Actual Loops": 1},
                  {"Node Type": "Aggregate", "Partial Mode": "Simple", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 2",
                   "Actual Total Time": 20.0, "Actual Loops": 1, "Plans": [
                    {"Node Type": "CTE Scan", "CTE Name": "c", "Alias": "c_1", "Parent Relationship": "Outer",
                     "Actual Total Time": 17.0, "Actual Loops": 1}]},
                  {"Node Type": "CTE Scan", "CTE Name": "c", "Filter": "((c.n)::numeric > (InitPlan 2).col1)",
                   "Parent Relationship": "Outer", "Actual Total Time": 125.0, "Actual Loops": 1}]}
                """));
        assertEquals(130_000, sum(own));
        assertEquals(112_000, own.get("CTE c: HashAggregate"));
        assertEquals(3_000, own.get("InitPlan 2: Aggregate"));
        // 125 - 20 are 105 of the outer scan, all of them the CTE's, and the other 7 are of the inner one's 17.
        assertEquals(10_000, own.get("CTE Scan on c"));
    }

    @Test
    void what_workers_are_given_is_computed_by_the_gather_above_them() {
        Map<String, Long> own = microseconds(plan("""
                {"Node Type": "Aggregate", "Partial Mode": "Simple", "Actual Total Time": 100.0, "Actual Loops": 1, "Plans": [
                  {"Node Type": "Result", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $0)",
                   "Actual Total Time": 30.0, "Actual Loops": 1},
                  {"Node Type": "Gather", "Parent Relationship": "Outer", "Actual Total Time": 98.0, "Actual Loops": 1,
                   "Plans": [
                    {"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "orders", "Schema": "public",
                     "Filter": "(region = $0)", "Parent Relationship": "Outer", "Actual Total Time": 60.0,
                     "Actual Loops": 3}]}]}
                """));
        assertEquals(100_000, sum(own));
        assertEquals(60_000, own.get("Seq Scan on orders"));
        assertEquals(8_000, own.get("Gather"));
    }

    @Test
    void a_limit_that_is_itself_asked_for_has_the_time_of_its_question() {
        Map<String, Long> own = microseconds(plan("""
                {"Node Type": "Limit", "Actual Total Time": 50.0, "Actual Loops": 1, "Plans": [
                  {"Node Type": "Aggregate", "Partial Mode": "Simple", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1",
                   "Actual Total Time": 40.0, "Actual Loops": 1},
                  {"Node Type": "Seq Scan", "Relation Name": "few", "Alias": "few", "Schema": "public",
                   "Parent Relationship": "Outer", "Actual Total Time": 9.0, "Actual Loops": 1}]}
                """));
        assertEquals(50_000, sum(own));
        assertEquals(1_000, own.get("Limit"));
    }

    @Test
    void two_parts_of_one_name_belong_to_the_queries_that_hold_them() {
        String part = """
                {"Node Type": "Subquery Scan", "Actual Total Time": %1$s.0, "Actual Loops": 1, "Plans": [
                  {"Node Type": "Result", "Parent Relationship": "InitPlan", "Subplan Name": "CTE c",
                   "Actual Total Time": %2$s.0, "Actual Loops": 1},
                  {"Node Type": "CTE Scan", "CTE Name": "c", "Parent Relationship": "Outer",
                   "Actual Total Time": %1$s.0, "Actual Loops": 1}]}
                """;
        Map<String, Long> own = microseconds(plan("""
                {"Node Type": "Append", "Actual Total Time": 100.0, "Actual Loops": 1, "Plans": [%s, %s]}
                """.formatted(part.formatted(70, 10), part.formatted(30, 25))));
        assertEquals(100_000, sum(own));
        assertEquals(65_000, own.get("CTE Scan on c"));
    }

    @Test
    void a_part_that_never_ran_takes_nothing() {
        Map<String, Long> own = microseconds(plan("""
                {"Node Type": "Result", "One-Time Filter": "($0 > 1)", "Actual Total Time": 10.0, "Actual Loops": 1,
                 "Plans": [
                  {"Node Type": "Result", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $0)",
                   "Actual Total Time": 4.0, "Actual Loops": 1},
                  {"Node Type": "Seq Scan", "Relation Name": "few", "Alias": "few", "Schema": "public",
                   "Parent Relationship": "Outer", "Actual Total Time": 0.0, "Actual Loops": 0}]}
                """));
        assertEquals(Map.of("Result", 6_000L, "InitPlan 1 (returns $0): Result", 4_000L, "Seq Scan on few", 0L), own);
    }
}
