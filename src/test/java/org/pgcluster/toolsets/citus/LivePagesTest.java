package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.map;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Aside;

/** Lists of what goes on just now: page by page nothing is lost or told twice. */
@Tag("lab")
class LivePagesTest {
    @TempDir
    Path state;

    private CitusLab lab;
    private final List<Connection> open = new ArrayList<>();

    @BeforeEach
    void start() {
        lab = CitusLab.user(state);
    }

    @AfterEach
    void stop() throws SQLException {
        for (Connection connection : open) {
            connection.close();
        }
        if (lab != null) {
            lab.close();
        }
    }

    private Connection connection() throws SQLException {
        Connection connection = CitusLab.connect("LAB_DIRECT_DSN");
        open.add(connection);
        return connection;
    }

    /** Others come and go meanwhile, so nothing is said of how many there are. */
    private List<Map<?, ?>> pages(String list, String tool, Object... arguments) {
        List<Map<?, ?>> all = new ArrayList<>();
        @Nullable Object cursor = null;
        do {
            List<Object> given = new ArrayList<>(List.of(arguments));
            if (cursor != null) {
                given.addAll(List.of("cursor", cursor));
            }
            Map<?, ?> page = lab.call(tool, given.toArray());
            all.addAll(rows(page, list));
            cursor = map(page.get("rest")).get("cursor");
        } while (cursor != null);
        return all;
    }

    private static Set<Object> values(List<Map<?, ?>> rows, String key) {
        Set<Object> values = new HashSet<>();
        rows.forEach(row -> assertTrue(values.add(String.valueOf(row.get(key))), row + " stands there twice"));
        return values;
    }

    @Test
    void every_session_is_on_one_page() throws SQLException {
        Set<String> gpids = new TreeSet<>();
        for (int i = 0; i < 5; i++) {
            gpids.add(psql(connection(), "SELECT citus_backend_gpid()").get(0));
        }
        List<Map<?, ?>> sessions = pages("sessions", "citus_activity", "include_idle", true, "limit", 2);
        // Who began another statement meanwhile, as Citus' own sessions do, comes once more, at the end.
        List<String> seen = sessions.stream()
                .map(row -> String.valueOf(row.get("global_pid")))
                .filter(gpids::contains)
                .toList();
        assertEquals(List.copyOf(gpids), seen.stream().sorted().toList(), sessions.toString());
    }

    private static boolean updated(Connection waiter) {
        try {
            return psql(waiter, "UPDATE tenants SET name = name WHERE tenant_id = 11")
                    .isEmpty();
        } catch (SQLException e) {
            return false; // ended with the connections of a test that failed before
        }
    }

