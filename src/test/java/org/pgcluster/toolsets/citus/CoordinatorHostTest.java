package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.Postgres;

/** A single server with Citus, whose coordinator nobody registered yet. */
@Tag("versions")
class CoordinatorHostTest {
    private static final String NODES =
            "SELECT format('%s %s:%s', groupid, nodename, nodeport) FROM pg_dist_node ORDER BY nodeid";

    @TempDir
    Path folder;

    private Postgres server;
    private Lab lab;

    @BeforeEach
    void unregistered() throws SQLException {
        Assumptions.assumeTrue(Postgres.hasCitus(), "Citus is not installed beside Debian's PostgreSQL 15");
        server = Postgres.debian15();
        try (Connection connection = server.connect("postgres", "postgres")) {
            CitusLab.psql(connection, "CREATE DATABASE lonely");
        }
        psql("CREATE EXTENSION citus");
        String dsn = "postgresql://postgres:none@127.0.0.1:" + server.port() + "/lonely";
        lab = Lab.with(
                folder,
                Map.of(
                        "coordinator_dsn", dsn,
                        "admin_dsn", dsn,
                        "mode", "admin",
                        "allow_execute", "true",
                        "approval", "self"));
    }

    @AfterEach
    void gone() throws SQLException {
        if (lab != null) {
            lab.close();
        }
        try (Connection connection = server.connect("postgres", "postgres")) {
            CitusLab.psql(connection, "DROP DATABASE IF EXISTS lonely WITH (FORCE)");
        }
    }

    private List<String> psql(String sql) throws SQLException {
        try (Connection connection = server.connect("lonely", "postgres")) {
            return CitusLab.psql(connection, sql);
        }
    }

    private String at(String host) {
        return host + ":" + server.port();
    }

    private Answer registered(String host) {
        Map<String, Object> arguments = Map.of("host", host, "port", server.port());
        Answer filed = lab.call(
                "citus_request_approval_token", "action", "citus_set_coordinator_host", "arguments", arguments);
        assertFalse(filed.isError(), filed.text());
        Map<String, Object> given = new HashMap<>(arguments);
        given.put("approval_token", Objects.requireNonNull(filed.structured().get("token")));
        Answer done = lab.call(
                "citus_set_coordinator_host",
                given.entrySet().stream()
                        .flatMap(one -> java.util.stream.Stream.of(one.getKey(), one.getValue()))
                        .toArray());
        assertEquals("done", done.structured().get("status"), done.text());
        return done;
    }

    @Test
    void the_coordinator_is_registered_then_holds_shards_and_moves_to_another_name_with_them() throws SQLException {
        assertEquals(List.of(), psql(NODES));
        String plan = lab.call(
                        "citus_set_coordinator_host", "host", "127.0.0.1", "port", server.port(), "dry_run", true)
                .text();
        assertTrue(plan.contains("the coordinator is not registered"), plan);
        assertEquals(List.of(), psql(NODES), "a dry run changes nothing");

        Answer first = registered("127.0.0.1");
        assertTrue(first.text().contains("is registered as node"), first.text());
        assertEquals(List.of("0 " + at("127.0.0.1")), psql(NODES));

        assertTrue(first.text().contains("citus_set_node_property"), first.text());
        psql("SELECT citus_set_node_property('127.0.0.1', " + server.port() + ", 'shouldhaveshards', true)");
        psql("CREATE TABLE held (id int PRIMARY KEY)");
        psql("SELECT create_distributed_table('held', 'id', shard_count => 4)");
        psql("INSERT INTO held SELECT generate_series(1, 100)");
        registered("localhost");
        assertEquals(List.of("0 " + at("localhost")), psql(NODES));
        assertEquals(List.of("100"), psql("SELECT count(*) FROM held"));
        assertEquals(
                List.of(at("localhost") + " 4"),
                psql("SELECT format('%s:%s %s', nodename, nodeport, count(*)) FROM citus_shards"
                        + " GROUP BY nodename, nodeport"));
    }

    @Test
    void an_address_where_nobody_answers_heads_the_plan_as_a_warning() {
        String plan = lab.call("citus_set_coordinator_host", "host", "127.0.0.1", "port", 1, "dry_run", true)
                .text();
        assertTrue(plan.contains("! 127.0.0.1:1 answers the coordinator as a Citus server: "), plan);
    }
}
