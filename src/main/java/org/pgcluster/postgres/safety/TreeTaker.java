package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.regex.Pattern;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.util.PSQLWarning;

/** Has the server analyse and rewrite a statement without running it, and catches the tree that it then shows. */
final class TreeTaker {
    private static final String NAME = "pgcluster_judged";
    /** Utility statements, such as our own PREPARE, are dumped without content. */
    private static final Pattern UTILITY = Pattern.compile(
            "^\\(\\{QUERY :commandType \\d+ :querySource \\d+ :canSetTag" + " true :utilityStmt [?{](?s).*");

    private final Connection connection;
    private final Standing standing;

    TreeTaker(Connection connection, Standing standing) {
        this.connection = connection;
        this.standing = standing;
    }

    /** Under {@code role}, or the login itself where that is empty. Leaves settings, role and session as they were. */
    Tree take(String inner, String argumentTypes, String role) throws SQLException {
        String silence = standing.canSilenceLog() ? "SET LOCAL log_min_messages = panic;" : "";
        String takeRole = role.isEmpty() ? "" : "SET LOCAL ROLE " + role + ";";
        String prefix = prefix(argumentTypes);
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute("SAVEPOINT " + NAME + ";" + silence + takeRole
                    + "SET LOCAL standard_conforming_strings = on; SET LOCAL debug_pretty_print = off;"
                    + "SET LOCAL client_min_messages = log; SET LOCAL debug_print_rewritten = on");
            statement.clearWarnings();
            StringBuilder trees = new StringBuilder();
            try {
                statement.execute(prefix + inner);
                for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
                    trees.append(treeIn(w)).append(' ');
                }
            } finally {
                statement.execute("ROLLBACK TO SAVEPOINT " + NAME);
                statement.clearWarnings();
            }
            statement.execute("RELEASE SAVEPOINT " + NAME + "; DEALLOCATE " + NAME);
            return checked(Tree.of(trees.toString()));
        }
    }

    static String prefix(String argumentTypes) {
        return "PREPARE " + NAME + argumentTypes + " AS ";
    }

    private static Tree checked(Tree tree) {
        if (tree.commands().isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "The server did not show how it understands the statement.",
                    "Connect without a proxy that changes notices; pgcluster-mcp check shows the connection.");
        }
        return tree;
    }

    private static String treeIn(SQLWarning warning) {
        if (!(warning instanceof PSQLWarning notice) || notice.getServerErrorMessage() == null) {
            return "";
        }
        String message = notice.getServerErrorMessage().getMessage();
        String detail = notice.getServerErrorMessage().getDetail();
        // Servers print the title in the language of lc_messages, so the tree itself is what is looked for.
        String dump = detail != null ? detail : message == null ? "" : message;
        if (!dump.startsWith("({QUERY ")
                || UTILITY.matcher(dump.replaceAll("\\s+", " ")).matches()) {
            return "";
        }
        return dump;
    }

    /** The driver must see one statement, and with parameters send exactly the text that is judged. */
    static void checkSplit(Connection connection, Admitted statement) throws SQLException {
        BaseConnection driver = (BaseConnection) connection.unwrap(PGConnection.class);
        var query = driver.createQuery(statement.jdbcText(), false, statement.usesParameters()).query;
        boolean same = query.getSubqueries() == null
                && (!statement.usesParameters() || query.getNativeSql().endsWith(statement.inner()));
        if (!same) {
            throw ToolException.invalidInput(
                    "The driver reads the SQL as something else than one plain statement.",
                    "Pass one statement a call; write strings that hold quotes as $$…$$.");
        }
    }
}
