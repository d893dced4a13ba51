package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.row;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Standbys change no figure: neither as registered secondaries, nor as the coordinator that is asked. */
@Tag("lab")
class StandbysTest {
    /** Those whose text holds nothing that moves by itself. */
    private static final List<String> STILL = List.of(
            "citus_list_distributed_tables",
            "list_table_types",
            "list_shards",
            "citus_table_inspector",
            "citus_colocation_inspector",
            "citus_shard_distribution",
            "citus_schemas",
            "citus_shard_heatmap",
            "citus_leftovers",
            "citus_advisor",
            "advise_distribution");

    @TempDir
    Path state;

    private static Map<String, String> told(CitusLab lab) throws Exception {
        Map<String, String> told = new TreeMap<>();
        for (var one : Inspections.filled()) {
            var answer = lab.ask(one.tool(), one.given());
            assertTrue(!answer.isError(), one.tool() + ": " + answer.text());
            assertEquals(List.of(), answer.structured().getOrDefault("unavailable", List.of()), one.tool());
            if (STILL.contains(one.tool())) {
                told.put(one.tool(), answer.text());
            }
        }
        return told;
    }

    /** The other server of a worker's group, which the lab's folder knows. */
    private static int standbyOf(String worker) throws Exception {
        try (Connection connection = CitusLab.connectTo(worker)) {
            String member = psql(connection, "SELECT application_name FROM pg_stat_replication ORDER BY 1")
                    .get(0);
            Path pid = Path.of(CitusLab.address("LAB_FOLDER"), member, "postmaster.pid");
            return Integer.parseInt(Files.readAllLines(pid).get(3).strip());
        }
    }

    @Test
    void a_registered_secondary_doubles_nothing() throws Exception {
        String worker = CitusLab.workers().get(0);
        String port = CitusLab.port(worker);
        int standby = standbyOf(worker);
        try (CitusLab lab = CitusLab.user(state)) {
            Map<String, String> before = told(lab);
            psql("SELECT citus_add_secondary_node('127.0.0.1', " + standby + ", '127.0.0.1', " + port + ")");
            try {
                Map<String, String> after = told(lab);
                long givenUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
                while (!after.equals(before) && System.nanoTime() < givenUp) {
                    psql("SELECT citus_remove_node('127.0.0.1', " + standby + ")");
                    before = told(lab);
                    psql("SELECT citus_add_secondary_node('127.0.0.1', " + standby + ", '127.0.0.1', " + port + ")");
                    after = told(lab);
                }
                assertEquals(before, after);
                Map<?, ?> secondary = row(rows(lab.call("list_nodes"), "nodes"), "where", "127.0.0.1:" + standby);
                assertEquals("secondary", secondary.get("role"));
                assertEquals(null, secondary.get("answers"), "it is not asked");
                String node = psql("SELECT nodeid FROM pg_dist_node WHERE noderole = 'primary' AND nodeport = " + port)
                        .get(0);
                String report = lab.ask("citus_lost_node_report", "node", node).text();
                assertTrue(report.contains("127.0.0.1:" + standby + " (secondary)"), report);
                Map<?, ?> lost = lab.call("citus_lost_node_report", "node", "127.0.0.1:" + standby);
                assertEquals(0L, CitusLab.number(lost.get("only_copies")), "its primary has them");
                assertTrue(String.valueOf(lost.get("ways_back")).contains("citus_remove_node("), lost.toString());
            } finally {
                psql("SELECT citus_remove_node('127.0.0.1', " + standby + ")");
            }
        }
    }

    @Test
    void a_standby_coordinator_tells_the_same() throws Exception {
        String port = CitusLab.port(CitusLab.address("LAB_RO_DSN"));
        String dsn = CitusLab.address("LAB_USER_DSN").replaceFirst(":\\d+/", ":" + port + "/");
        try (CitusLab primary = CitusLab.user(state);
                CitusLab standby = CitusLab.as(dsn, state)) {
            String recovery = standby.ask("execute_sql", "sql", "SELECT pg_is_in_recovery() AS in_recovery")
                    .text();
            assertTrue(recovery.contains("true"), recovery);
            Map<String, String> one = told(primary);
            Map<String, String> other = told(standby);
            // Autovacuum may come in between: then both are asked again.
            long givenUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
            while (!one.equals(other) && System.nanoTime() < givenUp) {
                one = told(primary);
                other = told(standby);
            }
            assertEquals(one, other);
        }
    }
}
