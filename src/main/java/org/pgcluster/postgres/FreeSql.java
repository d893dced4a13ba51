package org.pgcluster.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.safety.Admitted;
import org.pgcluster.postgres.safety.Verdict;
import org.postgresql.core.QueryExecutor;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.jdbc.PgStatement;

/** Runs a person's SQL in a reading transaction, within a budget, without losing anything of a value. */
public final class FreeSql {
    private static final int BATCH = 200;
    /** A row may be wide; a batch of wide rows has to fit into the memory that one result may take. */
    private static final int BATCH_OF_WIDE_ROWS = 20;

    private static final String BEGIN = "BEGIN READ ONLY;";

    private static final String END = ";ROLLBACK";

    private final Database database;
    private final Call call;
    private final Opening.Style style;

    FreeSql(Database database, Call call) {
        this(database, call, Opening.Style.PERSONAL);
    }

    private FreeSql(Database database, Call call, Opening.Style style) {
        this.database = database;
        this.call = call;
        this.style = style;
    }

    /** The same in transactions with these settings; both names and values are ours. */
    FreeSql with(Map<String, String> settings) {
        Opening.Style more = style;
        for (var setting : settings.entrySet()) {
            more = more.with(setting.getKey(), setting.getValue());
        }
        return new FreeSql(database, call, more);
    }

    /** Whether a statement only reads; {@code snapshot} is the one that the transaction began with. */
    public interface Judging {
        Verdict judge(Connection connection, String snapshot) throws SQLException;
    }

    /** What one answer may hold. A cell longer than {@code cellCharacters} is cut, and counted. */
    public record Budget(int rows, int bytes, int cellCharacters) {}

    /** {@code type} is the server's name of it, such as {@code numeric} or {@code _int4} for an array. */
    public record Column(String name, String type) {}

    /** What was read; {@code more} where rows were left out because of their number or their size. */
    public record Result(
            List<Column> columns,
            List<List<@Nullable Object>> rows,
            boolean more,
            int cutCells,
            List<String> notices,
            List<String> rowSecured) {
        public Result {
            columns = List.copyOf(columns);
            rows = List.copyOf(rows);
            notices = List.copyOf(notices);
            rowSecured = List.copyOf(rowSecured);
        }
    }

    public Result run(Admitted text, List<@Nullable String> parameters, Budget budget, Judging judging) {
        return database.read(
                call,
                text.constantsOnly() && style.equals(Opening.Style.PERSONAL) ? Opening.Style.CONSTANTS : style,
                (connection, snapshot, lease) -> {
                    var verdict = judging.judge(connection, snapshot);
                    prepareLeaving(lease, verdict);
                    return Opening.nothingSent(snapshot) && sends(connection, BEGIN, text, END)
                            ? wholeTransaction(connection, text, budget, verdict)
                            : execute(connection, text, parameters, budget, verdict);
                },
                error -> Suggestions.of(error, text.sql(), database.sql(call)));
    }

    /** The plans of statements whose parameters have no values. */
    OpenPlans plans() {
        return new OpenPlans(database, call, style);
    }

    static void prepareLeaving(Pool.Lease lease, Verdict verdict) {
        if (verdict.leavesTraces()) {
            lease.spoil();
        } else if (!verdict.plainRead()) {
            lease.resetBeforeReuse();
        }
    }

    /** The role and the statement go in one message. */
    private static Result execute(
            Connection connection, Admitted text, List<@Nullable String> parameters, Budget budget, Verdict verdict)
            throws SQLException {
        String role = verdict.sandbox()
                .map(name -> "SET LOCAL ROLE " + Names.quoted(name) + ";")
                .orElse("");
        checkSent(connection, text, role);
        try (var statement = statement(connection, text, role, parameters)) {
            statement.setFetchSize(Math.min(BATCH_OF_WIDE_ROWS, Math.max(1, budget.rows() + 1)));
            boolean hasRows = statement instanceof PreparedStatement prepared
                    ? prepared.execute()
                    : statement.execute(role + text.sql());
            if (!role.isEmpty()) {
                hasRows = statement.getMoreResults();
            }
            if (!hasRows) {
                return new Result(
                        List.of(), List.of(), false, 0, Sql.Notices.of(statement.getWarnings()), verdict.rowSecured());
            }
            try (var rows = statement.getResultSet()) {
                return read(statement, rows, budget, verdict);
            }
        }
    }

    /** In one message: constants never become more than their text, so that there is nothing to fetch in batches. */
    private static Result wholeTransaction(Connection connection, Admitted text, Budget budget, Verdict verdict)
            throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement
                    .unwrap(PgStatement.class)
                    .executeWithFlags(BEGIN + text.sql() + END, QueryExecutor.QUERY_SUPPRESS_BEGIN);
            statement.getMoreResults();
            try (var rows = statement.getResultSet()) {
                return read(statement, rows, budget, verdict);
            }
        }
    }

    /** A statement without parameters is never prepared: a question mark is an operator there. */
    private static Statement statement(
            Connection connection, Admitted text, String role, List<@Nullable String> parameters) throws SQLException {
        if (!text.usesParameters()) {
            var statement = connection.createStatement();
            statement.setEscapeProcessing(false);
            return statement;
        }
        var statement = connection.prepareStatement(role + text.jdbcText());
        int at = 1;
        for (int number : text.parameterOrder()) {
            var value = parameters.get(number - 1);
            if (value == null) {
                statement.setNull(at++, Types.OTHER);
            } else {
                statement.setObject(at++, value, Types.OTHER);
            }
        }
        return statement;
    }

    /** What the driver will send is what was judged: one statement after ours, in the same words. */
    static void checkSent(Connection connection, Admitted text, String role) throws SQLException {
        if (!sends(connection, role, text, "")) {
            throw ToolException.invalidInput(
                    "The driver would send the statement in other words than were judged.",
                    "Pass one plain statement; write strings that hold quotes as $$…$$.");
        }
    }

    private static boolean sends(Connection connection, String before, Admitted text, String after)
            throws SQLException {
        var driver = connection.unwrap(PgConnection.class);
        boolean bound = text.usesParameters();
        var sent = driver.createQuery(before + text.jdbcText() + after, bound, bound).query;
        var parts = sent.getSubqueries();
        int at = (int) before.chars().filter(letter -> letter == ';').count();
        int wanted = 1 + at + (after.isEmpty() ? 0 : 1);
        if (wanted != (parts == null ? 1 : parts.length)) {
            return false;
        }
        return (parts == null ? sent : parts[at]).getNativeSql().equals(text.nativeText());
    }

    static Result read(Statement statement, ResultSet rows, Budget budget, Verdict verdict) throws SQLException {
        var columns = ColumnTypes.of(statement.getConnection(), rows);
        var cells = new Values(columns, budget);
        boolean more = false;
        var read = new ArrayList<List<@Nullable Object>>();
        while (rows.next()) {
            if (read.size() >= budget.rows()) {
                more = true;
                break;
            }
            var row = cells.row(rows);
            if (cells.spent() && !read.isEmpty()) {
                more = true;
                break;
            }
            read.add(row);
            if (read.size() == BATCH_OF_WIDE_ROWS && cells.narrow()) {
                rows.setFetchSize(BATCH);
            }
        }
        return new Result(
                columns, read, more, cells.cut(), Sql.Notices.of(statement.getWarnings()), verdict.rowSecured());
    }
}
