package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.OwnLab;

/**
 * The acts on a real cluster that grows by a worker, each followed to its end. After each the data is complete and nothing
 * is left behind. In order, because one cluster lives through all of it.
 */
@Tag("lab")
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CitusActsTest {
    private static final List<String> TABLES = List.of(
            "tenants", "orders", "order_lines", "clicks", "readings", "settings", "countries", "tenant_a.notes");

    private static @Nullable OwnLab own;
    private static Map<String, String> contents = Map.of();

    @TempDir
    Path folder;

    private @Nullable Lab lab;

    @BeforeAll
    static void up() throws IOException, SQLException {
        own = OwnLab.up("citusacts");
        own.grow();
        contents = contents();
    }

    @AfterAll
    static void down() throws IOException {
        OwnLab up = own;
        if (up != null) {
            up.close();
        }
    }

    @BeforeEach
    void acting() {
        Map<String, String> variables = Objects.requireNonNull(own).variables();
        String dsn = variables.getOrDefault("LAB_DSN", "");
        lab = Lab.on(variables, folder, "mode", "admin", "allow_execute", "true", "approval", "self", "admin_dsn", dsn);
    }

    /** Whatever the act was: every row is where a query finds it, and no node keeps what a move needed. */
    @AfterEach
    void complete() throws SQLException {
        try {
            assertEquals(contents, contents());
            done("citus_cleanup_orphaned");
            assertEquals(List.of("0"), psql("SELECT count(*) FROM pg_dist_cleanup"));
            for (String left : psql("SELECT result FROM run_command_on_all_nodes($$SELECT concat_ws(' ',"
                    + "(SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'citus%'),"
                    + "(SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_subscription))$$)")) {
                assertEquals("0 0 0", left);
            }
        } finally {
            Objects.requireNonNull(lab).close();
        }
    }

    private static Connection connection() throws SQLException {
        return CitusLab.connectTo(Objects.requireNonNull(own).variables().getOrDefault("LAB_DIRECT_DSN", ""));
    }

    private static List<String> psql(String sql) throws SQLException {
        try (Connection connection = connection()) {
            return CitusLab.psql(connection, sql);
        }
    }

    private static Map<String, String> contents() throws SQLException {
        Map<String, String> sums = new HashMap<>();
        for (String table : TABLES) {
            sums.put(
                    table,
                    psql("SELECT count(*) || ' ' || sum(hashtext(row::text)::bigint) FROM " + table + " AS row")
                            .get(0));
        }
        return sums;
    }

    private Answer call(String tool, Object... arguments) {
        return Objects.requireNonNull(lab).call(tool, arguments);
    }

    private Answer started(String act, Object... arguments) {
        Map<String, Object> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        Answer filed = call("citus_request_approval_token", "action", act, "arguments", given);
        assertFalse(filed.isError(), filed.text());
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.add("approval_token");
        all.add(Objects.requireNonNull(filed.structured().get("token")));
        return call(act, all.toArray());
    }

    /** Plans, approves as this configuration may, acts, and waits for the end. */
    private Answer done(String act, Object... arguments) {
        Answer answer = ended(started(act, arguments));
        assertFalse(answer.isError(), answer.text());
        Object state =
                answer.structured().getOrDefault("state", answer.structured().get("status"));
        assertEquals("done", state, answer.text());
        return answer;
    }

    private Answer ended(Answer first) {
        Answer answer = first;
        while (!answer.isError() && running(answer)) {
            Object operation = Objects.requireNonNull(answer.structured().get("operation"));
            answer = call("operation_status", "operation", operation, "wait_seconds", 30);
        }
        return answer;
    }

    private static boolean running(Answer answer) {
        return "running".equals(answer.structured().get("status"))
                || "running".equals(answer.structured().get("state"));
    }

    private String refused(String act, Object... arguments) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("dry_run", true));
        Answer answer = call(act, all.toArray());
        assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
        return answer.text();
    }

    /** Shards of a node, copies of reference tables apart, straight from the metadata. */
    private static long shards(String node) throws SQLException {
        return Long.parseLong(psql("SELECT count(*) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)"
                        + " JOIN pg_dist_partition USING (logicalrelid) JOIN pg_dist_node USING (groupid)"
                        + " WHERE repmodel <> 't' AND nodeid = " + node)
                .get(0));
    }

    private static String worker(String order) throws SQLException {
        return psql("SELECT nodeid FROM pg_dist_node WHERE groupid > 0 AND noderole = 'primary' ORDER BY groupid "
                        + order)
                .get(0);
    }

    private static String shardOf(String table, String node) throws SQLException {
        return psql("SELECT min(shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)"
                        + " JOIN pg_dist_node USING (groupid) WHERE logicalrelid = '" + table
                        + "'::regclass AND nodeid = "
                        + node)
                .get(0);
    }

    @Test
    @Order(1)
    void one_table_without_identity_stops_a_rebalance_before_it_starts() throws SQLException {
        String text = refused("citus_rebalance_shards", "strategy", "by_disk_size");
        assertTrue(text.contains("clicks") && text.contains("block_writes"), text);
        assertEquals(List.of("0"), psql("SELECT count(*) FROM pg_dist_background_job"));
        psql("ALTER TABLE clicks REPLICA IDENTITY FULL");
    }

    @Test
    @Order(2)
    void a_job_whose_server_is_gone_is_cancelled_and_what_it_moved_stays() throws SQLException {
        String job = psql("SELECT citus_rebalance_start()").get(0);
        Answer cancelled = done("citus_job_cancel", "job_id", Long.parseLong(job));
        assertTrue(cancelled.text().contains("is cancelled"), cancelled.text());
        assertEquals(List.of("cancelled"), psql("SELECT state FROM pg_dist_background_job WHERE job_id = " + job));
        assertTrue(refused("citus_job_cancel", "job_id", Long.parseLong(job)).contains("has not ended"));
    }

    @Test
    @Order(3)
    void a_rebalance_that_is_followed_can_be_stopped() throws SQLException {
        Answer first = started("citus_rebalance_execute");
        assertTrue(running(first), first.text());
        Object operation = Objects.requireNonNull(first.structured().get("operation"));
        call("operation_cancel", "operation", operation);
        Answer stopped = ended(first);
        assertTrue(stopped.text().contains("Stopped: job"), stopped.text());
        assertEquals(
                List.of("0"),
                psql("SELECT count(*) FROM pg_dist_background_job WHERE state IN ('running', 'scheduled')"));
    }

    @Test
    @Order(4)
    void a_new_worker_gets_its_share() throws SQLException {
        done("citus_rebalance_shards", "strategy", "by_shard_count");
        long fewest = Math.min(shards(worker("")), shards(worker("DESC")));
        assertTrue(fewest >= 20, "shards of the emptier node: " + fewest);
        Answer again = done("citus_rebalance_execute", "strategy", "by_shard_count");
        assertTrue(again.text().contains("Nothing had to move"), again.text());
    }

    @Test
    @Order(5)
    void a_shard_moves_with_its_neighbours_and_back() throws SQLException {
        String from = worker("");
        String to = worker("DESC");
        String shard = shardOf("orders", from);
        assertNotNull(shard);
        long before = shards(to);
        done("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to);
        assertEquals(before + 3, shards(to));
        assertTrue(refused("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to)
                .contains("does not hold it yet"));
        done("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", from);
        assertEquals(before, shards(to));
    }

    @Test
    @Order(6)
    void a_move_for_which_there_is_no_room_is_not_tried() throws SQLException {
        String shard = shardOf("orders", worker(""));
        psql("ALTER SYSTEM SET citus.desired_percent_disk_available_after_move = 99.9");
        psql("SELECT pg_reload_conf()");
        try {
            String text = refused(
                    "citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", worker("DESC"));
            assertTrue(text.contains("of its disk free"), text);
        } finally {
            psql("ALTER SYSTEM RESET citus.desired_percent_disk_available_after_move");
            psql("SELECT pg_reload_conf()");
        }
    }

    @Test
    @Order(7)
    void a_tenant_gets_a_shard_of_its_own() throws SQLException {
        done("citus_isolate_tenant", "table", "orders", "tenant", "7");
        String alone = psql("SELECT count(*) FROM pg_dist_shard WHERE shardminvalue = shardmaxvalue"
                        + " AND shardid = get_shard_id_for_distribution_column('orders', 7)")
                .get(0);
        assertEquals("1", alone);
        assertTrue(refused("citus_isolate_tenant", "table", "orders", "tenant", "7")
                .contains("isolated"));
    }

    @Test
    @Order(8)
    void a_shard_is_split_over_two_nodes() throws SQLException {
        String from = worker("");
        String shard = shardOf("clicks", from);
        List<String> range =
                psql("SELECT unnest(ARRAY[shardminvalue, shardmaxvalue]) FROM pg_dist_shard WHERE shardid = " + shard);
        int middle = (int) ((Long.parseLong(range.get(0)) + Long.parseLong(range.get(1))) / 2);
        List<String> nodes = List.of(from, worker("DESC"));
        String text = refused(
                "citus_split_shard",
                "shard_id",
                Long.parseLong(shard),
                "split_points",
                List.of(Integer.parseInt(range.get(1))),
                "nodes",
                nodes);
        assertTrue(text.contains("ascend within"), text);
        Answer split = done(
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
        String at = psql("SELECT nodeid FROM pg_dist_node JOIN pg_dist_placement USING (groupid)"
                        + " JOIN pg_dist_shard USING (shardid) WHERE logicalrelid = 'tenant_a.notes'::regclass")
                .get(0);
        String to = at.equals(worker("")) ? worker("DESC") : worker("");
        done("citus_move_schema", "schema", "tenant_a", "node", to);
        assertEquals(
                to,
                psql("SELECT nodeid FROM pg_dist_node JOIN pg_dist_placement USING (groupid)"
                                + " JOIN pg_dist_shard USING (shardid) WHERE logicalrelid = 'tenant_a.notes'::regclass")
                        .get(0));
        assertTrue(
                refused("citus_move_schema", "schema", "tenant_a", "node", to).contains("there already"));
    }

    @Test
    @Order(10)
    void a_worker_is_drained_disabled_removed_and_comes_back() throws SQLException {
        String node = worker("DESC");
        assertTrue(refused("citus_remove_node", "node", node).contains("citus_drain_node"));
        done("citus_drain_node", "node", node);
        assertEquals(0, shards(node));
        String address = psql("SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE nodeid = " + node)
                .get(0);
        String host = address.substring(0, address.lastIndexOf(':'));
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        done("citus_disable_node", "node", node);
        assertEquals(List.of("f"), psql("SELECT isactive FROM pg_dist_node WHERE nodeid = " + node));
        done("citus_activate_node", "node", node);
        Answer properties = done("citus_set_node_property", "node", node, "should_have_shards", true);
        assertTrue(properties.text().contains("takes shards"), properties.text());
        done("citus_remove_node", "node", node);
        assertEquals(List.of("0"), psql("SELECT count(*) FROM pg_dist_node WHERE nodeid = " + node));
        Answer added = done("citus_add_node", "host", host, "port", port);
        assertTrue(added.text().contains("registered and active"), added.text());
        done("citus_replicate_reference_tables");
        assertEquals(
                List.of("3"),
                psql("SELECT count(*) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)"
                        + " WHERE logicalrelid = 'countries'::regclass"));
        done("citus_sync_metadata", "node", address);
        done("citus_rebalance_execute");
        assertTrue(shards(worker("DESC")) > 0);
    }

    @Test
    @Order(11)
    void a_drain_that_would_fail_is_not_begun() throws SQLException {
        String node = worker("DESC");
        psql("ALTER TABLE clicks REPLICA IDENTITY DEFAULT");
        try {
            assertTrue(refused("citus_drain_node", "node", node).contains("clicks"));
        } finally {
            psql("ALTER TABLE clicks REPLICA IDENTITY FULL");
        }
        assertEquals(List.of("t"), psql("SELECT shouldhaveshards FROM pg_dist_node WHERE nodeid = " + node));
    }

    @Test
    @Order(12)
    void a_restore_point_is_on_every_node() {
        Answer answer = done("citus_create_restore_point", "name", "before \"it's\" 7");
        assertTrue(answer.text().contains("on 3 nodes"), answer.text());
    }

    @Test
    @Order(13)
    void what_a_crash_left_prepared_is_ended_as_it_was_decided() throws SQLException {
        String dsn = Objects.requireNonNull(own)
                .variables()
                .getOrDefault("LAB_WORKER_DSNS", "")
                .split(",", -1)[0];
        try (Connection connection = CitusLab.connectTo(dsn)) {
            CitusLab.psql(connection, "CREATE TABLE undecided (id int)");
            CitusLab.psql(connection, "BEGIN; INSERT INTO undecided VALUES (1); PREPARE TRANSACTION 'citus_0_1_2_3'");
            Answer answer = done("citus_recover_transactions");
            assertTrue(answer.text().contains("ended 1 prepared transaction;"), answer.text());
            assertEquals(List.of("0"), CitusLab.psql(connection, "SELECT count(*) FROM undecided"));
            CitusLab.psql(connection, "DROP TABLE undecided");
        }
    }
}
