package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.pgcluster.dispatch.Answer;

/** Acts that meet a full disk, a killed server, a dead node: what they say, what they leave, and how it is mended with the tools. */
class CitusMishapsTest extends OwnEstate {
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final String NO_SPACE = "No space left on device";

    private @Nullable Replacement replacement;

    CitusMishapsTest() {
        super("citusmishaps");
    }

    @BeforeAll
    void everyTableMovesOnline() throws SQLException {
        psql("ALTER TABLE clicks REPLICA IDENTITY FULL");
    }

    @AfterAll
    @Override
    void down() throws IOException, InterruptedException {
        Replacement last = replacement;
        if (last != null) {
            last.close();
        }
        super.down();
    }

    private interface Look {
        boolean good(String text) throws SQLException;
    }

    /** What a reading tool says once it says what is waited for. */
    private String says(Look look, String tool, Object... arguments) throws SQLException, InterruptedException {
        long givenUp = System.nanoTime() + PATIENCE.toNanos();
        String text = act().call(tool, arguments).text();
        while (!look.good(text)) {
            assertTrue(System.nanoTime() < givenUp, tool + " never said it: " + text);
            TimeUnit.MILLISECONDS.sleep(500);
            text = act().call(tool, arguments).text();
        }
        return text;
    }

    private Answer stopped(Answer first) {
        Object operation = Objects.requireNonNull(first.structured().get("operation"));
        act().call("operation_cancel", "operation", operation);
        return act().ended(first);
    }

    @Test
    @Order(1)
    void a_rebalance_for_which_the_disk_is_too_small_says_so_is_stopped_and_succeeds_once_there_is_room()
            throws Exception {
        String target = act().worker("DESC");
        try (var tight = TightDisk.on(act().dsn(target), "600k")) {
            Answer first = act().started("citus_rebalance_execute", "strategy", "by_shard_count");
            assertTrue(Acting.running(first), first.text());
            String status = says(text -> text.contains(NO_SPACE), "citus_rebalance_status");
            assertTrue(status.contains("failed and will be tried again"), status);
            assertTrue(act().call("citus_job_inspector", "include_tasks", true)
                    .text()
                    .contains(NO_SPACE));
            Object operation = Objects.requireNonNull(first.structured().get("operation"));
            String followed =
                    act().call("operation_status", "operation", operation).text();
            assertTrue(followed.contains(NO_SPACE), followed);
            Answer stopped = stopped(first);
            assertTrue(stopped.text().contains("Stopped: job"), stopped.text());
            assertTrue(holdsAllData());
            act().done("citus_cleanup_orphaned");
            says(text -> text.startsWith("Nothing is left over"), "citus_leftovers");
        }
        act().done("citus_rebalance_execute", "strategy", "by_shard_count");
        assertTrue(act().shards(target) >= 20, "shards of the new node: " + act().shards(target));
    }

