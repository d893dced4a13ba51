package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.shape.JsonText;
import org.pgcluster.testing.Postgres;

/** Every tool that is listed for reading, with its own example, on each version. */
@Tag("versions")
class VersionsIT {
    private static final Path EXAMPLES = Path.of("src/test/resources/calls");

    /** No operation has that name on any server. */
    private static final Set<String> FOLLOW_AN_ACT = Set.of("operation_status", "operation_cancel");

    /** They ask Citus, which is on none of these servers' databases; the lab's tests ask them where it is. */
    private static final Set<String> ASK_CITUS = readersOf("citus", "tables");

    /** Oftener than anything of ours. */
    private static final int OFTEN = 200;

    @TempDir
    Path state;

    private static Set<String> readersOf(String... toolsets) {
        try (var lines = Files.lines(Path.of("src/main/resources/catalogue.tsv"))) {
            return lines.map(line -> line.split("\t", -1))
                    .filter(tool -> List.of(toolsets).contains(tool[0]) && tool[2].equals("READS"))
                    .map(tool -> tool[1])
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> versions() {
        return Postgres.available();
    }

    /** In a database of its own: other tests count on servers without extensions. */
    private static void prepare(Postgres postgres) throws SQLException {
        try (var connection = postgres.connect("postgres", "postgres");
                var statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS examples WITH (FORCE)");
            statement.execute("CREATE DATABASE examples");
        }
        try (var connection = postgres.connect("examples", "postgres");
                var statement = connection.createStatement()) {
            statement.execute("""
                    CREATE EXTENSION pg_stat_statements;
                    CREATE TABLE public.orders (id int PRIMARY KEY, customer text, tenant_id int, placed date, paid boolean);
                    INSERT INTO public.orders SELECT n, 'c' || n, n % 9, date '2026-01-01' + n, n % 2 = 0
                      FROM generate_series(1, 500) AS n
                    """);
            for (int time = 0; time < OFTEN; time++) {
                statement.execute("SELECT customer FROM public.orders WHERE id = " + time);
            }
        }
    }

    private static Map<String, Object> example(String tool) throws Exception {
        var read = new HashMap<String, Object>();
        Objects.requireNonNull((Map<?, ?>) JsonText.read(Files.readString(EXAMPLES.resolve(tool + ".json"))))
                .forEach((name, value) -> read.put(String.valueOf(name), value));
        // The example names a database that is not here.
        read.remove("database");
        return read;
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("versions")
    void every_reading_tool_answers_its_example(String version) throws Exception {
        var postgres = Postgres.version(version);
        prepare(postgres);
        var dsn = "postgres://postgres@127.0.0.1:" + postgres.port() + "/examples";
        try (var connection = postgres.connect("examples", "postgres");
                var server = Server.start(state, false, dsn)) {
            assertTrue(server.listed().containsAll(ASK_CITUS), server.listed().toString());
            for (String tool : server.listed()) {
                assertEquals(expected(tool), beginning(server.callWith(tool, example(tool))), tool);
            }
            var row = server.call("execute_sql", "sql", "SELECT * FROM orders WHERE id = $1", "params", List.of(7));
            assertTrue(row.text().contains("2026-01-08"), row.text());
            var counted = server.call("analyze_slow_queries", "sort", "calls", "min_calls", OFTEN);
            assertTrue(counted.text().contains("|" + OFTEN + "|"), counted.text());
            assertTrue(counted.text().contains("SELECT customer FROM public.orders WHERE id = $1"), counted.text());
            var info = server.call("server_info").get("nodes").toString();
            assertTrue(info.contains("version=" + connection.getMetaData().getDatabaseProductVersion()), info);
        }
    }

    private static String expected(String tool) {
        return FOLLOW_AN_ACT.contains(tool)
                ? "NOT_FOUND"
                : ASK_CITUS.contains(tool)
                        ? "NOT_CONFIGURED: default has no extension citus in database examples"
                        : "an answer";
    }

    /** All of an error that is compared: its code, or what follows it where the reason matters. */
    private static String beginning(Server.Answer answer) {
        String text = answer.text();
        return !answer.isError()
                ? "an answer"
                : text.startsWith("NOT_FOUND:") ? "NOT_FOUND" : text.substring(0, Math.max(0, text.indexOf('.')));
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("versions")
    void health_finds_what_another_session_did(String version) throws Exception {
        var postgres = Postgres.version(version);
        var dsn = "postgres://postgres@127.0.0.1:" + postgres.port() + "/postgres";
        try (var connection = postgres.connect("postgres", "postgres");
                var server = Server.start(state, false, dsn);
                var statement = connection.createStatement()) {
            assertEquals("healthy", server.call("cluster_health").get("state"));
            statement.execute("SELECT pg_create_physical_replication_slot('left_alone', true)");
            try {
                statement.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
                statement.execute("SELECT pg_reload_conf()");
                for (int i = 0; i < 4; i++) {
                    statement.execute("SELECT pg_logical_emit_message(false, 'fill', 'x'), pg_switch_wal()");
                }
                statement.execute("CHECKPOINT");
                try (var rows = statement.executeQuery("SELECT wal_status FROM pg_replication_slots")) {
                    assertTrue(rows.next());
                    assertEquals("lost", rows.getString(1));
                }
                var health = server.call("cluster_health");
                assertEquals("warning", health.get("state"), health.text());
                assertTrue(health.text().contains("Slot left_alone has lost the WAL"), health.text());
            } finally {
                statement.execute("ALTER SYSTEM RESET max_slot_wal_keep_size");
                statement.execute("SELECT pg_reload_conf()");
                statement.execute("SELECT pg_drop_replication_slot('left_alone')");
            }
        }
    }
}
