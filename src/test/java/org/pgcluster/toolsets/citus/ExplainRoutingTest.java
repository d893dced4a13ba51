package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.citus.TableKind;

/** Conditions as plans of different versions of PostgreSQL word them. */
class ExplainRoutingTest {
    private static final ExplainTables.ShardTable ORDERS = new ExplainTables.ShardTable(
            102022, "public", "orders", TableKind.DISTRIBUTED, "tenant_id", "integer", 2, 12);

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            (orders.tenant_id = $0)                          | citus.explain.value_of_subquery
            (orders.tenant_id = (InitPlan 1).col1)           | citus.explain.value_of_subquery
            (hashed SubPlan 1)                               | citus.explain.no_key_filter
            (orders.tenant_id = (1 + (random())::integer))   | citus.explain.computed_value
            (orders.tenant_id > 5)                           | citus.explain.range
            """)
    void what_stands_in_the_way_is_read_from_the_condition(String condition, String finding) {
        PlanNode scan = PlanNode.root(Map.of(
                "Node Type", "Seq Scan", "Relation Name", "orders_102022", "Alias", "orders", "Filter", condition));
        var task = new ExplainParts.Task("127.0.0.1:5432", null, List.of(scan), null);
        var part = new ExplainParts.Part("statement", false, 12, false, List.of(task));
        assertEquals(
                finding,
                ExplainRouting.why(part, Map.of(102022L, ORDERS), UnaryOperator.identity())
                        .orElseThrow()
                        .id());
    }
}
