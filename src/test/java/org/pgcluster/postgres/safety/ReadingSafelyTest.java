package org.pgcluster.postgres.safety;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.error.ToolException;
import org.pgcluster.testing.Postgres;

@Tag("versions")
class ReadingSafelyTest {
    private static final List<String> USERS = List.of("postgres", "owner", "reader");

    static List<String> servers() {
        return List.of("15", "18", "debian15");
    }

    @ParameterizedTest
    @MethodSource("servers")
    void no_attack_does_harm_whoever_is_connected(String version) throws SQLException, IOException {
        boolean citus = version.equals("debian15") && Postgres.hasCitus();
        List<String> harmed = new ArrayList<>();
        List<String> attacks = new ArrayList<>(Estate.lines("attacks.tsv"));
        if (citus) {
            attacks.addAll(Estate.lines("attacks-citus.tsv"));
        }
        assertTrue(attacks.size() >= 120);
        try (Estate estate = Estate.on(Postgres.version(version), citus)) {
            for (String user : USERS) {
                for (String attack : attacks) {
                    String before = estate.state();
                    try (Connection connection = estate.as(user)) {
                        String outcome = read(connection, attack.split("\t", 3)[2]);
                        String after = estate.state();
                        if (!before.equals(after) || isSecretOutcome(attack, outcome)) {
                            harmed.add(user + ": " + attack + "\n  " + outcome + "\n  " + before + "\n  " + after);
                        }
                    }
                }
            }
        }
        assertEquals("", String.join("\n", harmed));
    }

    @ParameterizedTest
    @MethodSource("servers")
    void honest_sql_works(String version) throws SQLException, IOException {
        boolean citus = version.equals("debian15") && Postgres.hasCitus();
        List<String> refused = new ArrayList<>();
        List<String> statements = new ArrayList<>(Estate.lines("harmless.txt"));
        if (citus) {
            statements.addAll(Estate.lines("harmless-citus.txt"));
        }
        assertTrue(statements.size() >= 120);
        try (Estate estate = Estate.on(Postgres.version(version), citus)) {
            for (String user : List.of("postgres", "reader")) {
                try (Connection connection = estate.as(user)) {
                    for (String sql : statements) {
                        String outcome = read(connection, sql);
                        if (!outcome.equals("ran")) {
                            refused.add(user + ": " + sql + "\n  " + outcome);
                        }
                    }
                }
            }
        }
        assertEquals("", String.join("\n", refused));
    }

    /** The reading of a secret leaves no trace, so here that it ran is the harm. */
    private static boolean isSecretOutcome(String attack, String outcome) {
        boolean mustNotRun = attack.contains("\tsecret\t") || attack.contains("\tfile\t");
        return mustNotRun && outcome.equals("ran");
    }

    private static String read(Connection connection, String sql) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute("SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '5s'");
            Standing standing = Standing.ask(connection);
            Admitted admitted = TextGate.admit(sql);
            Verdict verdict = new Judge(List.of()).judge(connection, admitted, standing);
            if (verdict.sandbox().isPresent()) {
                statement.execute("SET LOCAL ROLE " + verdict.sandbox().get());
            }
            statement.execute(admitted.sql());
            return "ran";
        } catch (ToolException e) {
            return "refused: " + e.text();
        } catch (SQLException e) {
            return "failed: " + e.getMessage();
        } finally {
            connection.rollback();
        }
    }
}
