package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("lab")
class SnapshotSourceTest {
    @TempDir
    Path state;

    /** Then there is nothing more to be seen. */
    private static boolean refusedBefore13Point2(CitusLab lab) throws SQLException {
        if (CitusLab.splitsByClones()) {
            return false;
        }
        String refused = lab.error("citus_snapshot_source_advisor");
        assertTrue(refused.contains("13.2") && refused.contains("citus_add_node"), refused);
        return true;
    }

    @Test
    void the_worker_with_most_bytes_is_the_one_to_clone() throws SQLException {
        psql("ANALYZE");
        List<String> byBytes = psql("SELECT nodeid FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport)"
                + " WHERE citus_table_type <> 'reference' AND noderole = 'primary' AND shouldhaveshards"
                + " GROUP BY nodeid ORDER BY sum(shard_size) DESC");
        try (CitusLab lab = CitusLab.user(state)) {
            if (refusedBefore13Point2(lab)) {
                return;
            }
            Map<?, ?> answer = lab.call("citus_snapshot_source_advisor");
            assertEquals(
                    byBytes,
                    rows(answer, "candidates").stream()
                            .map(one -> String.valueOf(one.get("node_id")))
                            .toList());
            assertTrue(String.valueOf(answer.get("source")).startsWith(byBytes.get(0) + " "), answer.toString());
            Map<?, ?> best = rows(answer, "candidates").get(0);
            assertEquals(
                    one("SELECT count(*) FROM pg_dist_placement JOIN pg_dist_node USING (groupid)"
                            + " JOIN pg_dist_shard USING (shardid) JOIN pg_dist_partition USING (logicalrelid)"
                            + " WHERE repmodel <> 't' AND noderole = 'primary' AND nodeid = " + byBytes.get(0)),
                    number(best.get("shards")));
            String steps = String.valueOf(answer.get("steps"));
            assertTrue(steps.contains("citus_add_clone_node"), steps);
            long highest = one("SELECT max(groupid) FROM pg_dist_node");
            assertEquals(
                    one("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM pg_dist_groupid_seq") < highest,
                    steps.contains("setval('pg_catalog.pg_dist_groupid_seq', " + highest + ")"),
                    steps);
        }
    }

    @Test
    void what_other_servers_take_beside_it_is_honoured_or_refused_with_the_reason() throws SQLException {
        List<String> byShards = psql("SELECT nodeid FROM pg_dist_placement JOIN pg_dist_node USING (groupid)"
                + " JOIN pg_dist_shard USING (shardid) JOIN pg_dist_partition USING (logicalrelid)"
                + " WHERE repmodel <> 't' AND noderole = 'primary' AND shouldhaveshards"
                + " GROUP BY nodeid ORDER BY count(*) DESC, nodeid");
        try (CitusLab lab = CitusLab.user(state)) {
            if (refusedBefore13Point2(lab)) {
                return;
            }
            Map<?, ?> byCount =
                    lab.call("citus_snapshot_source_advisor", "strategy", "by_shard_count", "include_simulation", true);
            assertTrue(String.valueOf(byCount.get("source")).startsWith(byShards.get(0) + " "), byCount.toString());
            Map<?, ?> without = lab.call("citus_snapshot_source_advisor", "exclude_nodes", List.of(byShards.get(0)));
            assertTrue(rows(without, "candidates").stream()
                    .noneMatch(one -> byShards.get(0).equals(String.valueOf(one.get("node_id")))));
            assertTrue(lab.error("citus_snapshot_source_advisor", "require_reachable", false)
                    .contains("only a node that answers can be judged"));
        }
    }
}