    @Test
    void every_wait_is_on_one_page_with_the_locks_of_its_sessions() throws Exception {
        Connection holder = connection();
        holder.setAutoCommit(false);
        psql(holder, "UPDATE tenants SET name = name WHERE tenant_id = 11");
        List<CompletableFuture<Boolean>> waiting = new ArrayList<>();
        Set<String> gpids = new TreeSet<>();
        for (int i = 0; i < 3; i++) {
            Connection waiter = connection();
            gpids.add(psql(waiter, "SELECT citus_backend_gpid()").get(0));
            psql(waiter, "SET statement_timeout = '60s'");
            waiting.add(Aside.supply(() -> updated(waiter)));
        }
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (number(map(lab.call("citus_lock_inspector").get("rest")).get("total")) < 3) {
            assertTrue(System.nanoTime() < until, "they do not wait");
        }
        Map<?, ?> whole = lab.call("citus_lock_inspector", "include_locks", true, "limit", 200);
        List<Map<?, ?>> waits = pages("waits", "citus_lock_inspector", "limit", 1);
        assertEquals(number(map(whole.get("rest")).get("total")), (long) waits.size());
        Set<String> seen = new TreeSet<>();
        waits.forEach(wait -> seen.add(String.valueOf(wait.get("waiting_gpid"))));
        assertTrue(seen.containsAll(gpids), seen + " of " + gpids);

        Map<?, ?> cut = lab.call("citus_lock_inspector", "include_locks", true, "limit", 1);
        assertEquals(1, rows(cut, "locks").size());
        assertTrue(number(cut.get("locks_left_out")) > 0, cut.toString());
        assertEquals(null, whole.get("locks_left_out"));
        holder.rollback();
        for (CompletableFuture<Boolean> one : waiting) {
            one.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void every_shard_is_on_one_page_the_hottest_first() throws SQLException {
        List<Map<?, ?>> shards = lab.pages("hot_shards", "citus_shard_heatmap", "group_by", "shard", "limit", 9);
        assertEquals(
                new HashSet<>(psql("SELECT shardid FROM citus_shards WHERE citus_table_type <> 'reference'")),
                values(shards, "shard_id"));
        List<Long> bytes = shards.stream().map(row -> number(row.get("bytes"))).toList();
        assertEquals(bytes.stream().sorted(Comparator.reverseOrder()).toList(), bytes);
        assertEquals(
                one("SELECT sum(shard_size) FROM citus_shards WHERE citus_table_type <> 'reference'"),
                bytes.stream().mapToLong(Long::longValue).sum());
        List<Map<?, ?>> groups = lab.pages("groups", "citus_shard_heatmap", "group_by", "table", "limit", 2);
        assertEquals(
                one("SELECT sum(shard_size) FROM citus_shards WHERE citus_table_type <> 'reference'"),
                groups.stream().mapToLong(row -> number(row.get("bytes"))).sum());
        List<Map<?, ?>> skew = lab.pages("groups", "citus_shard_skew_report", "limit", 1);
        assertEquals(
                new HashSet<>(
                        psql("SELECT DISTINCT colocation_id FROM citus_tables WHERE distribution_column <> '<none>'")),
                values(skew, "colocation_id"));
    }

    @Test
    void every_statement_on_record_is_on_one_page_in_each_order() throws SQLException {
        for (String sort : List.of("total_time", "mean_time", "calls", "rows")) {
            List<Map<?, ?>> all =
                    rows(lab.call("citus_distributed_query_stats", "sort", sort, "limit", 200), "statements");
            assertTrue(all.size() > 3, "the sample data was loaded by statements");
            assertEquals(all, lab.pages("statements", "citus_distributed_query_stats", "sort", sort, "limit", 3));
        }
    }

    @Test
    void every_task_of_a_job_is_on_one_page() throws SQLException {
        Connection admin = connection();
        String job = psql(
                        admin,
                        "INSERT INTO pg_dist_background_job (state, job_type, description) VALUES ('cancelled', 'rebalance', 'x')"
                                + " RETURNING job_id")
                .get(0);
        try {
            psql(
                    admin,
                    "INSERT INTO pg_dist_background_task (job_id, owner, status, command) SELECT " + job
                            + ", 10, CASE WHEN n % 2 = 0 THEN 'cancelled' ELSE 'error' END::citus_task_status, 'SELECT ' || n"
                            + " FROM generate_series(1, 250) AS n");
            Map<?, ?> all = lab.call("citus_job_inspector", "include_tasks", true);
            assertEquals(200, rows(all, "tasks").size());
            assertTrue(number(map(all.get("tasks_rest")).get("total")) >= 250, all.toString());
            Set<Object> tasks = new HashSet<>();
            @Nullable Object cursor = null;
            do {
                Map<?, ?> page = cursor == null
                        ? lab.call("citus_job_inspector", "job", Long.valueOf(job), "include_tasks", true, "limit", 90)
                        : lab.call(
                                "citus_job_inspector",
                                "job",
                                Long.valueOf(job),
                                "include_tasks",
                                true,
                                "limit",
                                90,
                                "cursor",
                                cursor);
                assertEquals(1, rows(page, "jobs").size());
                assertEquals(250, number(map(page.get("tasks_rest")).get("total")));
                rows(page, "tasks").forEach(task -> assertTrue(tasks.add(task.get("task_id")), task.toString()));
                cursor = map(page.get("tasks_rest")).get("cursor");
            } while (cursor != null);
            assertEquals(250, tasks.size());
        } finally {
            psql(admin, "DELETE FROM pg_dist_background_task WHERE job_id = " + job + " RETURNING 1");
            psql(admin, "DELETE FROM pg_dist_background_job WHERE job_id = " + job + " RETURNING 1");
        }
    }
}
