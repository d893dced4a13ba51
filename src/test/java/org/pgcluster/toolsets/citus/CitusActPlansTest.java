package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;

/** What the acts would do, and what they refuse to try. Nothing is changed: the server may only plan. */
@Tag("lab")
class CitusActPlansTest {
    @TempDir
    Path folder;

    private Lab planning() {
        CitusLab.address("LAB_DSN");
        return Lab.connected(folder, "mode", "plan");
    }

    private static String planned(Lab lab, String act, Object... arguments) {
        Answer answer = lab.call(act, arguments);
        assertFalse(answer.isError(), answer.text());
        assertEquals("planned", answer.structured().get("status"));
        return answer.text();
    }

    private static String code(Lab lab, String act, Object... arguments) {
        return String.valueOf(lab.call(act, arguments).structured().get("code"));
    }

    private static String node(String order) throws java.sql.SQLException {
        return CitusLab.psql("SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE groupid > 0"
                        + " AND noderole = 'primary' ORDER BY groupid " + order)
                .get(0);
    }

    @Test
    void a_table_alone_cannot_be_rebalanced_and_a_strategy_must_exist() {
        try (Lab lab = planning()) {
            Answer table = lab.call("citus_rebalance_execute", "table", "orders");
            assertEquals("INVALID_INPUT", table.structured().get("code"));
            assertTrue(table.text().contains("whole clusters"), table.text());
            Answer strategy = lab.call("citus_rebalance_shards", "strategy", "by_luck");
            assertTrue(strategy.text().contains("by_disk_size, by_shard_count"), strategy.text());
        }
    }

    @Test
    void writes_are_blocked_only_when_somebody_says_so() throws Exception {
        try (Lab lab = planning()) {
            String shard = CitusLab.psql(
                            "SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass")
                    .get(0);
            String held = CitusLab.psql("SELECT nodename || ':' || nodeport FROM pg_dist_node JOIN pg_dist_placement"
                            + " USING (groupid) WHERE noderole = 'primary' AND shardid = " + shard)
                    .get(0);
            String target = held.equals(node("")) ? node("DESC") : node("");
            long id = Long.parseLong(shard);
            String online = planned(lab, "citus_move_shard_execute", "shard_id", id, "target_host", target);
            assertTrue(online.contains(", 'auto')") && !online.contains("'block_writes'"), online);
            String blocking = planned(
                    lab,
                    "citus_move_shard_execute",
                    "shard_id",
                    id,
                    "target_host",
                    target,
                    "shard_transfer_mode",
                    "block_writes");
            assertTrue(
                    blocking.contains(", 'block_writes')") && blocking.contains("wait for its whole copy"), blocking);
            String clicks = CitusLab.psql(
                            "SELECT shardid FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN"
                                    + " pg_dist_node USING (groupid) WHERE logicalrelid = 'clicks'::regclass AND nodename || ':' ||"
                                    + " nodeport <> '" + target + "' ORDER BY 1")
                    .get(0);
            Answer stuck =
                    lab.call("citus_move_shard_execute", "shard_id", Long.parseLong(clicks), "target_host", target);
            assertEquals("PRECONDITION_FAILED", stuck.structured().get("code"), stuck.text());
            assertTrue(stuck.text().contains("block_writes"), stuck.text());
        }
    }

    @Test
    void bytes_of_a_rebalance_come_from_the_nodes() throws Exception {
        try (Lab lab = planning()) {
            String text = planned(lab, "citus_drain_node", "node", node("DESC"), "shard_transfer_mode", "block_writes");
            assertFalse(text.contains(" 0 B"), text);
            assertTrue(text.contains("citus_set_node_property"), text);
            assertTrue(text.contains("drain_only => true"), text);
        }
    }

    @Test
    void a_node_that_patroni_manages_is_named_as_such() throws Exception {
        try (Lab lab = planning()) {
            String text = planned(lab, "citus_update_node", "node", node(""), "host", "127.0.0.1", "port", 9);
            assertTrue(text.contains("Patroni's group 1"), text);
            assertTrue(text.contains("127.0.0.1:9 answers"), text);
            assertEquals("PRECONDITION_FAILED", code(lab, "citus_remove_node", "node", node("")));
            assertEquals("PRECONDITION_FAILED", code(lab, "citus_disable_node", "node", node("")));
            assertEquals("PRECONDITION_FAILED", code(lab, "citus_add_node", "host", "127.0.0.1", "port", 9));
        }
    }

    @Test
    void what_does_not_exist_is_not_found() throws Exception {
        try (Lab lab = planning()) {
            List<List<Object>> calls = List.of(
                    List.of("citus_job_cancel", "job_id", 999_999),
                    List.of("citus_move_shard_execute", "shard_id", 1, "target_host", "2"),
                    List.of("citus_split_shard", "shard_id", 1, "split_points", List.of(1), "nodes", List.of("2", "2")),
                    List.of("citus_drain_node", "node", "nowhere:1"),
                    List.of("citus_isolate_tenant", "table", "nothing", "tenant", "1"));
            assertEquals(
                    CitusLab.movesSchemas() ? "NOT_FOUND" : "UNSUPPORTED",
                    code(lab, "citus_move_schema", "schema", "public", "node", "2"));
            for (List<Object> call : calls) {
                List<Object> arguments = new ArrayList<>(call.subList(1, call.size()));
                assertEquals("NOT_FOUND", code(lab, (String) call.get(0), arguments.toArray()), call.toString());
            }
        }
    }

    @Test
    void a_tenant_is_cast_to_the_whole_type_of_its_column() {
        try (Lab lab = planning()) {
            String text = planned(lab, "citus_isolate_tenant", "table", "orders", "tenant", "7");
            assertTrue(text.contains("'7'::integer, 'CASCADE'"), text);
        }
    }
}
