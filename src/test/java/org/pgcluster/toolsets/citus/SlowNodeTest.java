package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.psql;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.call.Call;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.cluster.Clusters;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.testing.Aside;

/** One node that stops in the middle of a question must not hide the others. */
@Tag("lab")
class SlowNodeTest {
    /** {@code port} tells the nodes of the lab apart; the named one takes its time. */
    private static final String SLOW_ON =
            "SELECT setting::int AS port, pg_sleep(CASE WHEN setting = %L THEN %L::float8 ELSE 0 END)::text AS slept"
                    + " FROM pg_settings WHERE name = 'port'";

    record Port(int port, String slept) {}

    @TempDir
    Path state;

    private Clusters clusters;
    private Citus citus;

    @BeforeEach
    void start() {
        Settings settings = Settings.load(new Inputs(
                List.of(),
                Map.of("PGCLUSTER_MCP_COORDINATOR_DSN", CitusLab.address("LAB_USER_DSN")),
                state,
                state,
                "Linux",
                "nobody"));
        clusters = new Clusters(settings);
        citus = Citus.of(clusters.anyOrNone(), Call.within(Duration.ofSeconds(30)));
    }

    @AfterEach
    void stop() {
        if (clusters != null) {
            clusters.close();
        }
    }

    private static Set<Integer> ports(Round<Port> round) {
        return round.rows().stream().map(Port::port).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<Integer> others(String worker) throws SQLException {
        return psql("SELECT nodeport FROM pg_dist_node WHERE isactive AND noderole = 'primary' AND nodeport <> "
                        + CitusLab.port(worker))
                .stream()
                .map(Integer::valueOf)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void signal(String signal, List<String> pids) throws Exception {
        List<String> command = new ArrayList<>(List.of("kill", signal));
        command.addAll(pids);
        assertEquals(0, new ProcessBuilder(command).start().waitFor());
    }

    @Test
    void a_node_that_freezes_while_it_answers_is_the_only_one_missing() throws Exception {
        String worker = CitusLab.workers().get(0);
        citus.everywhere(Port.class, SLOW_ON, "0", "0"); // connections and classes of a first question
        List<String> frozen = new ArrayList<>();
        long started = System.nanoTime();
        CompletableFuture<Round<Port>> asked =
                Aside.supply(() -> citus.everywhere(Port.class, SLOW_ON, CitusLab.port(worker), "1"));
        try (Connection connection = CitusLab.connectTo(worker)) {
            while (frozen.isEmpty() && !asked.isDone()) {
                frozen.addAll(psql(
                        connection,
                        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                                + " AND query LIKE '%pg_sleep%' AND state = 'active'"));
            }
            frozen.addAll(psql(connection, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"));
        }
        signal("-STOP", frozen);
        Round<Port> round;
        Round<Port> again;
        long took;
        long tookAgain;
        try {
            round = asked.get();
            took = (System.nanoTime() - started) / 1_000_000;
            long second = System.nanoTime();
            again = citus.everywhere(Port.class, SLOW_ON, "0", "0");
            tookAgain = (System.nanoTime() - second) / 1_000_000;
        } finally {
            signal("-CONT", frozen);
        }
        assertTrue(frozen.size() > 1, "a backend was frozen in the middle");
        assertEquals(others(worker), ports(round));
        assertEquals(
                List.of("127.0.0.1:" + CitusLab.port(worker)),
                round.silent().stream().map(one -> one.where()).toList());
        assertTrue(
                round.silent().get(0).why().contains("gave no answer"),
                round.silent().toString());
        assertTrue(took < 5000, "the round took " + took + " ms");
        assertEquals(others(worker), ports(again));
        assertTrue(tookAgain < 2000, "the next one waits for nobody: " + tookAgain + " ms");
    }

    @Test
    void a_node_that_is_slower_than_the_others_is_waited_for_by_itself() throws SQLException {
        String worker = CitusLab.workers().get(1);
        Round<Port> round = citus.everywhere(Port.class, SLOW_ON, CitusLab.port(worker), "6");
        assertEquals(others(worker), ports(round));
        assertEquals(1, round.silent().size());
    }

    @Test
    void a_node_asked_by_itself_sees_the_same_shards_and_keeps_no_connection() throws Exception {
        String count =
                "SELECT count(*)::int AS port, pg_sleep(0)::text AS slept FROM pg_class WHERE relname ~ '_[0-9]{6}$'";
        Round<Port> together = citus.everywhere(Port.class, count);
        String worker = CitusLab.workers().get(0);
        citus.everywhere(Port.class, SLOW_ON, CitusLab.port(worker), "6"); // from now on each by itself
        Round<Port> alone = citus.everywhere(Port.class, count);
        int other = citus.nodes().stream()
                .filter(node ->
                        node.where().endsWith(CitusLab.port(CitusLab.workers().get(1))))
                .findFirst()
                .orElseThrow()
                .nodeId();
        assertEquals(together.of(other), alone.of(other));
        assertTrue(alone.of(other).orElseThrow().port() > 0);
        try (Connection connection = CitusLab.connectTo(CitusLab.workers().get(1))) {
            assertEquals(
                    List.of(),
                    psql(
                            connection,
                            "SELECT state FROM pg_stat_activity WHERE application_name = 'pgcluster-mcp read'"));
        }
    }

    /** Host names are the same in any case, so three servers can be 62 nodes more. */
    private static String sixtyTwoMore() throws SQLException {
        List<String> ports =
                new ArrayList<>(CitusLab.workers().stream().map(CitusLab::port).toList());
        ports.addAll(psql("SELECT setting FROM pg_settings WHERE name = 'port'"));
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 62; i++) {
            StringBuilder name = new StringBuilder("localhost");
            for (int bit = 0; bit < 6; bit++) {
                if ((i >> bit & 1) == 1) {
                    name.setCharAt(bit, Character.toUpperCase(name.charAt(bit)));
                }
            }
            int id = 1000 + i;
            rows.add("(" + id + "," + id + ",'" + name + "'," + ports.get(i % 3) + ",false,true,false,false)");
        }
        return "INSERT INTO pg_dist_node (nodeid, groupid, nodename, nodeport, hasmetadata, isactive, metadatasynced,"
                + " shouldhaveshards) VALUES " + String.join(",", rows);
    }

    @Test
    void all_of_sixty_five_nodes_answer_together_and_each_by_itself() throws SQLException {
        psql(sixtyTwoMore());
        Settings settings = Settings.load(new Inputs(
                List.of(),
                Map.of("PGCLUSTER_MCP_COORDINATOR_DSN", CitusLab.address("LAB_DSN")),
                state,
                state,
                "Linux",
                "nobody"));
        try (Clusters superuser = new Clusters(settings)) {
            Citus many = Citus.of(superuser.anyOrNone(), Call.within(Duration.ofSeconds(30)));
            Round<Port> together = many.everywhere(Port.class, SLOW_ON, "0", "0");
            assertEquals(List.of(), together.silent());
            assertEquals(65, together.byNode().size());

            String slow = CitusLab.port(CitusLab.workers().get(0));
            long started = System.nanoTime();
            Round<Port> alone = many.everywhere(Port.class, SLOW_ON, slow, "6");
            long took = (System.nanoTime() - started) / 1_000_000;
            assertTrue(took < 15_000, "took " + took + " ms"); // 22 of them sleep here, where one would in earnest
            assertEquals(43, alone.byNode().size());
            assertEquals(22, alone.silent().size());
        } finally {
            psql("DELETE FROM pg_dist_node WHERE nodeid >= 1000");
        }
    }

    @Test
    void a_coordinator_that_nobody_registered_is_asked_all_the_same() throws SQLException {
        String row =
                psql("SELECT format('%s, 0, %L, %s', nodeid, nodename, nodeport) FROM pg_dist_node WHERE groupid = 0")
                        .get(0);
        psql("DELETE FROM pg_dist_node WHERE groupid = 0");
        try (CitusLab lab = CitusLab.user(state)) {
            Map<?, ?> sizes = lab.call("citus_shard_distribution");
            assertEquals(List.of(), CitusLab.rows(sizes, "unavailable"));
            assertEquals(
                    psql("SELECT current_setting('citus.version')").get(0),
                    CitusLab.map(lab.call("citus_cluster_summary").get("coordinator"))
                            .get("citus_version"));
        } finally {
            psql("INSERT INTO pg_dist_node (nodeid, groupid, nodename, nodeport, hasmetadata, metadatasynced,"
                    + " shouldhaveshards) VALUES (" + row + ", true, true, false)");
        }
    }
}
