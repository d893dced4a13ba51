package org.pgcluster.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.CuttingProxy;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.testing.Aside;

/** {@code direct_dsn}, where a proxy in between loses what it is told. */
@Tag("postgres")
class DirectWayTest {
    private static final FreeSql.Budget BUDGET = new FreeSql.Budget(10, 10_000, 1_000);

    @TempDir
    Path state;

    private Clusters clusters(PgServer server, CuttingProxy proxy) {
        String at = "postgres://postgres@127.0.0.1:%d/postgres";
        Settings settings = Settings.load(new Inputs(
                List.of(
                        "--coordinator-dsn=" + at.formatted(proxy.port()),
                        "--direct-dsn=" + at.formatted(server.port()),
                        "--statement-timeout-ms=300000",
                        "--state-dir=" + state),
                Map.of(),
                state,
                state,
                "Linux",
                "tester"));
        assertEquals(List.of(), settings.problems());
        return new Clusters(settings);
    }

    private static long sleepers(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows =
                        statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static void awaitSleepers(Connection connection, long wanted) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (long seen = sleepers(connection); seen != wanted; seen = sleepers(connection)) {
            assertTrue(System.nanoTime() < until, seen + " sleep, not " + wanted);
            Thread.sleep(20);
        }
    }

    @Test
    void a_cancel_that_the_proxy_loses_arrives_by_the_direct_way() throws Exception {
        try (var server = PgServer.start();
                var proxy = CuttingProxy.to(server.port());
                var clusters = clusters(server, proxy);
                var other = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=postgres")) {
            Cluster cluster = clusters.choose(Optional.empty(), false);
            var call = Call.within(Duration.ofMinutes(5));
            var reading = Aside.supply(() -> assertThrows(
                    ToolException.class,
                    () -> cluster.read(call, Optional.empty(), "SELECT pg_sleep(250)", List.of(), BUDGET)));
            awaitSleepers(other, 1);
            proxy.strand();
            call.cancel();
            assertEquals(ErrorCode.CANCELLED, reading.get(30, TimeUnit.SECONDS).code());
            awaitSleepers(other, 0);
        }
    }
}
