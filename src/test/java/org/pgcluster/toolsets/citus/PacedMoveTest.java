package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Aside;

/** Rate and distance of a move, held against what psql sees before and after: the target takes each row slowly. */
@Tag("lab")
@Tag("slow")
class PacedMoveTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final String PACED = """
            SET citus.enable_ddl_propagation = off;
            CREATE FUNCTION public.paces() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END $$;
            CREATE FUNCTION public.pacing() RETURNS event_trigger LANGUAGE plpgsql AS $$
                DECLARE made record;
                BEGIN
                    FOR made IN SELECT objid::regclass AS name FROM pg_event_trigger_ddl_commands()
                                 WHERE command_tag = 'CREATE TABLE' AND object_identity ~ '^public[.]paced_[0-9]+$' LOOP
                        EXECUTE format('CREATE TRIGGER paces BEFORE INSERT ON %1$s FOR EACH ROW EXECUTE FUNCTION public.paces()',
                                       made.name);
                    END LOOP;
                END $$;
            CREATE EVENT TRIGGER pacing ON ddl_command_end EXECUTE FUNCTION public.pacing();
            """;

    @TempDir
    Path state;

    private long shard;
    private long from;
    private long to;
    private String source = "";
    private String target = "";
    private @Nullable CompletableFuture<Void> moving;

    @BeforeEach
    void slowly() throws SQLException {
        psql("CREATE TABLE paced (id int PRIMARY KEY, body text)");
        psql("ALTER TABLE paced ALTER body SET STORAGE EXTERNAL");
        psql("SELECT create_distributed_table('paced', 'id', shard_count => 1, colocate_with => 'none')");
        psql("INSERT INTO paced SELECT n, repeat(md5(n::text), 60) FROM generate_series(1, 3000) AS n");
        shard = one("SELECT shardid FROM pg_dist_shard WHERE logicalrelid = 'paced'::regclass");
        from = one("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid)"
                + " WHERE noderole = 'primary' AND shardid = " + shard);
        to = one("SELECT min(nodeid) FROM pg_dist_node WHERE groupid > 0 AND noderole = 'primary' AND nodeid <> "
                + from);
        source = dsn(from);
        target = dsn(to);
        on(target, PACED);
    }

    @AfterEach
    void quickAgain() throws Exception {
        var last = moving;
        if (last != null) {
            last.get(120, TimeUnit.SECONDS);
        }
        on(
                target,
                "SET citus.enable_ddl_propagation = off; DROP EVENT TRIGGER pacing; DROP FUNCTION public.pacing();"
                        + " DROP FUNCTION public.paces() CASCADE");
        psql("DROP TABLE paced");
        psql("CALL citus_cleanup_orphaned_resources()");
    }

    private static String dsn(long node) throws SQLException {
        String port =
                psql("SELECT nodeport FROM pg_dist_node WHERE nodeid = " + node).get(0);
        return CitusLab.workers().stream()
                .filter(worker -> CitusLab.port(worker).equals(port))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> on(String dsn, String sql) throws SQLException {
        try (Connection connection = CitusLab.connectTo(dsn)) {
            return psql(connection, sql);
        }
    }

    private CompletableFuture<Void> moves() {
        var begun = Aside.run(() -> {
            try {
                psql("SELECT citus_move_shard_placement(" + shard + ", " + from + ", " + to + ", 'force_logical')");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        moving = begun;
        return begun;
    }

    private static long targetBytes() throws SQLException {
        return one("SELECT coalesce(sum(target_shard_size), 0) FROM get_rebalance_progress()");
    }

    @Test
    void the_rate_is_no_more_than_what_the_target_grew_by() throws Exception {
        try (CitusLab lab = CitusLab.user(state)) {
            var moving = moves();
            long rate = 0;
            long before = 0;
            long after = 0;
            long givenUp = System.nanoTime() + PATIENCE.toNanos();
            while (rate == 0 && !moving.isDone() && System.nanoTime() < givenUp) {
                before = targetBytes();
                List<Map<?, ?>> moves = rows(lab.call("citus_rebalance_status"), "moves");
                after = targetBytes();
                Object told = moves.isEmpty() ? null : moves.get(0).get("bytes_per_second");
                rate = told == null ? 0 : number(told);
            }
            assertTrue(rate > 0, "a rate was told while it copied");
            // The two looks lie a second or more apart and between the two of psql.
            assertTrue(rate <= after - before, rate + " B/s, while it grew by " + (after - before));
            moving.get(120, TimeUnit.SECONDS);
            assertEquals(List.of("3000"), psql("SELECT count(*) FROM paced"));
        }
    }

    /** From what the source wrote to what the target's own subscription says it received. */
    private long behind() throws SQLException {
        String received = on(
                        target,
                        "SELECT min(latest_end_lsn) FROM pg_stat_subscription WHERE subname LIKE 'citus_shard_move%'")
                .get(0);
        return Long.parseLong(on(source, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '" + received + "')::bigint")
                .get(0));
    }

    private static void awaits(String phase) throws SQLException, InterruptedException {
        long givenUp = System.nanoTime() + PATIENCE.toNanos();
        List<String> now = List.of();
        while (!now.contains(phase)) {
            assertTrue(System.nanoTime() < givenUp, "never " + phase + " but " + now);
            TimeUnit.MILLISECONDS.sleep(100);
            now = psql("SELECT DISTINCT status FROM get_rebalance_progress()");
        }
    }

    @Test
    void the_distance_is_what_the_source_wrote_and_the_target_has_not_received() throws Exception {
        try (CitusLab lab = CitusLab.user(state);
                Connection writer = CitusLab.connect("LAB_DIRECT_DSN")) {
            assertFalse(moves().isDone());
            awaits("Copying Data");
            writer.setAutoCommit(false);
            psql(writer, "UPDATE paced SET body = 'late' WHERE id = 1"); // what the last switch waits for
            awaits("Final Catchup");
            String applying = on(
                            target,
                            "SELECT pid FROM pg_stat_subscription WHERE pid IS NOT NULL"
                                    + " AND subname LIKE 'citus_shard_move%'")
                    .get(0);
            signal("-STOP", applying);
            try {
                on(source, "SELECT pg_logical_emit_message(true, 'far', repeat('x', 700000))");
                long before = behind();
                long told = number(
                        rows(lab.call("citus_rebalance_status"), "moves").get(0).get("lsn_distance_bytes"));
                long after = behind();
                assertTrue(before >= 700_000, before + " bytes behind");
                assertTrue(before <= told && told <= after, told + " told, between " + before + " and " + after);
            } finally {
                signal("-CONT", applying);
            }
            writer.rollback();
        }
    }

    private static void signal(String signal, String pid) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("kill", signal, pid).start().waitFor());
    }
}
