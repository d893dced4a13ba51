package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.psql;

import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a worker Citus hides the shards from the catalogue: of what cannot be seen nothing is said that is wrong. */
@Tag("lab")
class HiddenShardsTest {
    @TempDir
    Path state;

    private CitusLab worker;
    private String shard = "";

    @BeforeEach
    void start() throws SQLException {
        String dsn = CitusLab.workers().get(0);
        worker = CitusLab.as(dsn, state);
        try (var connection = CitusLab.connectTo(dsn)) {
            shard = psql(connection, """
                            SELECT shard_name(shard.logicalrelid, shard.shardid) FROM pg_dist_shard AS shard
                              JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
                              JOIN pg_dist_local_group AS here ON here.groupid = place.groupid
                             WHERE shard.logicalrelid = 'public.order_lines'::regclass
                             ORDER BY pg_relation_size(shard_name(shard.logicalrelid, shard.shardid)::regclass) DESC LIMIT 1
                            """).get(0).replaceAll("^public\\.", "");
        }
    }

    @AfterEach
    void stop() {
        if (worker != null) {
            worker.close();
        }
    }

    @Test
    void a_shard_is_no_composite_type() {
        String told = worker.error("get_object_details", "schema", "public", "name", shard);
        assertTrue(told.startsWith("NOT_FOUND"), told);
        String types = worker.call("list_objects", "schema", "public").toString();
        assertFalse(types.contains(shard), types);
    }

    @Test
    void nobody_says_that_most_rows_of_a_shard_pass_a_filter_when_its_rows_are_not_known() {
        String told = worker.call("explain_query", "sql", "SELECT * FROM " + shard + " WHERE quantity = -1")
                .toString();
        assertTrue(told.contains("Seq Scan"), told);
        assertFalse(told.contains("Most rows pass"), told);
    }

    @Test
    void a_worker_with_all_its_shards_misses_none() {
        assertEquals("healthy", worker.call("cluster_health").get("state"));
    }
}
