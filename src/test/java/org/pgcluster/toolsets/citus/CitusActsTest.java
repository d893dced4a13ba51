package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.pgcluster.dispatch.Answer;

/** The acts on a real cluster that grows by a worker, each followed to its end. */
class CitusActsTest extends OwnEstate {
    CitusActsTest() {
        super("citusacts");
    }

    @Test
    @Order(1)
    void one_table_without_identity_stops_a_rebalance_before_it_starts() throws SQLException {
        String text = act().refused("citus_rebalance_shards", "strategy", "by_disk_size");
        assertTrue(text.contains("clicks") && text.contains("block_writes"), text);
        assertEquals(List.of("0"), psql("SELECT count(*) FROM pg_dist_background_job"));
        psql("ALTER TABLE clicks REPLICA IDENTITY FULL");
    }

    @Test
    @Order(2)
    void a_job_whose_server_is_gone_is_cancelled_and_what_it_moved_stays() throws SQLException {
        String job = psql("SELECT citus_rebalance_start()").get(0);
        Answer cancelled = act().done("citus_job_cancel", "job_id", Long.parseLong(job));
        assertTrue(cancelled.text().contains("is cancelled"), cancelled.text());
        assertEquals(List.of("cancelled"), psql("SELECT state FROM pg_dist_background_job WHERE job_id = " + job));
        assertTrue(
                act().refused("citus_job_cancel", "job_id", Long.parseLong(job)).contains("has not ended"));
    }

    @Test
    @Order(3)
    void a_rebalance_that_is_followed_can_be_stopped() throws SQLException {
        Answer stopped;
        try (Connection writer = act().connectTo(act().worker(""))) {
            writer.setAutoCommit(false);
            CitusLab.psql(writer, "SELECT txid_current()"); // what a slot waits for before it can begin
            Answer first = act().started("citus_rebalance_execute");
            assertTrue(Acting.running(first), first.text());
            Object operation = Objects.requireNonNull(first.structured().get("operation"));
            act().call("operation_cancel", "operation", operation);
            stopped = act().ended(first);
        }
        assertTrue(stopped.text().contains("Stopped: job"), stopped.text());
        assertEquals(
                List.of("0"),
                psql("SELECT count(*) FROM pg_dist_background_job WHERE state IN ('running', 'scheduled')"));
    }

    @Test
    @Order(4)
    void a_new_worker_gets_its_share() throws SQLException {
        act().done("citus_rebalance_shards", "strategy", "by_shard_count");
        long fewest = Math.min(act().shards(act().worker("")), act().shards(act().worker("DESC")));
        assertTrue(fewest >= 20, "shards of the emptier node: " + fewest);
        Answer again = act().done("citus_rebalance_execute", "strategy", "by_shard_count");
        assertTrue(again.text().contains("Nothing had to move"), again.text());
    }

