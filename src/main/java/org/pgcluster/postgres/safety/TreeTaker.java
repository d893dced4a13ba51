package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
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
                if (showsPrepared()) {
                    statement.execute(prefix + inner);
                    collect(statement, trees);
                } else {
                    describe(inner, argumentTypes, trees);
                }
            } finally {
                statement.execute("ROLLBACK TO SAVEPOINT " + NAME);
                statement.clearWarnings();
            }
            statement.execute("RELEASE SAVEPOINT " + NAME + (showsPrepared() ? "; DEALLOCATE " + NAME : ""));
            return checked(Tree.of(trees.toString()));
        }
    }

    /** PostgreSQL 14 shows no tree of what PREPARE holds, only of what the protocol brings. */
    private boolean showsPrepared() {
        return standing.versionNum() >= 150000;
    }

    /** Sent to be described, so that it is analysed and rewritten and never run. */
    private void describe(String inner, String argumentTypes, StringBuilder trees) throws SQLException {
        String text = Parameters.of(inner, Lexer.tokens(inner), 0).jdbcText(typesOf(argumentTypes));
        BaseConnection driver = (BaseConnection) connection.unwrap(PGConnection.class);
        var plain = driver.createQuery(text, false, true).query;
        var sent = driver.createQuery(text, true, true).query;
        if (plain.getSubqueries() != null || !plain.getNativeSql().equals(sent.getNativeSql())) {
            throw ToolException.invalidInput(
                    "The driver would send the statement in other words than were judged.",
                    "Leave {d …}, {fn …} and other braces out; they are no SQL of PostgreSQL.");
        }
        // The driver describes the same text only once; as another role it may mean something else.
        String anew = "\n/* " + System.nanoTime() + " */";
        try (var described = connection.prepareStatement(text + anew)) {
            described.getMetaData();
            collect(described, trees);
        }
    }

    private static List<String> typesOf(String argumentTypes) {
        List<String> types = new ArrayList<>();
        int depth = 0;
        int from = 1;
        for (int at = 1; at < argumentTypes.length(); at++) {
            char letter = argumentTypes.charAt(at);
            boolean ends = depth == 0 && (letter == ',' || letter == ')');
            depth += letter == '(' ? 1 : letter == ')' ? -1 : 0;
            if (ends) {
                types.add(argumentTypes.substring(from, at).strip());
                from = at + 1;
            }
        }
        return types;
    }

    private static void collect(Statement statement, StringBuilder trees) throws SQLException {
        for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
            trees.append(treeIn(w)).append(' ');
        }
    }

    static String prefix(String argumentTypes) {
        return "PREPARE " + NAME + argumentTypes + " AS ";
    }

    /** How far the statement is moved to the right in what the server sees. */
    static int shift(Standing standing) {
        return standing.versionNum() >= 150000 ? prefix("").length() : 0;
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
