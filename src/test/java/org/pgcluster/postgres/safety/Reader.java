package org.pgcluster.postgres.safety;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Database;
import org.pgcluster.postgres.FreeSql;
import org.pgcluster.postgres.SafeReading;
import org.pgcluster.postgres.Target;

/** Reads as the product does, as one login, and tells in a word how it went. */
final class Reader implements AutoCloseable {
    private static final FreeSql.Budget BUDGET = new FreeSql.Budget(50, 100_000, 200);

    private final String user;
    private final Database database;
    private final SafeReading reading;

    Reader(int port, String user, List<String> allowedFunctions) {
        this.user = user;
        this.database = Database.of(target(port, user));
        this.reading = new SafeReading(database, allowedFunctions);
    }

    private static Target target(int port, String user) {
        var dsn = new Dsn(
                List.of(new Address("127.0.0.1", port)), "safety", Optional.of(user), Optional.empty(), Map.of());
        return new Target(
                user,
                dsn,
                Duration.ofSeconds(5),
                Duration.ofSeconds(10),
                2,
                true,
                "pgcluster-mcp read",
                Duration.ofSeconds(1),
                false,
                true);
    }

    String user() {
        return user;
    }

    String read(String sql) {
        try {
            reading.read(Call.within(Duration.ofSeconds(20)), sql, List.of(), BUDGET);
            return "ran";
        } catch (ToolException e) {
            return (e.sqlstate() == null ? "refused: " : "failed: ") + e.code() + " " + e.text();
        }
    }

    String one(String sql) {
        var result = reading.read(Call.within(Duration.ofSeconds(20)), sql, List.of(), BUDGET);
        return String.valueOf(result.rows().get(0).get(0));
    }

    int positionOfError(String sql) {
        var call = Call.within(Duration.ofSeconds(20));
        var error = assertThrows(ToolException.class, () -> reading.read(call, sql, List.of(), BUDGET));
        return Objects.requireNonNull(error.position());
    }

    /** That the server itself refuses a right which the role does not have is no refusal of ours. */
    boolean mayNot(String outcome) {
        return !user.equals("postgres") && outcome.startsWith("failed: " + ErrorCode.PERMISSION_DENIED);
    }

    static void unguarded(Connection connection, String sql) throws SQLException {
        connection.setAutoCommit(true);
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        database.close();
    }
}
