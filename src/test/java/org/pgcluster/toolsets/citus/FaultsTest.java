package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.map;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.row;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Aside;
import org.pgcluster.toolsets.citus.Inspections.Inspection;

/** What the tools say when a node, a right or a lock stands in their way. */
@Tag("lab")
class FaultsTest {
    /** Citus alone would wait 30 s and more; what it takes on a machine of its own is measured elsewhere. */
    private static final long LONGEST_MS = 15_000;

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
    void every_tool_that_reads_is_among_those_that_are_tried_here() throws IOException {
        Set<String> reading = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("src/main/resources/catalogue.tsv"))) {
            String[] tool = line.split("\t", -1);
            if (List.of("citus", "tables").contains(tool[0]) && tool[2].equals("READS")) {
                reading.add(tool[1]);
            }
        }
        assertEquals(
                reading, Inspections.ALL.stream().map(Inspection::tool).collect(Collectors.toCollection(TreeSet::new)));
    }

    /** Thawed after each, so that nothing fails over meanwhile. */
    @Test
    @Tag("slow")
    void no_inspection_waits_for_a_frozen_node_as_long_as_citus_would() throws Exception {
        String worker = CitusLab.workers().get(0);
        List<Inspection> all = Inspections.filled();
        for (Inspection one : all) {
            lab.call(one.tool(), one.given()); // loads what a first call loads
        }
        String where = CitusLab.where(worker);
        List<String> slow = new ArrayList<>();
        for (Inspection one : all) {
            Answer answer;
            long took;
            try (var frozen = Frozen.server(worker)) {
                long started = System.nanoTime();
                answer = lab.ask(one.tool(), one.given());
                took = (System.nanoTime() - started) / 1_000_000;
            }
            if (took > LONGEST_MS) {
                slow.add(one.tool() + " took " + took + " ms");
            }
            if (Inspections.NEEDS_ALL.contains(one.tool())) {
                assertTrue(answer.isError() && answer.text().startsWith("TIMEOUT"), answer.text());
            } else if (Inspections.asksNodes(one.tool())) {
                assertEquals(1, rows(answer.structured(), "unavailable").size(), one.tool() + ": " + answer);
                assertEquals(
                        where, rows(answer.structured(), "unavailable").get(0).get("where"), one.tool());
            }
        }
        assertEquals(List.of(), slow);
    }

    @Test
    void a_plan_without_a_frozen_node_still_tells_shards_nodes_and_why_it_is_not_routed() throws Exception {
        String worker = CitusLab.workers().get(0);
        String there = psql("SELECT min(tenant) FROM generate_series(1, 100) AS tenant"
                        + " WHERE get_shard_id_for_distribution_column('orders', tenant) IN (SELECT shardid FROM"
                        + " citus_shards WHERE table_name = 'orders'::regclass AND nodeport = "
                        + CitusLab.port(worker) + ")")
                .get(0);
        long shard = one("SELECT get_shard_id_for_distribution_column('orders', " + there + ")");
        long tasks = one("SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass");
        String routed = "SELECT * FROM orders WHERE note <> 'x_102999' AND tenant_id = " + there;
        lab.call("citus_explain_query", "sql", routed); // loads what a first call loads
        Map<?, ?> one;
        Map<?, ?> all;
        long took;
        try (var frozen = Frozen.server(worker)) {
            one = lab.call("citus_explain_query", "sql", routed);
            long started = System.nanoTime();
            all = lab.call("citus_explain_query", "sql", "SELECT count(*) FROM orders WHERE note = 'x'");
            took = (System.nanoTime() - started) / 1_000_000;
        }
        assertEquals("router", one.get("how"));
        Map<?, ?> part = rows(one, "parts").get(0);
        assertEquals(List.of(shard), part.get("shards"));
        assertEquals(CitusLab.where(worker), rows(part, "nodes").get(0).get("where"));
        assertEquals(CitusLab.where(worker), rows(one, "unavailable").get(0).get("where"));
        assertTrue(took < 5_000, took + " ms");
        assertEquals("fan_out", all.get("how"));
        assertEquals(tasks, all.get("tasks"));
        assertEquals(tasks, rows(all, "parts").get(0).get("shards") instanceof List<?> shards ? shards.size() : 0);
        assertEquals(
                tasks,
                rows(rows(all, "parts").get(0), "nodes").stream()
                        .mapToLong(node -> number(node.get("tasks")))
                        .sum());
        assertEquals("citus.explain.no_key_filter", rows(all, "findings").get(0).get("id"));
        assertEquals(
                List.of(CitusLab.where(worker)),
                rows(all, "unavailable").stream().map(gone -> gone.get("where")).toList());
    }

    @Test
    void under_row_data_deny_no_value_leaves_with_a_statement() throws Exception {
        try (CitusLab denied = CitusLab.as(CitusLab.address("LAB_USER_DSN"), state, "--row-data=deny");
                Connection client = CitusLab.connect("LAB_DIRECT_DSN");
                Connection waiting = CitusLab.connect("LAB_DIRECT_DSN")) {
            client.setAutoCommit(false);
            psql(client, "UPDATE orders SET note = note WHERE tenant_id = 3 AND 'hidden-4711' <> ''");
            CompletableFuture<List<String>> blocked = Aside.supply(() -> {
                try {
                    return psql(waiting, "UPDATE orders SET note = note WHERE tenant_id = 3 AND 'hidden-4711' <> 'b'");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            String locks = "";
            long givenUp = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!locks.contains("orders") && System.nanoTime() < givenUp) {
                locks = denied.ask("citus_lock_inspector").text();
            }
            assertTrue(locks.contains("orders"), locks);
            String all = locks
                    + denied.ask("citus_activity", "include_idle", true).text()
                    + denied.ask("citus_rebalance_status").text()
                    + denied.ask("citus_advisor").text()
                    + denied.ask("citus_distributed_query_stats", "limit", 200).text();
            assertTrue(all.contains("UPDATE orders SET note = note WHERE tenant_id = "), all);
            assertFalse(all.contains("hidden-4711"), all);
            client.rollback();
            blocked.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void no_inspection_leaves_a_connection_on_a_worker() throws SQLException {
        String ours = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mcp_user' AND pid <> pg_backend_pid()";
        for (Inspection one : Inspections.filled()) {
            lab.call(one.tool(), one.given());
        }
        for (String worker : CitusLab.workers()) {
            try (Connection connection = CitusLab.connectTo(worker)) {
                assertEquals(List.of("0"), psql(connection, ours), worker);
            }
        }
    }

    /** Counters reach the statistics a moment after the session's statement. */
    private void rowsOfCounted(long rows) throws InterruptedException {
        long givenUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        Object told = null;
        while (!Long.valueOf(rows).equals(told)) {
            assertTrue(System.nanoTime() < givenUp, told + " rows told of " + rows);
            told = row(lab.pages("tables", "citus_list_distributed_tables"), "name", "counted")
                    .get("rows");
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    @Test
    void rows_are_known_although_a_crash_emptied_the_counters() throws Exception {
        psql("CREATE TABLE counted (id int PRIMARY KEY)");
        try {
            psql("SELECT create_distributed_table('counted', 'id', shard_count => 2, colocate_with => 'none')");
            psql("ALTER TABLE counted SET (autovacuum_enabled = off)");
            psql("INSERT INTO counted SELECT generate_series(1, 400)");
            psql("ANALYZE counted");
            rowsOfCounted(400);
            psql("SELECT run_command_on_placements('counted',"
                    + " $$SELECT pg_stat_reset_single_table_counters('%s'::regclass)$$)");
            rowsOfCounted(400);
            psql("INSERT INTO counted SELECT generate_series(401, 420)");
            rowsOfCounted(420);
            psql("DELETE FROM counted WHERE id > 300");
            rowsOfCounted(300);
            psql("ANALYZE counted");
            psql("DELETE FROM counted WHERE id > 10");
            rowsOfCounted(10);
        } finally {
            psql("DROP TABLE counted");
        }
    }

    @Test
    void rows_are_known_although_more_came_since_the_counters_were_emptied_than_there_were() throws Exception {
        psql("CREATE TABLE counted (id int PRIMARY KEY)");
        try {
            psql("SELECT create_distributed_table('counted', 'id', shard_count => 2, colocate_with => 'none')");
            psql("ALTER TABLE counted SET (autovacuum_enabled = off)");
            psql("INSERT INTO counted SELECT generate_series(1, 4000)");
            psql("ANALYZE counted");
            rowsOfCounted(4000);
            psql("SELECT run_command_on_placements('counted',"
                    + " $$SELECT pg_stat_reset_single_table_counters('%s'::regclass)$$)");
            rowsOfCounted(4000);
            psql("INSERT INTO counted SELECT generate_series(4001, 10000)");
            rowsOfCounted(10_000);
            psql("DELETE FROM counted WHERE id > 7000");
            rowsOfCounted(7000);
        } finally {
            psql("DROP TABLE counted");
        }
    }

    /** An index counts the rows of its table when it is made, which says nothing of later. */
    @Test
    void a_table_that_was_emptied_has_no_rows_whatever_an_index_counted_before() throws Exception {
        psql("CREATE TABLE counted (id int PRIMARY KEY)");
        try {
            psql("SELECT create_distributed_table('counted', 'id', shard_count => 2, colocate_with => 'none')");
            psql("ALTER TABLE counted SET (autovacuum_enabled = off)");
            psql("INSERT INTO counted SELECT generate_series(1, 400)");
            psql("CREATE INDEX ON counted (id)");
            rowsOfCounted(400);
            psql("INSERT INTO counted SELECT generate_series(401, 1400)");
            rowsOfCounted(1400);
            psql("DELETE FROM counted");
            rowsOfCounted(0);
        } finally {
            psql("DROP TABLE counted");
        }
    }

    @Test
    void a_role_that_may_use_no_schema_sees_the_same_sizes() throws SQLException {
        psql("DROP ROLE IF EXISTS blind");
        psql("CREATE ROLE blind LOGIN PASSWORD 'blind'");
        psql("INSERT INTO pg_dist_authinfo VALUES (0, 'blind', 'password=blind')");
        psql("CREATE SCHEMA hidden");
        psql("CREATE TABLE hidden.things (id int PRIMARY KEY)");
        psql("SELECT create_distributed_table('hidden.things', 'id', shard_count => 2, colocate_with => 'none')");
        psql("INSERT INTO hidden.things SELECT generate_series(1, 1000)");
        String dsn = CitusLab.address("LAB_USER_DSN").replaceFirst("//[^@]+@", "//blind:blind@");
        try (CitusLab blind = CitusLab.as(dsn, state)) {
            Map<?, ?> seen = row(blind.pages("tables", "citus_list_distributed_tables"), "schema", "hidden");
            Map<?, ?> known = row(lab.pages("tables", "citus_list_distributed_tables"), "schema", "hidden");
            assertEquals(known.get("bytes"), seen.get("bytes"));
            Map<?, ?> activity = blind.call("citus_activity", "include_idle", true);
            assertTrue(number(map(activity.get("summary")).get("hidden")) > 0, activity.toString());
            String summary =
                    blind.ask("citus_cluster_summary", "include_gucs", true).text();
            assertTrue(summary.contains("Connections are not counted: this role lacks pg_read_all_stats."), summary);
            assertTrue(summary.contains("it lacks pg_read_all_settings"), summary);
            assertFalse(lab.ask("citus_cluster_summary", "include_gucs", true)
                    .text()
                    .contains("lacks"));
            String health = blind.ask("citus_worker_health").text();
            assertTrue(health.contains("Connections are not counted"), health);
        } finally {
            psql("DROP SCHEMA hidden CASCADE");
            psql("DELETE FROM pg_dist_authinfo WHERE rolename = 'blind'");
            psql("DROP ROLE blind");
        }
    }

    @Test
    void a_role_that_the_nodes_do_not_let_in_is_told_their_reason() throws SQLException {
        psql("DROP ROLE IF EXISTS stranger");
        psql("CREATE ROLE stranger LOGIN PASSWORD 'stranger'");
        String dsn = CitusLab.address("LAB_USER_DSN").replaceFirst("//[^@]+@", "//stranger:stranger@");
        try (CitusLab stranger = CitusLab.as(dsn, state)) {
            Map<?, ?> answer = stranger.call("citus_list_distributed_tables");
            List<Map<?, ?>> silent = rows(answer, "unavailable");
            List<String> workers =
                    CitusLab.workers().stream().map(CitusLab::where).sorted().toList();
            assertEquals(
                    workers,
                    silent.stream()
                            .map(one -> String.valueOf(one.get("where")))
                            .sorted()
                            .toList(),
                    "the coordinator answers on the connection that asks: " + silent);
            for (Map<?, ?> one : silent) {
                assertTrue(String.valueOf(one.get("why")).contains("password"), silent.toString());
            }
            String refused = stranger.error("citus_rebalance_plan", "strategy", "by_disk_size");
            assertTrue(refused.contains("did not let this role in"), refused);
            assertTrue(refused.contains("strategy=by_shard_count"), refused);
            Map<?, ?> plan = stranger.call("citus_rebalance_plan", "strategy", "by_shard_count");
            assertTrue(
                    rows(plan, "problems").stream()
                            .filter(one -> String.valueOf(one.get("what")).endsWith(" answers"))
                            .allMatch(one -> "unknown".equals(one.get("verdict"))),
                    plan.toString());
        } finally {
            psql("DROP ROLE stranger");
        }
    }

    @Test
    void a_dead_node_whose_name_speaks_of_a_password_is_dead_and_no_refused_login() throws SQLException {
        String port = CitusLab.port(CitusLab.workers().get(0));
        String elsewhere = psql("SELECT min(shardid) FROM citus_shards WHERE citus_table_type = 'distributed'"
                        + " AND nodeport <> " + port)
                .get(0);
        String rename = "UPDATE pg_dist_node SET nodename = '%s' WHERE nodeport = " + port;
        psql(rename.formatted("password-db"));
        try {
            Map<?, ?> plan = lab.call(
                    "citus_move_shard_plan",
                    "shard_id",
                    Long.parseLong(elsewhere),
                    "target_host",
                    "password-db:" + port);
            Map<?, ?> answers = row(rows(plan, "checks"), "what", "password-db:" + port + " answers");
            assertEquals("fails", answers.get("verdict"), answers.toString());
        } finally {
            psql(rename.formatted("127.0.0.1"));
        }
    }

    @Test
    void a_function_that_poses_as_a_built_in_one_is_never_called() throws SQLException {
        Map<?, ?> before = lab.call("citus_shard_distribution");
        psql("CREATE FUNCTION public.pg_total_relation_size(oid) RETURNS bigint LANGUAGE sql AS 'SELECT 42::bigint'");
        try (CitusLab superuser = CitusLab.as(CitusLab.address("LAB_DSN"), state)) {
            String taken = psql("SELECT DISTINCT result FROM run_command_on_workers("
                            + "$$SELECT pg_total_relation_size('pg_class'::regclass::oid)$$)")
                    .get(0);
            assertEquals("42", taken, "on the nodes' own search path it would be taken");
            assertEquals(
                    before.get("bytes"),
                    superuser.call("citus_shard_distribution").get("bytes"));
        } finally {
            psql("DROP FUNCTION public.pg_total_relation_size(oid)");
        }
    }

    @Test
    void a_shard_that_somebody_holds_exclusively_is_left_out_instead_of_awaited() throws SQLException {
        String shard = psql("SELECT min(shard_name) FROM citus_shards WHERE table_name = 'clicks'::regclass")
                .get(0);
        long port = one("SELECT nodeport FROM citus_shards WHERE shard_name = '" + shard + "'");
        long others = one("SELECT sum(shard_size) FROM citus_shards WHERE table_name = 'clicks'::regclass"
                + " AND shard_name <> '" + shard + "'"); // now, because this view waits for the lock
        String worker = CitusLab.workers().stream()
                .filter(dsn -> dsn.contains(":" + port + "/"))
                .findFirst()
                .orElseThrow();
        try (Connection connection = CitusLab.connectTo(worker)) {
            connection.setAutoCommit(false);
            psql(connection, "SET citus.enable_manual_changes_to_shards = on");
            psql(connection, "LOCK TABLE " + shard + " IN ACCESS EXCLUSIVE MODE");
            Map<?, ?> answer = lab.call("citus_list_distributed_tables", "limit", 200);
            assertEquals(List.of(), rows(answer, "unavailable"));
            Map<?, ?> clicks = row(rows(answer, "tables"), "name", "clicks");
            assertEquals(1L, clicks.get("unknown_sizes"), clicks.toString());
            assertEquals(others, clicks.get("bytes"));
            Map<?, ?> skew = lab.call("citus_shard_skew_report", "table", "clicks");
            assertEquals(1L, skew.get("unknown_sizes"));
            assertEquals(null, rows(skew, "groups").get(0).get("ratio"));
            assertEquals(others, rows(skew, "groups").get(0).get("figure"));
            Map<?, ?> heat = lab.call("citus_shard_heatmap", "table", "clicks");
            assertEquals(1L, heat.get("unknown_sizes"));
            assertEquals(null, heat.get("max_over_mean"));
            unknownIsNoZero(shard);
            connection.rollback();
        }
    }

    private void unknownIsNoZero(String shard) throws SQLException {
        Map<?, ?> inspected = lab.call("citus_table_inspector", "table", "clicks", "include_shards", true);
        Map<?, ?> measured = map(inspected.get("measured"));
        assertEquals(null, measured.get("smallest_shard_bytes"), measured.toString());
        String id = shard.substring(shard.lastIndexOf('_') + 1);
        assertEquals(
                null,
                row(rows(inspected, "shards"), "shard_id", Long.valueOf(id)).get("bytes"));
        Map<?, ?> types = lab.call("list_table_types", "schema", "public");
        assertEquals(null, row(rows(types, "tables"), "name", "clicks").get("bytes"));
        long nodes = rows(lab.call("list_nodes"), "nodes").stream()
                .filter(node -> Long.valueOf(1).equals(node.get("unknown_sizes")))
                .count();
        assertEquals(1, nodes);
        Map<?, ?> advice = lab.call("citus_advisor", "focus", "skew");
        long group = one("SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'clicks'::regclass");
        assertEquals(
                List.of("colocation group " + group),
                rows(advice, "unavailable").stream()
                        .map(one -> one.get("where"))
                        .toList());
        if (CitusLab.splitsByClones()) {
            List<Map<?, ?>> candidates = rows(lab.call("citus_snapshot_source_advisor"), "candidates");
            assertTrue(candidates.stream().allMatch(one -> one.get("percent_after") == null), candidates.toString());
            assertEquals(
                    1,
                    candidates.stream()
                            .filter(one -> Long.valueOf(1).equals(one.get("unknown_sizes")))
                            .count());
        }
    }

    @Test
    void a_prepared_transaction_that_blocks_is_named_though_citus_does_not_see_it() throws Exception {
        long port = one("SELECT nodeport FROM citus_shards WHERE shardid ="
                + " get_shard_id_for_distribution_column('tenants', 7)");
        long shard = one("SELECT get_shard_id_for_distribution_column('tenants', 7)");
        String worker = CitusLab.workers().stream()
                .filter(dsn -> dsn.contains(":" + port + "/"))
                .findFirst()
                .orElseThrow();
        try (Connection holder = CitusLab.connectTo(worker);
                Connection waiter = CitusLab.connect("LAB_DIRECT_DSN")) {
            psql(
                    holder,
                    "BEGIN; UPDATE tenants_" + shard + " SET name = name WHERE tenant_id = 7;"
                            + " PREPARE TRANSACTION 'left_by_an_application'");
            waiter.setAutoCommit(false);
            Thread waiting = new Thread(() -> {
                try {
                    psql(waiter, "SET statement_timeout = '20s'");
                    psql(waiter, "UPDATE tenants SET name = name WHERE tenant_id = 7");
                } catch (SQLException e) {
                    return; // ended by the rollback below or by its own time-out
                }
            });
            waiting.start();
            try {
                Map<?, ?> locks = awaited();
                Map<?, ?> root = rows(locks, "roots").get(0);
                assertEquals("prepared transaction left_by_an_application", root.get("who"));
                assertEquals(1L, root.get("frees"));
                // That view shows nothing of it, and since PostgreSQL 17 the session that prepared it as if it held it.
                String preparer = psql(holder, "SELECT pg_backend_pid()").get(0);
                List<String> blamed = psql("SELECT blocking_gpid % 10000000000 FROM citus_lock_waits");
                assertTrue(List.of(List.of(), List.of(preparer)).contains(blamed), blamed.toString());
            } finally {
                psql(holder, "ROLLBACK PREPARED 'left_by_an_application'");
                waiting.join(10_000);
            }
        }
    }

    private Map<?, ?> awaited() throws InterruptedException {
        long until = System.nanoTime() + 10_000_000_000L;
        while (true) {
            Map<?, ?> locks = lab.call("citus_lock_inspector");
            if (!rows(locks, "waits").isEmpty()) {
                return locks;
            }
            assertTrue(System.nanoTime() < until, "nobody waits");
            Thread.sleep(50);
        }
    }

    @Test
    void who_blocks_whom_across_nodes_is_what_citus_says() throws Exception {
        try (Connection holder = CitusLab.connect("LAB_DIRECT_DSN");
                Connection waiter = CitusLab.connect("LAB_DIRECT_DSN")) {
            holder.setAutoCommit(false);
            psql(holder, "UPDATE tenants SET name = name WHERE tenant_id = 9");
            String blocking = psql(holder, "SELECT citus_backend_gpid()").get(0);
            Thread waiting = new Thread(() -> {
                try {
                    psql(waiter, "SET statement_timeout = '20s'");
                    psql(waiter, "UPDATE tenants SET name = name WHERE tenant_id = 9");
                } catch (SQLException e) {
                    return; // the holder went away first
                }
            });
            waiting.start();
            Map<?, ?> locks = awaited();
            assertEquals(psql("SELECT blocking_gpid FROM citus_lock_waits"), List.of(blocking));
            assertEquals(Long.parseLong(blocking), rows(locks, "roots").get(0).get("global_pid"));
            assertEquals(1L, rows(locks, "roots").get(0).get("frees"));
            Map<?, ?> activity = lab.call("citus_activity");
            Map<?, ?> session = row(rows(activity, "sessions"), "global_pid", Long.parseLong(blocking));
            assertEquals("idle in transaction", session.get("state"));
            assertEquals(1L, session.get("worker_backends"));
            holder.rollback();
            waiting.join(10_000);
        }
    }

    @Test
    void what_a_move_left_behind_is_found() throws SQLException {
        long shard = one("SELECT min(shardid) FROM citus_shards WHERE table_name = 'clicks'::regclass");
        long there = one("SELECT nodeport FROM citus_shards WHERE shardid = " + shard);
        String elsewhere = CitusLab.workers().stream()
                .filter(dsn -> !dsn.contains(":" + there + "/"))
                .findFirst()
                .orElseThrow();
        assertEquals(List.of(), rows(lab.call("citus_leftovers"), "leftovers"));
        try (Connection connection = CitusLab.connectTo(elsewhere)) {
            psql(connection, "SET citus.enable_ddl_propagation = off");
            psql(connection, "CREATE TABLE clicks_" + shard + " (device text)");
            psql(connection, "SELECT pg_create_logical_replication_slot('citus_shard_move_slot_9_9_9', 'pgoutput')");
            List<Map<?, ?>> left = rows(lab.call("citus_leftovers"), "leftovers");
            assertEquals("public.clicks_" + shard, row(left, "kind", "shard").get("name"));
            assertEquals(
                    "citus_shard_move_slot_9_9_9",
                    row(left, "kind", "replication slot").get("name"));
            assertEquals(2, left.size());
            psql(connection, "SELECT pg_drop_replication_slot('citus_shard_move_slot_9_9_9')");
            psql(connection, "DROP TABLE clicks_" + shard);
        }
    }

    @Test
    void a_move_takes_along_what_the_plan_says() throws SQLException {
        long shard = one("SELECT get_shard_id_for_distribution_column('tenants', 3)");
        long source =
                one("SELECT nodeid FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport) WHERE shardid = "
                        + shard);
        String target = psql("SELECT nodeid FROM pg_dist_node WHERE groupid <> 0 AND nodeid <> " + source)
                .get(0);
        Map<?, ?> plan = lab.call("citus_move_shard_plan", "shard_id", shard, "target_host", target);
        List<String> planned = rows(plan, "shards").stream()
                .map(one -> String.valueOf(one.get("shard_id")))
                .sorted()
                .toList();
        assertTrue(
                rows(plan, "checks").stream().noneMatch(check -> "fails".equals(check.get("verdict"))),
                plan.toString());
        assertEquals(
                "SELECT citus_move_shard_placement(" + shard + ", " + target + ", " + source + ", 'auto')",
                plan.get("undo"));
        String placed = "SELECT shardid FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport) WHERE nodeid = "
                + target + " AND citus_table_type <> 'reference' ORDER BY shardid::text";
        List<String> before = psql(placed);
        psql("CALL citus_cleanup_orphaned_resources()");
        psql(String.valueOf(plan.get("statement")).replace("'auto'", "'block_writes'"));
        List<String> after = new ArrayList<>(psql(placed));
        after.removeAll(before);
        assertEquals(planned, after);
        psql("CALL citus_cleanup_orphaned_resources()");
        psql("SELECT citus_move_shard_placement(" + shard + ", " + target + ", " + source + ", 'block_writes')");
    }

    @Test
    void the_rebalancer_s_own_plan_is_told_with_the_bytes_that_lie_on_the_nodes() throws SQLException {
        List<String> nodes = psql("SELECT nodeid FROM pg_dist_node WHERE groupid <> 0 ORDER BY nodeid");
        List<String> crowding = psql("SELECT shardid FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)"
                + " JOIN pg_dist_node USING (groupid) WHERE logicalrelid = 'orders'::regclass AND nodeid = "
                + nodes.get(0) + " ORDER BY shardid");
        move(crowding, nodes.get(0), nodes.get(1));
        try {
            String own = "get_rebalance_table_shards_plan(relation => 'orders'::regclass,"
                    + " rebalance_strategy => 'by_shard_count')";
            Map<?, ?> plan = lab.call("citus_rebalance_plan", "table", "orders", "strategy", "by_shard_count");
            List<Map<?, ?>> moves = rows(plan, "moves");
            assertEquals(crowding.size(), moves.size(), plan.toString());
            long shards = moves.stream()
                    .mapToLong(move -> CitusLab.list(move.get("shards")).size())
                    .sum();
            assertEquals(one("SELECT count(*) FROM " + own), shards);
            long bytes =
                    one("SELECT sum(shard_size) FROM citus_shards WHERE shardid IN (SELECT shardid FROM " + own + ")");
            assertTrue(bytes > 0);
            assertEquals(bytes, number(plan.get("bytes")));
        } finally {
            move(crowding, nodes.get(1), nodes.get(0));
        }
        String error = lab.error("citus_rebalance_plan", "strategy", "by_luck");
        assertTrue(error.contains("by_disk_size"), error);
    }

    private static void move(List<String> shards, String from, String to) throws SQLException {
        for (String shard : shards) {
            psql("CALL citus_cleanup_orphaned_resources()");
            psql("SELECT citus_move_shard_placement(" + shard + ", " + from + ", " + to + ", 'block_writes')");
        }
        psql("CALL citus_cleanup_orphaned_resources()");
    }

    @Test
    void a_table_without_identity_stops_its_group() {
        Map<?, ?> clicks = lab.call("citus_validate_rebalance_prereqs", "table", "clicks");
        assertEquals(false, clicks.get("ready"));
        assertEquals(false, row(rows(clicks, "group"), "table", "public.clicks").get("movable_online"));
        assertEquals(
                true,
                lab.call("citus_validate_rebalance_prereqs", "table", "orders").get("ready"));
    }

    @Test
    void a_lost_node_is_reported_by_what_is_only_there() throws SQLException {
        String node = psql("SELECT nodeid FROM pg_dist_node WHERE groupid <> 0 ORDER BY nodeid")
                .get(0);
        Map<?, ?> report = lab.call("citus_lost_node_report", "node", node);
        assertEquals(
                one("SELECT count(*) FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport)"
                        + " WHERE nodeid = " + node + " AND citus_table_type <> 'reference'"),
                report.get("only_copies"));
        assertEquals(true, report.get("answers"));
    }
}