    @Test
    @Order(5)
    void a_shard_moves_with_its_neighbours_and_back() throws Exception {
        String from = act().worker("");
        String to = act().worker("DESC");
        String shard = act().shardOf("orders", from);
        assertNotNull(shard);
        long before = act().shards(to);
        act().done("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to);
        assertEquals(before + 3, act().shards(to));
        assertTrue(act().refused("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to)
                .contains("does not hold it yet"));
        CitusLab.awaitCleanup(act()::psql);
        act().done("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", from);
        assertEquals(before, act().shards(to));
    }

    @Test
    @Order(6)
    void a_move_for_which_there_is_no_room_is_not_tried() throws SQLException {
        String shard = act().shardOf("orders", act().worker(""));
        psql("ALTER SYSTEM SET citus.desired_percent_disk_available_after_move = 99.9");
        psql("SELECT pg_reload_conf()");
        try {
            String text = act().refused(
                            "citus_move_shard_execute",
                            "shard_id",
                            Long.parseLong(shard),
                            "target_host",
                            act().worker("DESC"));
            assertTrue(text.contains("of its disk free"), text);
        } finally {
            psql("ALTER SYSTEM RESET citus.desired_percent_disk_available_after_move");
            psql("SELECT pg_reload_conf()");
        }
    }

    @Test
    @Order(7)
    void a_tenant_gets_a_shard_of_its_own() throws SQLException {
        act().done("citus_isolate_tenant", "table", "orders", "tenant", "7");
        String alone = psql("SELECT count(*) FROM pg_dist_shard WHERE shardminvalue = shardmaxvalue"
                        + " AND shardid = get_shard_id_for_distribution_column('orders', 7)")
                .get(0);
        assertEquals("1", alone);
        assertTrue(act().refused("citus_isolate_tenant", "table", "orders", "tenant", "7")
                .contains("isolated"));
    }

    @Test
    @Order(8)
    void a_shard_is_split_over_two_nodes() throws SQLException {
        String from = act().worker("");
        String shard = act().shardOf("clicks", from);
        List<String> range =
                psql("SELECT unnest(ARRAY[shardminvalue, shardmaxvalue]) FROM pg_dist_shard WHERE shardid = " + shard);
        int middle = (int) ((Long.parseLong(range.get(0)) + Long.parseLong(range.get(1))) / 2);
        List<String> nodes = List.of(from, act().worker("DESC"));
        String text = act().refused(
                        "citus_split_shard",
                        "shard_id",
                        Long.parseLong(shard),
                        "split_points",
                        List.of(Integer.parseInt(range.get(1))),
                        "nodes",
                        nodes);
        assertTrue(text.contains("ascend within"), text);
        Answer split = act().done(
                        "citus_split_shard",
                        "shard_id",
                        Long.parseLong(shard),
                        "split_points",
                        List.of(middle),
                        "nodes",
                        nodes);
        assertTrue(split.text().contains("in 2 shards"), split.text());
        assertEquals(List.of("5"), psql("SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'clicks'::regclass"));
    }

    @Test
    @Order(9)
    void a_schema_moves_as_a_whole() throws SQLException {
        if (psql("SELECT proname FROM pg_proc WHERE proname = 'citus_schema_move'")
                .isEmpty()) {
            Answer refused = act().call("citus_move_schema", "schema", "tenant_a", "node", act().worker(""));
            assertEquals("UNSUPPORTED", refused.structured().get("code"), refused.text());
            return;
        }
        String at = psql("SELECT nodeid FROM pg_dist_node JOIN pg_dist_placement USING (groupid)"
                        + " JOIN pg_dist_shard USING (shardid) WHERE logicalrelid = 'tenant_a.notes'::regclass")
                .get(0);
        String to = at.equals(act().worker("")) ? act().worker("DESC") : act().worker("");
        act().done("citus_move_schema", "schema", "tenant_a", "node", to);
        assertEquals(
                to,
                psql("SELECT nodeid FROM pg_dist_node JOIN pg_dist_placement USING (groupid)"
                                + " JOIN pg_dist_shard USING (shardid) WHERE logicalrelid = 'tenant_a.notes'::regclass")
                        .get(0));
        assertTrue(act().refused("citus_move_schema", "schema", "tenant_a", "node", to)
                .contains("there already"));
    }

    @Test
    @Order(10)
    void a_worker_is_drained_disabled_removed_and_comes_back() throws SQLException {
        String node = act().worker("DESC");
        assertTrue(act().refused("citus_remove_node", "node", node).contains("citus_drain_node"));
        act().done("citus_drain_node", "node", node);
        assertEquals(0, act().shards(node));
        String address = psql("SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE nodeid = " + node)
                .get(0);
        String host = address.substring(0, address.lastIndexOf(':'));
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        act().done("citus_disable_node", "node", node);
        assertEquals(List.of("f"), psql("SELECT isactive FROM pg_dist_node WHERE nodeid = " + node));
        act().done("citus_activate_node", "node", node);
        Answer properties = act().done("citus_set_node_property", "node", node, "should_have_shards", true);
        assertTrue(properties.text().contains("takes shards"), properties.text());
        act().done("citus_remove_node", "node", node);
        assertEquals(List.of("0"), psql("SELECT count(*) FROM pg_dist_node WHERE nodeid = " + node));
        Answer added = act().done("citus_add_node", "host", host, "port", port);
        assertTrue(added.text().contains("registered and active"), added.text());
        act().done("citus_replicate_reference_tables");
        assertEquals(
                List.of("3"),
                psql("SELECT count(*) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)"
                        + " WHERE logicalrelid = 'countries'::regclass"));
        act().done("citus_sync_metadata", "node", address);
        act().done("citus_rebalance_execute");
        assertTrue(act().shards(act().worker("DESC")) > 0);
    }

    @Test
    @Order(11)
    void a_drain_that_would_fail_is_not_begun() throws SQLException {
        String node = act().worker("DESC");
        psql("ALTER TABLE clicks REPLICA IDENTITY DEFAULT");
        try {
            assertTrue(act().refused("citus_drain_node", "node", node).contains("clicks"));
        } finally {
            psql("ALTER TABLE clicks REPLICA IDENTITY FULL");
        }
        assertEquals(List.of("t"), psql("SELECT shouldhaveshards FROM pg_dist_node WHERE nodeid = " + node));
    }

    @Test
    @Order(12)
    void a_restore_point_is_on_every_node() {
        Answer answer = act().done("citus_create_restore_point", "name", "before \"it's\" 7");
        assertTrue(answer.text().contains("on 3 nodes"), answer.text());
    }

    @Test
    @Order(13)
    void what_a_crash_left_prepared_is_ended_as_it_was_decided() throws SQLException {
        String dsn = own().variables().getOrDefault("LAB_WORKER_DSNS", "").split(",", -1)[0];
        try (Connection connection = CitusLab.connectTo(dsn)) {
            CitusLab.psql(connection, "CREATE TABLE undecided (id int)");
            CitusLab.psql(connection, "BEGIN; INSERT INTO undecided VALUES (1); PREPARE TRANSACTION 'citus_0_1_2_3'");
            Answer answer = act().done("citus_recover_transactions");
            assertTrue(answer.text().contains("ended 1 prepared transaction;"), answer.text());
            assertEquals(List.of("0"), CitusLab.psql(connection, "SELECT count(*) FROM undecided"));
            CitusLab.psql(connection, "DROP TABLE undecided");
        }
    }
}
