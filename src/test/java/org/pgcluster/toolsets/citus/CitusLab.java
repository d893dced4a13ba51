package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Request;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.shape.JsonText;

/** The server of one login on the lab's cluster, and psql's way beside it. */
final class CitusLab implements AutoCloseable {
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private final Dispatcher desk;
    private final Map<String, String> outputSchemas = new HashMap<>();

    private CitusLab(Settings settings) {
        assertEquals(List.of(), settings.problems());
        this.desk = new Dispatcher(new Workshop(settings, "test"));
        for (Object tool :
                list(JsonText.read(Dispatcher.front(settings, packed(), "test").toolsJsonArray()))) {
            Map<?, ?> one = (Map<?, ?>) tool;
            outputSchemas.put(String.valueOf(one.get("name")), JsonText.write(one.get("outputSchema")));
        }
    }

    private static String packed() {
        try {
            return Files.readString(Path.of("src/main/resources/catalogue.tsv"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String address(String variable) {
        String missing = System.getenv("LAB_MISSING");
        Assumptions.assumeTrue(System.getenv("LAB_DSN") != null, "no lab" + (missing == null ? "" : ": " + missing));
        Assumptions.assumeTrue("1".equals(System.getenv("LAB_CITUS")), "the lab has no Citus");
        return Objects.requireNonNull(System.getenv(variable), variable);
    }

    static CitusLab as(String dsn, Path state, String... flags) {
        Map<String, String> variables = Map.of("PGCLUSTER_MCP_COORDINATOR_DSN", dsn);
        List<String> arguments = new ArrayList<>(List.of(flags));
        arguments.add("--state-dir=" + state);
        return new CitusLab(Settings.load(
                new Inputs(arguments, variables, state, state, "Linux", System.getProperty("user.name"))));
    }

    static CitusLab user(Path state) {
        return as(address("LAB_USER_DSN"), state);
    }

    Answer ask(String tool, Object... arguments) {
        Map<String, @Nullable Object> given = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        Call call = Call.within(Duration.ofSeconds(35));
        return desk.call(new Request(tool, given, call, "test", Optional.empty()));
    }

    /** What it answers, held against its own output schema. */
    Map<?, ?> call(String tool, Object... arguments) {
        Answer answer = ask(tool, arguments);
        assertFalse(answer.isError(), answer.text());
        String schema = Objects.requireNonNull(outputSchemas.get(tool), tool);
        String json = JsonText.write(answer.structured());
        assertEquals(List.of(), SCHEMAS.getSchema(schema).validate(json, InputFormat.JSON), tool);
        return (Map<?, ?>) Objects.requireNonNull(JsonText.read(json));
    }

    String error(String tool, Object... arguments) {
        Answer answer = ask(tool, arguments);
        assertTrue(answer.isError(), answer.text());
        return answer.text();
    }

    /** Every row of a list, page by page. */
    List<Map<?, ?>> pages(String list, String tool, Object... arguments) {
        List<Map<?, ?>> all = new ArrayList<>();
        List<Object> given = new ArrayList<>(List.of(arguments));
        Map<?, ?> page = call(tool, given.toArray());
        while (true) {
            rows(page, list).forEach(all::add);
            Object cursor = map(page.get("rest")).get("cursor");
            if (cursor == null) {
                assertEquals((long) all.size(), map(page.get("rest")).get("total"), tool);
                return all;
            }
            List<Object> next = new ArrayList<>(given);
            next.addAll(List.of("cursor", cursor));
            page = call(tool, next.toArray());
        }
    }

    static List<Map<?, ?>> rows(Map<?, ?> answer, String name) {
        List<Map<?, ?>> rows = new ArrayList<>();
        for (Object row : list(answer.get(name))) {
            rows.add((Map<?, ?>) row);
        }
        return rows;
    }

    static Map<?, ?> row(List<Map<?, ?>> rows, String key, Object value) {
        return rows.stream()
                .filter(row -> value.equals(row.get(key)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + key + " = " + value + " in " + rows));
    }

    static Map<?, ?> map(@Nullable Object value) {
        return (Map<?, ?>) Objects.requireNonNull(value);
    }

    static List<?> list(@Nullable Object value) {
        return (List<?>) Objects.requireNonNull(value);
    }

    static long number(@Nullable Object value) {
        return ((Number) Objects.requireNonNull(value)).longValue();
    }

    static Connection connect(String variable) throws SQLException {
        return connectTo(address(variable).split(",", -1)[0]);
    }

    static List<String> workers() {
        return List.of(address("LAB_WORKER_DSNS").split(",", -1));
    }

    static Connection connectTo(String dsn) throws SQLException {
        var parts = java.util.regex.Pattern.compile("postgresql://([^:]+):([^@]+)@(.+)")
                .matcher(dsn);
        assertTrue(parts.matches(), "a DSN of the lab");
        return DriverManager.getConnection("jdbc:postgresql://" + parts.group(3), parts.group(1), parts.group(2));
    }

    /** The first column of all rows as text, as the coordinator's superuser. */
    static List<String> psql(String sql) throws SQLException {
        try (Connection connection = connect("LAB_DIRECT_DSN")) {
            return psql(connection, sql);
        }
    }

    interface Asking {
        List<String> psql(String sql) throws SQLException;
    }

    /** What a move left is dropped later, and later still where somebody looks at it; until then the shard cannot come back. */
    static void awaitCleanup(Asking lab) throws SQLException, InterruptedException {
        long givenUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        do {
            assertTrue(System.nanoTime() < givenUp, "the cleanup does not come to an end");
            lab.psql("CALL citus_cleanup_orphaned_resources()");
            TimeUnit.MILLISECONDS.sleep(200);
        } while (!lab.psql("SELECT count(*) FROM pg_dist_cleanup").equals(List.of("0")));
    }

    static List<String> psql(Connection connection, String sql) throws SQLException {
        List<String> values = new ArrayList<>();
        try (var statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            while (rows && statement.getResultSet().next()) {
                values.add(String.valueOf(statement.getResultSet().getString(1)));
            }
        }
        return values;
    }

    /** Before 13.2 Citus splits no node by a clone. */
    static boolean splitsByClones() throws SQLException {
        return knows("get_snapshot_based_node_split_plan(text,integer,text,integer,name)");
    }

    /** Before 12.0 there are neither single-shard tables nor distributed schemas, and the lab's are plain. */
    static boolean distributesSchemas() throws SQLException {
        return knows("citus_schema_distribute(regnamespace)");
    }

    /** Before 12.1 a schema lies where it lies. */
    static boolean movesSchemas() throws SQLException {
        return knows("citus_schema_move(regnamespace,integer,citus.shard_transfer_mode)");
    }

    static void needsDistributedSchemas() throws SQLException {
        Assumptions.assumeTrue(distributesSchemas(), "Citus has single-shard tables and schemas since 12.0");
    }

    /** Before 13.1 no node counts what it executes. */
    static boolean countsExecutions() throws SQLException {
        return psql("SELECT to_regclass('pg_catalog.citus_stat_counters') IS NOT NULL")
                .equals(List.of("t"));
    }

    private static boolean knows(String signature) throws SQLException {
        return psql("SELECT to_regprocedure('pg_catalog." + signature + "') IS NOT NULL")
                .equals(List.of("t"));
    }

    /** {@code host:port}, as Citus and the answers name a node. */
    static String where(String dsn) {
        return dsn.replaceFirst(".*@(.*)/.*", "$1");
    }

    static String port(String dsn) {
        return where(dsn).replaceFirst(".*:", "");
    }

    static long one(String sql) throws SQLException {
        return Long.parseLong(psql(sql).get(0));
    }

    @Override
    public void close() {
        desk.close();
    }
}
