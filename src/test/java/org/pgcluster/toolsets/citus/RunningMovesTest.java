package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.row;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.postgres.OwnText;
import org.pgcluster.testing.Aside;

/** What is told while something moves, fails or is counted. */
@Tag("lab")
class RunningMovesTest {
    /** Citus looks for background tasks every five seconds; a busy machine takes longer. */
    private static final Duration DAEMON_BEGINS = Duration.ofSeconds(60);

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

    private static void move(long shard, List<String> path) throws SQLException {
        psql("SELECT citus_move_shard_placement(" + shard + ", " + path.get(0) + ", " + path.get(1)
                + ", 'force_logical')");
    }

    @Test
    void a_move_that_waits_for_a_transaction_is_shown_with_its_group_until_it_is_done() throws Exception {
        long shard = one("SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass");
        String from =
                psql("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE noderole = 'primary'"
                                + " AND shardid = " + shard)
                        .get(0);
        String to =
                psql("SELECT nodeid FROM pg_dist_node WHERE noderole = 'primary' AND shouldhaveshards AND nodeid <> "
                                + from)
                        .get(0);
        String port = port(from);
        String source = CitusLab.workers().stream()
                .filter(worker -> worker.contains(":" + port + "/"))
                .findFirst()
                .orElseThrow();
        CompletableFuture<Void> moving;
        Map<?, ?> seen;
        try (Connection writer = CitusLab.connectTo(source)) {
            writer.setAutoCommit(false);
            psql(writer, "SET citus.allow_modifications_from_workers_to_replicated_tables = on");
            psql(writer, "SELECT txid_current()"); // what a slot waits for before it can begin
            moving = Aside.run(() -> {
                try {
                    move(shard, List.of(from, to));
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            seen = shown();
            List<Map<?, ?>> moves = rows(seen, "moves");
            assertEquals(
                    new TreeSet<>(psql("SELECT shardid::text FROM get_rebalance_progress()")),
                    moves.stream()
                            .map(one -> String.valueOf(one.get("shard_id")))
                            .collect(Collectors.toCollection(TreeSet::new)));
            Map<?, ?> moved = row(moves, "shard_id", shard);
            assertTrue(String.valueOf(moved.get("from")).endsWith(":" + port(from)), moved.toString());
            assertTrue(String.valueOf(moved.get("to")).endsWith(":" + port(to)), moved.toString());
            assertEquals(
                    psql("SELECT status FROM get_rebalance_progress() WHERE shardid = " + shard)
                            .get(0),
                    moved.get("phase"));
            assertEquals(
                    one("SELECT source_shard_size FROM get_rebalance_progress() WHERE shardid = " + shard),
                    number(moved.get("source_bytes")));
            String target = CitusLab.workers().stream()
                    .filter(worker -> !worker.equals(source))
                    .findFirst()
                    .orElseThrow();
            Map<?, ?> unsure;
            try (var frozen = Frozen.server(target)) {
                unsure = lab.call("citus_rebalance_status");
            }
            assertEquals(List.of(), rows(unsure, "moves"));
            assertEquals(
                    "SELECT txid_current()",
                    row(rows(unsure, "waits"), "on", "transactionid").get("blocking_query"));
            assertEquals(
                    CitusLab.where(target), rows(unsure, "unavailable").get(0).get("where"));
            writer.rollback();
        }
        moving.get(60, TimeUnit.SECONDS);
        try {
            assertEquals(List.of(), rows(lab.call("citus_rebalance_status"), "moves"));
            assertEquals(
                    Long.parseLong(to),
                    one("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid)"
                            + " WHERE noderole = 'primary' AND shardid = " + shard));
        } finally {
            CitusLab.awaitCleanup(CitusLab::psql);
            move(shard, List.of(to, from));
            CitusLab.awaitCleanup(CitusLab::psql);
        }
    }

    private static String port(String nodeId) throws SQLException {
        return psql("SELECT nodeport FROM pg_dist_node WHERE nodeid = " + nodeId)
                .get(0);
    }

    private Map<?, ?> shown() {
        Map<?, ?> last = Map.of("moves", List.of());
        long givenUp = System.nanoTime() + DAEMON_BEGINS.toNanos();
        while (!standsStill(last) && System.nanoTime() < givenUp) {
            last = lab.call("citus_rebalance_status");
        }
        assertTrue(standsStill(last), last.toString());
        return last;
    }

    /** It has begun, and waits for the transaction. */
    private static boolean standsStill(Map<?, ?> status) {
        List<Map<?, ?>> moves = rows(status, "moves");
        return !moves.isEmpty()
                && moves.stream().allMatch(one -> Long.valueOf(0).equals(one.get("bytes_per_second")))
                && moves.stream().noneMatch(one -> "waiting".equals(one.get("phase")));
    }

    @Test
    void a_task_that_fails_and_is_tried_again_is_told_with_its_error() throws Exception {
        long job = one("INSERT INTO pg_dist_background_job (state, job_type, description)"
                + " VALUES ('scheduled', 'rebalance', 'a job that cannot succeed') RETURNING job_id");
        try {
            psql("INSERT INTO pg_dist_background_task (job_id, owner, status, command)" + " VALUES (" + job
                    + ", 'postgres'::regrole, 'runnable', 'SELECT 1/0')");
            Map<?, ?> found = Map.of();
            long givenUp = System.nanoTime() + DAEMON_BEGINS.toNanos();
            while (!String.valueOf(found).contains("retrying=1") && System.nanoTime() < givenUp) {
                found = row(rows(lab.call("citus_job_inspector", "include_tasks", true), "jobs"), "job_id", job);
                TimeUnit.MILLISECONDS.sleep(100);
            }
            assertEquals(1L, number(found.get("retrying")), found.toString());
            assertEquals("running", String.valueOf(found.get("state")).toLowerCase(java.util.Locale.ROOT));
            Map<?, ?> task = row(rows(lab.call("citus_job_inspector", "include_tasks", true), "tasks"), "job_id", job);
            assertEquals("division by zero", task.get("message"));
            assertTrue(number(task.get("retry_count")) >= 1);

            Map<?, ?> status = lab.call("citus_rebalance_status");
            assertEquals(job, number(CitusLab.map(status.get("job")).get("job_id")));
            assertEquals(1L, number(CitusLab.map(status.get("job")).get("retrying")));
            assertEquals("division by zero", rows(status, "tasks").get(0).get("message"));
        } finally {
            psql("SELECT citus_job_cancel(" + job + ")");
            psql("SELECT citus_job_wait(" + job + ")");
            psql("DELETE FROM pg_dist_background_task WHERE job_id = " + job);
            psql("DELETE FROM pg_dist_background_job WHERE job_id = " + job);
        }
    }

    @Test
    void connections_opened_on_a_worker_are_counted_there() throws SQLException {
        String worker = CitusLab.workers().get(0);
        String where = CitusLab.where(worker);
        long before = number(row(rows(lab.call("citus_connections"), "nodes"), "where", where)
                .get("from_clients"));
        List<Connection> opened = new ArrayList<>();
        try {
            for (int i = 0; i < 7; i++) {
                opened.add(CitusLab.connectTo(worker));
            }
            Map<?, ?> now = row(rows(lab.call("citus_connections"), "nodes"), "where", where);
            assertEquals(before + 7, number(now.get("from_clients")));
            assertEquals(
                    Long.parseLong(psql(
                                    opened.get(0),
                                    "SELECT current_setting('max_connections')::int"
                                            + " - current_setting('superuser_reserved_connections')::int")
                            .get(0)),
                    number(now.get("usable")));
        } finally {
            for (Connection one : opened) {
                one.close();
            }
        }
    }

    @Test
    void a_statement_is_counted_and_told_whether_a_key_routed_it() throws Exception {
        try (Connection client = CitusLab.connect("LAB_DIRECT_DSN")) {
            psql(client, "SET citus.stat_statements_track = 'all'");
            for (int i = 0; i < 5; i++) {
                psql(client, "SELECT min(note) FROM orders WHERE tenant_id = 3 AND note > 'routed'");
            }
            for (int i = 0; i < 3; i++) {
                psql(client, "SELECT max(note) FROM orders WHERE note > 'fanned'");
            }
        }
        List<Map<?, ?>> all =
                rows(lab.call("citus_distributed_query_stats", "sort", "calls", "limit", 200), "statements");
        Map<?, ?> routed = named(all, "min(note)");
        assertEquals(calls("min(note)"), number(routed.get("calls")));
        assertTrue(number(routed.get("calls")) >= 5);
        assertEquals(routed.get("calls"), routed.get("calls_with_key"));
        Map<?, ?> fanned = named(all, "max(note)");
        assertEquals(calls("max(note)"), number(fanned.get("calls")));
        assertEquals(0L, fanned.get("calls_with_key"));
    }

    @Test
    void what_asks_is_not_among_the_statements_that_are_counted() throws Exception {
        try (Connection client = CitusLab.connect("LAB_DIRECT_DSN")) {
            psql(client, "SET citus.stat_statements_track = 'all'");
            psql(client, OwnText.marked("SELECT avg(length(note)) FROM orders"));
        }
        assertTrue(calls("avg(length(note))") > 0, "recorded by the server");
        Map<?, ?> answer = lab.call("citus_distributed_query_stats", "limit", 200);
        List<Map<?, ?>> all = rows(answer, "statements");
        assertTrue(
                all.stream().noneMatch(one -> String.valueOf(one.get("query")).contains("avg(length(note))")),
                all.toString());
        assertEquals((long) all.size(), CitusLab.map(answer.get("rest")).get("total"));
    }

    private static long calls(String part) throws SQLException {
        return one("SELECT sum(calls) FROM citus_stat_statements WHERE strpos(query, '" + part + " FROM orders') > 0");
    }

    private static Map<?, ?> named(List<Map<?, ?>> statements, String part) {
        return statements.stream()
                .filter(one -> String.valueOf(one.get("query")).contains(part + " FROM orders"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + part + " in " + statements));
    }
}
