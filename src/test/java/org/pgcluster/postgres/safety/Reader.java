package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import org.pgcluster.error.ToolException;
import org.postgresql.util.PSQLException;

/** Reads as the product does, and tells in a word how it went. */
final class Reader {
    private Reader() {}

    static String read(Connection connection, String sql) throws SQLException {
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

    static int positionOfError(Connection connection, String sql) throws SQLException {
        connection.setAutoCommit(false);
        try {
            new Judge(List.of()).judge(connection, TextGate.admit(sql), Standing.ask(connection));
            return 0;
        } catch (PSQLException e) {
            return Objects.requireNonNull(e.getServerErrorMessage()).getPosition();
        } finally {
            connection.rollback();
        }
    }

    static void unguarded(Connection connection, String sql) throws SQLException {
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** That the server itself refuses a right which the role does not have is no refusal of ours. */
    static boolean mayNot(String user, String outcome) {
        return !user.equals("postgres") && outcome.startsWith("failed: ERROR: permission denied for ");
    }
}
