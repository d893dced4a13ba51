package org.pgcluster.postgres.safety;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.QueryExecutor;
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
        String settings = "SAVEPOINT " + NAME + ";" + silence + takeRole
                + "SET LOCAL standard_conforming_strings = on;SET LOCAL debug_pretty_print = off;"
                + "SET LOCAL transform_null_equals = off;"
                + "SET LOCAL client_min_messages = log;SET LOCAL debug_print_rewritten = on";
        String back = "ROLLBACK TO SAVEPOINT " + NAME + ";RELEASE SAVEPOINT " + NAME;
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            try {
                SQLWarning notices = standing.showsTreeOfPrepare()
                        ? prepared(statement, settings + ";", prefix(argumentTypes) + inner, ";" + back)
                        : described(statement, settings, inner, argumentTypes, back);
                return checked(trees(notices));
            } catch (SQLException refused) {
                statement.execute(back);
                throw refused;
            }
        }
    }

    /** All in one message. */
    private @Nullable SQLWarning prepared(Statement statement, String before, String prepare, String after)
            throws SQLException {
        String whole = before + prepare + after + ";DEALLOCATE " + NAME;
        var parts = driver().createQuery(whole, false, false).query.getSubqueries();
        boolean asMeant = parts != null
                && parts.length == count(before) + 1 + count(after) + 1
                && parts[count(before)].getNativeSql().equals(prepare);
        if (!asMeant) {
            throw notPlain();
        }
        statement.execute(whole);
        return statement.getWarnings();
    }

    private static int count(String statements) {
        return (int) statements.chars().filter(c -> c == ';').count();
    }

    /** PostgreSQL 14 shows no tree for PREPARE, but for what the protocol itself has parsed. */
    private @Nullable SQLWarning described(
            Statement statement, String before, String inner, String argumentTypes, String after) throws SQLException {
        statement.execute(before);
        // What the driver has described once it does not send again, and then the server shows nothing.
        String fresh = forDriver(inner, argumentTypes) + " /* " + System.nanoTime() + " */";
        try (PreparedStatement description = connection.prepareStatement(fresh)) {
            // By no name, as getMetaData() would give it: behind a pooler that name meets another session's.
            description
                    .unwrap(BaseStatement.class)
                    .executeWithFlags(QueryExecutor.QUERY_DESCRIBE_ONLY | QueryExecutor.QUERY_ONESHOT);
            SQLWarning notices = description.getWarnings();
            statement.execute(after);
            return notices;
        }
    }

    /** To the driver every parameter is a question mark of its own, and its type is told by a cast. */
    private static String forDriver(String inner, String argumentTypes) {
        String[] types = argumentTypes.replaceAll("^\\(|\\)$", "").split(", ", -1);
        Set<String> seen = new HashSet<>();
        StringBuilder text = new StringBuilder();
        int copied = 0;
        for (Token token : Lexer.tokens(inner)) {
            String written = token.text();
            if (token.kind() == Token.Kind.OPERATOR) {
                written = written.replace("?", "??");
            } else if (token.kind() == Token.Kind.PARAMETER && !argumentTypes.isEmpty()) {
                int number = Integer.parseInt(written.substring(1));
                written = "CAST(? AS " + (number <= types.length ? types[number - 1] : "unknown") + ")";
            } else if (token.kind() == Token.Kind.PARAMETER) {
                if (!seen.add(written)) {
                    throw ToolException.invalidInput(
                            "Before PostgreSQL 15 a parameter that stands twice can only be planned with its value.",
                            "Give `params`.");
                }
                written = "?";
            }
            text.append(inner, copied, token.start()).append(written);
            copied = token.end();
        }
        return text.append(inner.substring(copied)).toString();
    }

    private static Tree trees(@Nullable SQLWarning notices) {
        StringBuilder trees = new StringBuilder();
        for (SQLWarning notice = notices; notice != null; notice = notice.getNextWarning()) {
            trees.append(treeIn(notice)).append(' ');
        }
        return Tree.of(trees.toString());
    }

    String prefix(String argumentTypes) {
        return standing.showsTreeOfPrepare() ? "PREPARE " + NAME + argumentTypes + " AS " : "";
    }

    private BaseConnection driver() throws SQLException {
        return (BaseConnection) connection.unwrap(PGConnection.class);
    }

    private static Tree checked(Tree tree) {
        if (tree.commands().isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "The server did not show how it understands the statement.",
                    "Connect without a proxy that changes notices; the command check shows the connection.");
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
        boolean tree = dump.startsWith("({QUERY ")
                && !UTILITY.matcher(Tree.joined(dump)).matches();
        return tree ? dump : "";
    }

    private static ToolException notPlain() {
        return ToolException.invalidInput(
                "The driver reads the SQL as something else than one plain statement.",
                "Pass one statement a call; write strings that hold quotes as $$…$$.");
    }
}
