package org.pgcluster.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.Postgres;

/** A node that the metadata names: whoever may write them must not learn our password. */
@Tag("postgres")
class DiscoveredNodesTest {
    @TempDir
    static Path state;

    @BeforeAll
    static void register_a_stranger() throws SQLException {
        Assumptions.assumeTrue(Postgres.hasCitus(), "the extension Citus is not installed");
        Postgres server = Postgres.debian15();
        try (Connection connection = server.connect("postgres", "postgres")) {
            run(connection, "DROP DATABASE IF EXISTS strangers WITH (FORCE)");
            run(connection, "CREATE DATABASE strangers");
        }
        try (Connection connection = server.connect("strangers", "postgres")) {
            run(connection, "CREATE EXTENSION citus");
            run(
                    connection,
                    "INSERT INTO pg_dist_node (nodeid, groupid, nodename, nodeport, isactive)"
                            + " VALUES (7, 7, 'stranger.invalid', 5432, false)");
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static Lab lab(String discoveryHosts) {
        String dsn = "postgres://postgres@127.0.0.1:" + Postgres.debian15().port() + "/strangers";
        return Lab.with(state, Map.of("coordinator_dsn", dsn, "discovery_hosts", discoveryHosts));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ping", "server_info", "cluster_health"})
    void a_node_that_nobody_vouches_for_is_told_with_the_key_and_not_asked(String tool) {
        try (Lab careful = lab("");
                Lab vouched = lab(".invalid")) {
            Answer told = careful.call(tool);
            assertFalse(told.isError(), told.text());
            assertTrue(told.text().contains("stranger.invalid was discovered"), told.text());
            assertTrue(told.text().contains("discovery_hosts does not name it"), told.text());
            Answer asked = vouched.call(tool);
            assertFalse(asked.text().contains("discovery_hosts"), asked.text());
            assertTrue(List.of("stranger.invalid", "5432").stream().allMatch(asked.text()::contains), asked.text());
        }
    }
}
