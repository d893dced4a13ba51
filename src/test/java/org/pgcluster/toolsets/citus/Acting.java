package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.OwnLab;

/** A server that may act on a lab of its own, by an approval that it gives itself, and psql's way beside it. */
final class Acting implements AutoCloseable {
    static final List<String> TABLES = List.of(
            "tenants", "orders", "order_lines", "clicks", "readings", "settings", "countries", "tenant_a.notes");

    private final OwnLab own;
    private final Lab lab;

    private Acting(OwnLab own, Lab lab) {
        this.own = own;
        this.lab = lab;
    }

    static Acting on(OwnLab own, Path folder) {
        return new Acting(own, Lab.acting(own.variables(), folder));
    }

    static List<String> psql(OwnLab own, String sql) throws SQLException {
        try (Connection connection = CitusLab.connectTo(own.variables().getOrDefault("LAB_DIRECT_DSN", ""))) {
            return CitusLab.psql(connection, sql);
        }
    }

    /** Rows and checksum of each table, through the router. */
    static Map<String, String> contents(OwnLab own) throws SQLException {
        Map<String, String> sums = new HashMap<>();
        for (String table : TABLES) {
            sums.put(
                    table,
                    psql(own, "SELECT count(*) || ' ' || sum(hashtext(row::text)::bigint) FROM " + table + " AS row")
                            .get(0));
        }
        return sums;
    }

    List<String> psql(String sql) throws SQLException {
        return psql(own, sql);
    }

    /** A connection to the server of a node, as the superuser. */
    Connection connectTo(String nodeId) throws SQLException {
        return CitusLab.connectTo(dsn(nodeId));
    }

    String dsn(String nodeId) throws SQLException {
        String port = psql("SELECT nodeport FROM pg_dist_node WHERE nodeid = " + nodeId)
                .get(0);
        return own.variables().getOrDefault("LAB_DIRECT_DSN", "").replaceFirst(":\\d+/", ":" + port + "/");
    }

    Answer call(String tool, Object... arguments) {
        return lab.call(tool, arguments);
    }

    String token(String act, Object... arguments) {
        Map<String, Object> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        Answer filed = call("citus_request_approval_token", "action", act, "arguments", given);
        assertFalse(filed.isError(), filed.text());
        return String.valueOf(Objects.requireNonNull(filed.structured().get("token")));
    }

    Answer started(String act, Object... arguments) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.add("approval_token");
        all.add(token(act, arguments));
        return call(act, all.toArray());
    }

    /** Plans, approves as this configuration may, acts, and waits for the end. */
    Answer done(String act, Object... arguments) {
        Answer answer = ended(started(act, arguments));
        assertFalse(answer.isError(), answer.text());
        Object state =
                answer.structured().getOrDefault("state", answer.structured().get("status"));
        assertEquals("done", state, answer.text());
        return answer;
    }

    Answer ended(Answer first) {
        Answer answer = first;
        while (!answer.isError() && running(answer)) {
            Object operation = Objects.requireNonNull(answer.structured().get("operation"));
            answer = call("operation_status", "operation", operation, "wait_seconds", 30);
        }
        return answer;
    }

    static boolean running(Answer answer) {
        return "running".equals(answer.structured().get("status"))
                || "running".equals(answer.structured().get("state"));
    }

    String refused(String act, Object... arguments) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("dry_run", true));
        Answer answer = call(act, all.toArray());
        assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
        return answer.text();
    }

    /** Shards of a node, copies of reference tables apart, straight from the metadata. */
    long shards(String node) throws SQLException {
        return Long.parseLong(psql("SELECT count(*) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)"
                        + " JOIN pg_dist_partition USING (logicalrelid) JOIN pg_dist_node USING (groupid)"
                        + " WHERE repmodel <> 't' AND nodeid = " + node)
                .get(0));
    }

    String worker(String order) throws SQLException {
        return psql("SELECT nodeid FROM pg_dist_node WHERE groupid > 0 AND noderole = 'primary' ORDER BY groupid "
                        + order)
                .get(0);
    }

    String shardOf(String table, String node) throws SQLException {
        return psql("SELECT min(shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)"
                        + " JOIN pg_dist_node USING (groupid) WHERE logicalrelid = '" + table
                        + "'::regclass AND nodeid = "
                        + node)
                .get(0);
    }

    /** Whatever the act was: every row is where a query finds it, and no node keeps what a move needed. */
    void complete(Map<String, String> contents) throws SQLException {
        assertEquals(contents, contents(own));
        done("citus_cleanup_orphaned");
        assertEquals(List.of("0"), psql("SELECT count(*) FROM pg_dist_cleanup"));
        for (String left : psql("SELECT result FROM run_command_on_all_nodes($$SELECT concat_ws(' ',"
                + "(SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'citus%'),"
                + "(SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_subscription))$$)")) {
            assertEquals("0 0 0", left);
        }
    }

    @Override
    public void close() {
        lab.close();
    }
}
