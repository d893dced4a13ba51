package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.postgresql.PGConnection;

/** What runs on another node than the one that is asked is stopped where it runs. */
@Tag("lab")
class CancelAcrossNodesTest {
    @TempDir
    Path folder;

    private static String worker() {
        return CitusLab.address("LAB_WORKER_DSNS").replaceAll(",.*", "");
    }

    private static String where(String dsn) {
        return dsn.replaceAll(".*@|/.*", "");
    }

    private static CompletableFuture<String> running(Connection victim, String sql) {
        return CompletableFuture.supplyAsync(() -> {
            try (var statement = victim.createStatement()) {
                statement.execute(sql);
                return "ran to its end";
            } catch (SQLException e) {
                return e.getSQLState();
            }
        });
    }

    private static String awaited(Connection watcher, String sql) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < until) {
            List<String> found = CitusLab.psql(watcher, sql);
            if (!found.isEmpty()) {
                return found.get(0);
            }
            Thread.sleep(20);
        }
        throw new AssertionError("never seen: " + sql);
    }

    private static Answer cancelled(Lab lab, Object... given) {
        Map<String, Object> all = new HashMap<>();
        for (int i = 0; i < given.length; i += 2) {
            all.put((String) given[i], given[i + 1]);
        }
        Answer filed = lab.call("citus_request_approval_token", "action", "cancel_query", "arguments", all);
        List<Object> approved = new ArrayList<>(List.of(given));
        approved.add("approval_token");
        approved.add(Objects.requireNonNull(filed.structured().get("token"), filed.text()));
        return lab.call("cancel_query", approved.toArray());
    }

    @Test
    void a_statement_of_a_worker_is_cancelled_there_and_its_session_lives_on() throws Exception {
        try (Connection victim = CitusLab.connectTo(worker());
                Connection watcher = CitusLab.connectTo(worker());
                Lab lab = Lab.acting(System.getenv(), folder)) {
            long pid = victim.unwrap(PGConnection.class).getBackendPID();
            CompletableFuture<String> ended = running(victim, "SELECT pg_sleep(300)");
            awaited(watcher, "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid = " + pid);
            Answer unplaced = lab.call("cancel_query", "pids", List.of(pid), "dry_run", true);
            assertTrue(unplaced.text().contains("`node` must say where it is"), unplaced.text());
            Answer done = cancelled(lab, "pids", List.of(pid), "node", where(worker()));
            assertEquals("57014", ended.get(30, TimeUnit.SECONDS), done.text());
            assertTrue(done.text().contains("1 of 1 stopped"), done.text());
            assertEquals(List.of("1"), CitusLab.psql(victim, "SELECT 1"));
        }
    }

    @Test
    void a_global_pid_stops_a_statement_on_every_node_and_a_part_of_it_is_told_as_a_part() throws Exception {
        String coordinator = CitusLab.address("LAB_DIRECT_DSN");
        try (Connection victim = CitusLab.connectTo(coordinator);
                Connection watcher = CitusLab.connectTo(worker());
                Lab lab = Lab.acting(System.getenv(), folder)) {
            long global = Long.parseLong(
                    CitusLab.psql(victim, "SELECT citus_backend_gpid()").get(0));
            CompletableFuture<String> ended = running(victim, "SELECT run_command_on_workers('SELECT pg_sleep(300)')");
            String parts = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE '%gpid="
                    + global + "'";
            long part = Long.parseLong(awaited(watcher, parts));
            Answer plan = lab.call("cancel_query", "pids", List.of(part), "node", where(worker()), "dry_run", true);
            assertTrue(plan.text().contains("it works for session " + global), plan.text());
            Answer done = cancelled(lab, "pids", List.of(global));
            assertEquals("57014", ended.get(30, TimeUnit.SECONDS), done.text());
            awaited(watcher, "SELECT 1 WHERE NOT EXISTS (" + parts + ")");
        }
    }
}
