package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** The images that people run, where there is an engine to run them. */
class ContainersIT {
    @TempDir
    Path state;

    @ParameterizedTest
    @ValueSource(strings = {"postgres:14", "postgres:18"})
    void a_plain_server_is_read_and_not_written(String image) throws Exception {
        try (var database = started(image);
                var server = Server.start(state, false, address(database))) {
            var answer = server.call("execute_sql", "sql", "SELECT count(*) AS n FROM t");
            assertEquals(List.of(List.of(3L)), answer.get("rows"), answer.text());
            assertTrue(server.call("execute_sql", "sql", "DELETE FROM t RETURNING *")
                    .isError());
            assertTrue(server.call("citus_cluster_summary").text().startsWith("NOT_CONFIGURED"));
            assertEquals(3, count(database));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"citusdata/citus:12.1", "citusdata/citus:13.0"})
    void a_coordinator_alone_shows_its_distributed_table(String image) throws Exception {
        try (var database = started(image);
                var server = Server.start(state, false, address(database))) {
            sql(database, "SELECT citus_set_coordinator_host('127.0.0.1')");
            sql(database, "SELECT citus_set_node_property('127.0.0.1', 5432, 'shouldhaveshards', true)");
            sql(database, "SELECT create_distributed_table('t', 'id')");
            var answer = server.call("citus_list_distributed_tables");
            assertFalse(answer.isError(), answer.text());
            assertEquals("t", ((Map<?, ?>) ((List<?>) answer.get("tables")).get(0)).get("name"), answer.text());
            assertEquals(3, count(database));
        }
    }

    private static PostgreSQLContainer started(String image) throws Exception {
        assumeTrue(DockerClientFactory.instance().isDockerAvailable(), "no Docker engine answers here");
        var database = new PostgreSQLContainer(DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"));
        database.start();
        sql(database, "CREATE TABLE t AS SELECT generate_series(1, 3) AS id");
        return database;
    }

    private static String address(PostgreSQLContainer database) {
        return "postgres://%s:%s@%s:%d/%s"
                .formatted(
                        database.getUsername(),
                        database.getPassword(),
                        database.getHost(),
                        database.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT),
                        database.getDatabaseName());
    }

    private static void sql(PostgreSQLContainer database, String sql) throws Exception {
        try (var connection = connection(database);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int count(PostgreSQLContainer database) throws Exception {
        try (var connection = connection(database);
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT count(*) FROM t")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private static java.sql.Connection connection(PostgreSQLContainer database) throws Exception {
        return DriverManager.getConnection(database.getJdbcUrl(), database.getUsername(), database.getPassword());
    }
}