    @Test
    @Order(2)
    void a_move_for_which_the_disk_is_too_small_fails_as_a_whole() throws Exception {
        String from = act().worker("");
        String to = act().worker("DESC");
        String shard = psql("SELECT shardid FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport)"
                        + " WHERE table_name = 'orders'::regclass AND nodeid = " + from
                        + " ORDER BY shard_size DESC LIMIT 1")
                .get(0);
        long before = act().shards(to);
        try (var tight = TightDisk.on(act().dsn(to), "100k")) {
            Answer failed = act().ended(act().started(
                            "citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to));
            assertTrue(failed.isError() || failed.text().contains("failed"), failed.text());
            assertTrue(failed.text().contains("could not extend file"), failed.text());
            assertTrue(failed.text().contains("A disk of the target is full"), failed.text());
            assertTrue(failed.text().contains("citus_leftovers"), failed.text());
            assertEquals(before, act().shards(to));
            act().done("citus_cleanup_orphaned");
        }
        act().done("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to);
        assertEquals(before + 3, act().shards(to));
    }

    @Test
    @Order(3)
    void a_drain_that_failed_leaves_the_node_without_new_shards_until_that_is_set_back() throws Exception {
        String node = act().worker("");
        try (var tight = TightDisk.on(act().dsn(act().worker("DESC")), "600k")) {
            Answer first = act().started("citus_drain_node", "node", node);
            assertTrue(Acting.running(first), first.text());
            says(text -> text.contains(NO_SPACE), "citus_rebalance_status");
            Answer stopped = stopped(first);
            assertTrue(stopped.text().contains("Stopped: job"), stopped.text());
            assertTrue(stopped.text().contains("citus_set_node_property"), stopped.text());
            act().done("citus_cleanup_orphaned");
        }
        String taking = "SELECT shouldhaveshards FROM pg_dist_node WHERE nodeid = " + node;
        assertEquals(List.of("f"), psql(taking));
        String advice = act().call("citus_advisor", "focus", "ops").text();
        assertTrue(advice.contains("takes no shards"), advice);
        act().done("citus_set_node_property", "node", node, "should_have_shards", true);
        assertEquals(List.of("t"), psql(taking));
        act().done("citus_rebalance_execute", "strategy", "by_shard_count");
        assertTrue(act().shards(node) >= 20, "shards of the node: " + act().shards(node));
    }

    @Test
    @Order(4)
    void an_act_whose_server_was_killed_goes_on_and_the_next_server_knows_it() throws Exception {
        String from = act().worker("");
        String to = act().worker("DESC");
        String shard = act().shardOf("orders", from);
        String operation;
        try (Connection writer = act().connectTo(from)) {
            writer.setAutoCommit(false);
            CitusLab.psql(writer, "SET citus.allow_modifications_from_workers_to_replicated_tables = on");
            CitusLab.psql(writer, "SELECT txid_current()"); // what a slot waits for before it can begin
            String token =
                    act().token("citus_move_shard_execute", "shard_id", Long.parseLong(shard), "target_host", to);
            Process server = doomed(
                    "citus_move_shard_execute", "shard_id=" + shard, "target_host=" + to, "approval_token=" + token);
            try {
                says(text -> text.contains("being moved now"), "citus_rebalance_status");
                operation = psql("SELECT substr(application_name, 19) FROM pg_stat_activity"
                                + " WHERE application_name LIKE 'pgcluster-mcp act %' AND query LIKE '%citus_move_shard%'")
                        .get(0);
            } finally {
                server.destroyForcibly().waitFor();
            }
            assertEquals(137, server.exitValue(), "killed, not ended");
            String left = act().call("operation_status", "operation", operation).text();
            assertTrue(left.contains("left running") && left.contains("citus_move_shard_placement"), left);
            assertTrue(act().call("citus_rebalance_status").text().contains("being moved now"), "the database goes on");
            writer.rollback();
        }
        String ended = says(text -> !text.contains("left running"), "operation_status", "operation", operation);
        assertTrue(ended.contains("Its server ended before it did"), ended);
        String where = act().call("list_shards", "table", "orders", "node", to).text();
        assertTrue(where.contains("|" + shard + "|"), where);
    }

    /** A server of its own for one call, to be killed: it has the state folder in common with the next one. */
    private Process doomed(String... call) throws IOException {
        Map<String, String> variables = own().variables();
        String dsn = variables.getOrDefault("LAB_DSN", "");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                org.pgcluster.Main.class.getName(),
                "call"));
        command.addAll(List.of(call));
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("doomed.log").toFile());
        builder.environment()
                .putAll(Map.of(
                        "PGCLUSTER_MCP_COORDINATOR_DSN",
                        dsn,
                        "PGCLUSTER_MCP_ADMIN_DSN",
                        dsn,
                        "PGCLUSTER_MCP_MODE",
                        "admin",
                        "PGCLUSTER_MCP_ALLOW_EXECUTE",
                        "true",
                        "PGCLUSTER_MCP_APPROVAL",
                        "self",
                        "PGCLUSTER_MCP_STATE_DIR",
                        folder.toString()));
        return builder.start();
    }

