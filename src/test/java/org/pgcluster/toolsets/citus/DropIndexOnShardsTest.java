package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.one;

import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.testing.Lab;

/** What an index of a distributed table holds and who reads it is counted where its rows are. */
@Tag("lab")
class DropIndexOnShardsTest {
    private static final String ON_SHARDS = "SELECT sum(result::bigint) FROM run_command_on_shards('orders', $$SELECT"
            + " %s FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = '%%s'::regclass"
            + " AND relname LIKE 'orders_status_idx_%%%%'$$)";

    @TempDir
    Path state;

    @Test
    void a_plan_to_drop_an_index_has_the_bytes_and_scans_of_all_shards() throws SQLException {
        Object bytes = one(ON_SHARDS.formatted("pg_relation_size(indexrelid)"));
        Object scans = one(ON_SHARDS.formatted("pg_stat_get_numscans(indexrelid)"));
        try (Lab lab = Lab.connected(state, "mode", "plan")) {
            String plan =
                    lab.call("drop_index", "index", "public.orders_status_idx").text();
            assertTrue(plan.contains("(" + bytes + " bytes, " + scans + " scans counted on its shards)"), plan);
            assertTrue(plan.contains("DROP INDEX CONCURRENTLY public.orders_status_idx"), plan);
        }
    }
}
