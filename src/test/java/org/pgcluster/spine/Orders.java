package org.pgcluster.spine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Guard;
import org.pgcluster.shape.JsonText;

/** A table with a thousand orders, looked at and changed on connections of the test's own; and the person who approves. */
final class Orders {
    private final int port;

    private Orders(int port) {
        this.port = port;
    }

    static Orders on(int port) throws SQLException {
        var orders = new Orders(port);
        orders.sql("DROP TABLE IF EXISTS orders");
        // A plan tells when the table was analysed: autovacuum in the middle of a test would make it another plan.
        orders.sql(
                "CREATE TABLE orders WITH (autovacuum_enabled = off) AS SELECT n AS id, n % 7 AS customer FROM generate_series(1, 1000) AS n");
        orders.sql("CREATE TABLE IF NOT EXISTS elsewhere (id int)");
        return orders;
    }

    String dsn() {
        return "postgres://postgres@127.0.0.1:" + port + "/postgres";
    }

    /** A server that may act. */
    Server server(Path state, boolean forms, String... more) throws IOException {
        return Server.start(state, forms, flags(more).toArray(String[]::new));
    }

    List<String> flags(String... more) {
        var flags =
                new ArrayList<>(List.of("--coordinator-dsn", dsn(), "--admin-dsn", dsn(), "--allow-execute", "true"));
        if (!List.of(more).contains("--mode")) {
            flags.addAll(List.of("--mode", "admin"));
        }
        flags.addAll(List.of(more));
        return flags;
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres");
    }

    void sql(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    long number(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    long indexes() throws SQLException {
        return number("SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass");
    }

    /** An open snapshot, for which every concurrent build has to wait. */
    Connection oldTransaction() throws SQLException {
        var connection = connect();
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.createStatement().execute("SELECT count(*) FROM elsewhere");
        return connection;
    }

    void awaits(String sql, long wanted) throws Exception {
        long until = System.nanoTime() + 15_000_000_000L;
        long now = number(sql);
        while (now != wanted) {
            assertTrue(System.nanoTime() < until, sql + " is " + now + ", not " + wanted);
            Thread.sleep(50);
            now = number(sql);
        }
    }

    static String requested(Server.Answer required) {
        required.asserted("approval_required");
        return String.valueOf(((Map<?, ?>) required.get("request")).get("name"));
    }

    /** A person consents at the console of this host. */
    static String approved(Path state, Server.Answer required) {
        String name = requested(required);
        guard(state).approve(name, new Approver("a person", Approver.How.CONSOLE), Optional.empty());
        return name;
    }

    static Guard guard(Path state) {
        return new Guard(
                state,
                Optional.empty(),
                Duration.ofMinutes(5),
                Duration.ofHours(1),
                Clock.systemUTC(),
                new SecureRandom());
    }

    static Object[] index(String... columns) {
        return new Object[] {"table", "orders", "columns", List.of(columns)};
    }

    static Object[] with(Object[] arguments, Object... more) {
        var all = new ArrayList<Object>(List.of(arguments));
        all.addAll(List.of(more));
        return all.toArray();
    }

    static String[] and(String[] flags, String... more) {
        var all = new ArrayList<>(List.of(flags));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    static List<Map<?, ?>> audit(Path state) throws IOException {
        var lines = new ArrayList<Map<?, ?>>();
        for (var line : Files.readAllLines(state.resolve("audit.jsonl"))) {
            lines.add((Map<?, ?>) Objects.requireNonNull(JsonText.read(line)));
        }
        return lines;
    }

    static List<Object> events(Path state) throws IOException {
        return audit(state).stream()
                .<Object>map(line -> "outcome".equals(line.get("event"))
                        ? "outcome " + line.get("outcome")
                        : String.valueOf(line.get("event")))
                .toList();
    }
}
