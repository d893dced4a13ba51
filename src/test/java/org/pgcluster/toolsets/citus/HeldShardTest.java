package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;

/** Somebody holds a shard exclusively, on its node alone: nobody else's table is held up behind us. */
@Tag("lab")
class HeldShardTest {
    @TempDir
    Path state;

    private String shard = "";
    private String worker = "";

    @BeforeEach
    void table() throws SQLException {
        CitusLab.address("LAB_DIRECT_DSN");
        psql("CREATE TABLE held (id int PRIMARY KEY)");
        psql("SELECT create_distributed_table('held', 'id', shard_count => 2, colocate_with => 'none')");
        psql("INSERT INTO held SELECT generate_series(1, 100)");
        shard = psql("SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'held'::regclass")
                .get(0);
        String port = psql("SELECT nodeport FROM citus_shards WHERE shardid = " + shard)
                .get(0);
        worker = CitusLab.workers().stream()
                .filter(dsn -> CitusLab.port(dsn).equals(port))
                .findFirst()
                .orElseThrow();
    }

    @AfterEach
    void noTable() throws SQLException {
        if (!shard.isEmpty()) {
            psql("DROP TABLE held");
        }
    }

    private Connection holding() throws SQLException {
        Connection holder = CitusLab.connectTo(worker);
        psql(holder, "SET citus.enable_manual_changes_to_shards = on");
        holder.setAutoCommit(false);
        psql(holder, "LOCK TABLE held_" + shard + " IN ACCESS EXCLUSIVE MODE");
        return holder;
    }

    @Test
    void a_conversion_gives_up_soon_and_leaves_the_table_as_it_was() throws SQLException {
        try (Lab lab = Lab.acting(System.getenv(), state, "act_lock_timeout_ms", "500")) {
            Map<String, Object> arguments = Map.of("table", "held");
            Answer filed =
                    lab.call("citus_request_approval_token", "action", "convert_to_local", "arguments", arguments);
            Object token = Objects.requireNonNull(filed.structured().get("token"), filed.text());
            try (Connection holder = holding()) {
                Answer refused = lab.call("convert_to_local", "table", "held", "approval_token", token);
                assertTrue(refused.isError(), refused.text());
                assertTrue(refused.text().startsWith("CONFLICT"), refused.text());
                assertTrue(refused.text().contains("it is as it was"), refused.text());
                assertTrue(refused.text().contains("citus_activity"), refused.text());
                holder.rollback();
            }
            assertEquals(2, one("SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'held'::regclass"));
            assertEquals(100, one("SELECT count(*) FROM held"));
        }
    }

    private String elsewhere() throws SQLException {
        return psql("SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE shouldhaveshards AND nodeport <> "
                        + CitusLab.port(worker))
                .get(0);
    }

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(strings = {"LOCK TABLE held_%s IN ACCESS EXCLUSIVE MODE", "UPDATE held_%s SET id = id"})
    void a_move_that_waits_says_soon_for_whom_and_since_when(String holding) throws Exception {
        try (Lab lab = Lab.acting(System.getenv(), state);
                Connection holder = CitusLab.connectTo(worker)) {
            Map<String, Object> arguments = Map.of("shard_id", Long.parseLong(shard), "target_host", elsewhere());
            Answer filed = lab.call(
                    "citus_request_approval_token", "action", "citus_move_shard_execute", "arguments", arguments);
            Object token = Objects.requireNonNull(filed.structured().get("token"), filed.text());
            psql(holder, "SET citus.enable_manual_changes_to_shards = on");
            psql(holder, "SET application_name = 'till-7'");
            holder.setAutoCommit(false);
            psql(holder, holding.formatted(shard));
            String pid = psql(holder, "SELECT pg_backend_pid()").get(0);
            Answer answer = lab.call(
                    "citus_move_shard_execute",
                    "shard_id",
                    Long.parseLong(shard),
                    "target_host",
                    elsewhere(),
                    "approval_token",
                    token);
            assertFalse(answer.isError(), answer.text());
            Object operation = Objects.requireNonNull(answer.structured().get("operation"), answer.text());
            long givenUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            String told = "";
            while (!told.contains("Waits for ") && System.nanoTime() < givenUp) {
                told = lab.call("operation_status", "operation", operation).text();
                TimeUnit.MILLISECONDS.sleep(200);
            }
            holder.rollback();
            Answer ended = answer;
            while (!ended.isError() && Acting.running(ended)) {
                ended = lab.call("operation_status", "operation", operation, "wait_seconds", 30);
            }
            assertEquals("done", ended.structured().get("state"), ended.text());
            assertTrue(told.matches("(?s).*Waits for \\d+ s on \\d+ " + CitusLab.where(worker) + " for .*"), told);
            assertTrue(told.contains("(pid " + pid + " on "), told);
            assertTrue(told.contains("till-7, idle in transaction, transaction open for "), told);
        }
        CitusLab.awaitCleanup(CitusLab::psql);
    }

    @Test
    void its_size_is_missing_and_nothing_waits_for_it() throws SQLException {
        try (Connection holder = holding();
                CitusLab lab = CitusLab.user(state)) {
            Map<?, ?> object = CitusLab.row(
                    CitusLab.rows(lab.call("list_objects", "schema", "public"), "objects"), "name", "held");
            assertFalse(object.get("bytes") instanceof Number, object.toString());
            String target = psql("SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE shouldhaveshards"
                            + " AND nodeport <> " + CitusLab.port(worker))
                    .get(0);
            String plan = lab.ask("citus_move_shard_plan", "shard_id", Long.parseLong(shard), "target_host", target)
                    .text();
            assertTrue(plan.startsWith("Moves 1 colocated shard of unknown size from"), plan);
            assertTrue(plan.contains("who holds it holds up the move as well"), plan);
            holder.rollback();
        }
    }
}
