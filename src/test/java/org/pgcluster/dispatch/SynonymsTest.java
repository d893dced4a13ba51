package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Problems;

/** Arguments that clients of other servers give. */
class SynonymsTest {
    private static Map<String, ?> resolved(String tool, Map<String, ?> given, Problems problems) {
        Listed listed = new Listed("citus", tool, "READS", "CLUSTER", "{}");
        return Synonyms.resolved(listed, List.of(), new java.util.LinkedHashMap<>(given), problems);
    }

    private static String refusal(String tool, Map<String, ?> given) {
        Problems problems = new Problems();
        resolved(tool, given, problems);
        return assertThrows(ToolException.class, problems::throwIfAny).text();
    }

    @Test
    void what_an_answer_always_holds_may_be_asked_for() {
        Problems problems = new Problems();
        assertEquals(
                Map.of("shard_id", 5),
                resolved("citus_move_shard_plan", Map.of("shard_id", 5, "colocated", true), problems));
        assertEquals(Map.of(), resolved("citus_advisor", Map.of("focus", "all", "include_next_steps", true), problems));
        assertDoesNotThrow(problems::throwIfAny);
    }

    @Test
    void what_would_do_nothing_is_refused_with_the_reason() {
        assertTrue(refusal("citus_rebalance_plan", Map.of("drain_only", true)).contains("citus_drain_node"));
        assertTrue(
                refusal("citus_rebalance_shards", Map.of("max_shard_moves", 3)).contains("whole plan"));
        assertEquals(
                Map.of("drain_only", true),
                resolved("citus_rebalance_execute", Map.of("drain_only", true), new Problems()));
        assertTrue(refusal("citus_move_shard_plan", Map.of("colocated", false)).contains("always move together"));
        assertTrue(refusal("citus_move_shard_execute", Map.of("drop_method", "auto"))
                .contains("by itself"));
    }
}