    /** Last, because the lab's own member is gone for good. */
    @Test
    @Order(5)
    void a_dead_node_is_replaced_by_its_copy_on_another_address() throws Exception {
        String node = act().worker("DESC");
        String group =
                psql("SELECT groupid FROM pg_dist_node WHERE nodeid = " + node).get(0);
        act().done("patroni_pause", "paused", true, "group", group); // Patroni would repair it first
        replacement = Replacement.of(act().dsn(node));
        replacement.stopOriginal();
        String report = act().call("citus_lost_node_report", "node", node).text();
        assertTrue(report.contains("gives no answer") && report.contains("citus_update_node"), report);
        Answer updated = act().done("citus_update_node", "node", node, "host", "127.0.0.1", "port", replacement.port());
        assertTrue(updated.text().contains("is now at 127.0.0.1:" + replacement.port()), updated.text());
        assertTrue(holdsAllData());
        psql("CREATE TABLE written (id int PRIMARY KEY)");
        psql("SELECT create_distributed_table('written', 'id', shard_count => 8)");
        psql("INSERT INTO written SELECT generate_series(1, 100)");
        assertEquals(List.of("100"), psql("SELECT count(*) FROM written"));
        psql("DROP TABLE written");
        String nodes = act().call("list_nodes").text();
        assertTrue(nodes.startsWith("3 nodes.") && nodes.contains("127.0.0.1:" + replacement.port()), nodes);
        assertFalse(act().call("citus_worker_health").isError());
    }

    /** A server made of another one's data, outside of Patroni. */
    private record Replacement(Path data, Path originalData, int port) implements AutoCloseable {
        static Replacement of(String dsn) throws Exception {
            int port;
            try (var free = new java.net.ServerSocket(0)) {
                port = free.getLocalPort();
            }
            try (Connection connection = CitusLab.connectTo(dsn)) {
                Path original =
                        Path.of(CitusLab.psql(connection, "SHOW data_directory").get(0));
                Path data = original.resolveSibling("replacement");
                asPostgres(program(original, "pg_basebackup"), "-d", dsn, "-D", data, "-X", "stream", "-c", "fast");
                var replacement = new Replacement(data, original, port);
                asPostgres(
                        replacement.pgCtl(),
                        "-D",
                        data,
                        "-w",
                        "-l",
                        data.resolve("start.log"),
                        "-o",
                        "-p " + port + " -c synchronous_standby_names= -c allow_in_place_tablespaces=on -c hba_file="
                                + data.resolve("pg_hba.conf") + " -c ident_file=" + data.resolve("pg_ident.conf"),
                        "start");
                return replacement;
            }
        }

        void stopOriginal() throws Exception {
            asPostgres(pgCtl(), "-D", originalData, "-m", "fast", "-w", "stop");
        }

        private String pgCtl() throws IOException {
            return program(originalData, "pg_ctl");
        }

        /** Of the same installation as the server, which writes down how it was started. */
        private static String program(Path data, String name) throws IOException {
            String server = Files.readString(data.resolve("postmaster.opts")).split(" ", 2)[0];
            return Path.of(server).resolveSibling(name).toString();
        }

        private static void asPostgres(Object... words) throws IOException, InterruptedException {
            List<String> command = new ArrayList<>();
            if ("root".equals(System.getProperty("user.name"))) { // as whom the servers of a lab cannot run
                command.addAll(List.of("runuser", "-u", "postgres", "--"));
            }
            for (Object word : words) {
                command.add(String.valueOf(word));
            }
            Path log = Files.createTempFile("replacement", ".log");
            Path started = Path.of(String.valueOf(words[2]).replaceAll("^postgresql:.*", "none"))
                    .resolve("start.log");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(command + ": " + Files.readString(log, StandardCharsets.UTF_8)
                        + (Files.exists(started) ? Files.readString(started, StandardCharsets.UTF_8) : ""));
            }
        }

        @Override
        public void close() throws IOException, InterruptedException {
            asPostgres(pgCtl(), "-D", data, "-m", "immediate", "-w", "stop");
        }
    }
}
