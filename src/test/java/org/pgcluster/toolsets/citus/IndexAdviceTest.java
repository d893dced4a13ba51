package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Index advice on a coordinator, whose own tables are empty shells: what nobody planned is never given a cost. */
@Tag("lab")
class IndexAdviceTest {
    @TempDir
    Path state;

    private CitusLab lab;

    @BeforeEach
    void start() {
        lab = CitusLab.user(state);
    }

    @AfterEach
    void stop() {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    void what_plans_of_shards_suggest_is_named_on_the_distributed_table_without_a_cost() {
        Map<?, ?> advice = lab.call(
                "recommend_indexes",
                "queries",
                List.of(
                        "SELECT * FROM orders WHERE tenant_id = 3 AND note = 'new'",
                        "SELECT * FROM orders WHERE tenant_id = $1 AND amount > $2",
                        "UPDATE orders SET status = $1 WHERE tenant_id = $2 AND placed_at < $3",
                        "SELECT count(*) FROM readings WHERE value > 3",
                        "SELECT status, count(*) FROM orders WHERE order_id = $1 GROUP BY 1 LIMIT $2"));
        assertEquals(List.of(), advice.get("recommended"));
        String unproven = String.valueOf(advice.get("unproven"));
        for (String wanted : List.of(
                "note", "(tenant_id, amount)", "(tenant_id, placed_at)", "public.readings", "btree (order_id)")) {
            assertTrue(unproven.contains(wanted), wanted + " in " + unproven);
        }
        assertTrue(unproven.contains("shards are on other nodes"), unproven);
        assertEquals(List.of(), advice.get("skipped"));
        rows(advice, "statements").forEach(one -> assertEquals(null, one.get("before"), one.toString()));
    }

    @Test
    void a_hypothetical_index_of_a_distributed_table_is_refused_instead_of_shown_as_useless() {
        String told = lab.error(
                "explain_query",
                "sql",
                "SELECT * FROM orders WHERE note = 'x'",
                "hypothetical_indexes",
                List.of(Map.of("table", "orders", "columns", List.of("note"))));
        assertTrue(told.contains("UNSUPPORTED") && told.contains("recommend_indexes"), told);
    }
}
