package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.postgres.PgServer;

/** The real process and a database whose every process stands still: nothing but a deadline of ours ends a call. */
@Tag("postgres")
class FrozenIT {
    private static final Map<String, ?> READ = Map.of("sql", "SELECT 1 AS one");
    private static final Map<String, ?> SLOW = Map.of("sql", "SELECT pg_sleep(30)");

    @TempDir
    Path state;

    private static Server started(PgServer database, Path state, String... more) throws Exception {
        var arguments = new java.util.ArrayList<>(List.of(
                "postgres://postgres@127.0.0.1:" + database.port() + "/postgres", "--statement-timeout-ms", "3000"));
        arguments.addAll(List.of(more));
        var server = Server.start(state, false, arguments.toArray(String[]::new));
        assertFalse(server.callWith("execute_sql", READ).isError());
        return server;
    }

    /** What was told of one of them by progress, once there is something. */
    private static String toldOf(Server server, int... calls) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < until) {
            for (Map<?, ?> message : server.told()) {
                Map<?, ?> params = (Map<?, ?>) Objects.requireNonNull(message.get("params"));
                if (IntStream.of(calls).anyMatch(call -> ("call " + call).equals(params.get("progressToken")))) {
                    return String.valueOf(params);
                }
            }
            Thread.sleep(20);
        }
        throw new AssertionError("nothing was told of them: " + server.told());
    }

    private static void awaitSleepers(PgServer database, long wanted) throws Exception {
        String sleepers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        long seen = -1;
        try (var connection = DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + database.port() + "/postgres?user=postgres")) {
            while (seen != wanted) {
                assertTrue(System.nanoTime() < until, seen + " sleep, not " + wanted);
                try (var statement = connection.createStatement();
                        var rows = statement.executeQuery(sleepers)) {
                    rows.next();
                    seen = rows.getLong(1);
                }
            }
        }
    }

    /** Two calls at once for the only place: {@code late} is the one that waits for it. */
    private record Two(Server server, int one, int other) {
        int late() throws InterruptedException {
            return toldOf(server, one, other).contains("call " + one) ? one : other;
        }
    }

    private static Two sent(Server server) {
        return new Two(server, server.beginFollowed("execute_sql", SLOW), server.beginFollowed("execute_sql", SLOW));
    }

    private static void assertToldWhoHas(String place, Two two) throws Exception {
        String told = toldOf(two.server(), two.one(), two.other());
        assertTrue(told.contains("Waiting for a " + place), told);
        assertTrue(told.contains("execute_sql on default for 2 s"), told);
        int late = two.late();
        var ended = two.server().awaited("execute_sql", two.one() + two.other() - late);
        assertTrue(ended.text().startsWith("TIMEOUT: 127.0.0.1:"), ended.text());
        var waited = two.server().awaited("execute_sql", late);
        assertTrue(waited.text().startsWith("TIMEOUT: No " + place + " became free in time: "), waited.text());
        assertTrue(waited.text().contains("execute_sql on default for "), waited.text());
    }

    @Test
    void who_waits_for_a_slot_or_a_connection_is_told_who_has_it_and_gives_up_in_time() throws Exception {
        try (var database = PgServer.start();
                var slots = started(database, state, "--max-concurrent-calls", "1");
                var connections = started(database, state, "--pool-size", "1")) {
            Two forSlot = sent(slots);
            Two forConnection = sent(connections);
            awaitSleepers(database, 2);
            database.freeze();
            try {
                var ping = slots.call("ping");
                assertFalse(
                        slots.answered(forSlot.one()) || slots.answered(forSlot.other()),
                        "what tells why it is slow passes it: " + ping.text());
                assertToldWhoHas("slot", forSlot);
                assertToldWhoHas("connection to 127.0.0.1:" + database.port(), forConnection);
            } finally {
                database.thaw();
            }
            for (Server server : List.of(slots, connections)) {
                assertEquals("1", rows(server.callWith("execute_sql", READ)));
            }
        }
    }

    private static String rows(Server.Answer answer) {
        assertFalse(answer.isError(), answer.text());
        return String.valueOf(((List<?>) ((List<?>) answer.get("rows")).get(0)).get(0));
    }
}
