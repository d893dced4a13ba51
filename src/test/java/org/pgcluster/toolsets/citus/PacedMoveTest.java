package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    private static long targetBytes() throws SQLException {
        return one("SELECT coalesce(sum(target_shard_size), 0) FROM get_rebalance_progress()");
    }

    private static void onTarget(String dsn, String sql) throws SQLException {
        try (Connection connection = CitusLab.connectTo(dsn)) {
            psql(connection, sql);
        }
    }

    @Test
    void the_rate_is_no_more_than_what_the_target_grew_by() throws Exception {
        psql("CREATE TABLE paced (id int PRIMARY KEY, body text)");
        psql("ALTER TABLE paced ALTER body SET STORAGE EXTERNAL");
        psql("SELECT create_distributed_table('paced', 'id', shard_count => 1, colocate_with => 'none')");
        psql("INSERT INTO paced SELECT n, repeat(md5(n::text), 60) FROM generate_series(1, 3000) AS n");
        long shard = one("SELECT shardid FROM pg_dist_shard WHERE logicalrelid = 'paced'::regclass");
        long from = one("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid)"
                + " WHERE noderole = 'primary' AND shardid = " + shard);
        List<String> to = psql("SELECT nodeid || ' ' || nodeport FROM pg_dist_node WHERE groupid > 0 AND nodeid <> "
                + from + " AND noderole = 'primary'");
        String target = CitusLab.workers().stream()
                .filter(worker -> worker.contains(":" + to.get(0).split(" ", -1)[1] + "/"))
                .findFirst()
                .orElseThrow();
        onTarget(target, PACED);
        try (CitusLab lab = CitusLab.user(state)) {
            CompletableFuture<Void> moving = CompletableFuture.runAsync(() -> {
                try {
                    psql("SELECT citus_move_shard_placement(" + shard + ", " + from + ", "
                            + to.get(0).split(" ", -1)[0] + ", 'force_logical')");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
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
        } finally {
            onTarget(
                    target,
                    "SET citus.enable_ddl_propagation = off; DROP EVENT TRIGGER pacing; DROP FUNCTION public.pacing();"
                            + " DROP FUNCTION public.paces() CASCADE");
            psql("DROP TABLE paced");
            psql("CALL citus_cleanup_orphaned_resources()");
        }
    }
}
