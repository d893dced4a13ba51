package org.pgcluster.postgres;

import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** The only place where what JDBC throws becomes what a client sees. */
final class SqlErrors {
    /** The driver is given what is left of a call in whole milliseconds, and ends that much sooner. */
    private static final Duration ROUNDING = Duration.ofMillis(20);

    /** Finds a better hint than the general one, where there is one. */
    interface Correction {
        Correction NONE = error -> null;

        @Nullable
        String of(SQLException error);
    }

    private SqlErrors() {}

    static ToolException from(SQLException e, Target target, Call call) {
        return from(e, target, call, null);
    }

    /** {@code better} takes the place of the general hint where the catalogue told what was probably meant. */
    static ToolException from(SQLException e, Target target, Call call, @Nullable String better) {
        var server = e instanceof PSQLException driver ? driver.getServerErrorMessage() : null;
        var state = e.getSQLState();
        var code = code(e, call);
        var unreachable = code == ErrorCode.CANCELLED || code == ErrorCode.TIMEOUT
                ? Optional.<Unreachable>empty()
                : Unreachable.of(e, target);
        if (unreachable.isPresent()) {
            var told = unreachable.get();
            return ToolException.fromServer(told.code(), told.text(), told.hint(), state, null, e);
        }
        var hint = code == ErrorCode.CANCELLED
                ? "Call again if it is still wanted."
                : better != null ? better : hint(code, state, server, e);
        return ToolException.fromServer(code, text(e, server, target, code), masked(hint), state, position(server), e);
    }

    static ToolException stoppedBySomebodyElse(SQLException e, Target target) {
        return ToolException.fromServer(
                ErrorCode.CANCELLED,
                "Somebody else cancelled the statement on " + target.label() + ", such as an administrator.",
                "Ask who runs the server before it is repeated.",
                e.getSQLState(),
                null,
                e);
    }

    private static ErrorCode code(SQLException e, Call call) {
        if (tooLarge(e)) {
            return ErrorCode.UNSUPPORTED;
        }
        if (call.cancelled()) {
            return ErrorCode.CANCELLED;
        }
        if (connectionIsLost(e) && call.timeLeft().compareTo(ROUNDING) < 0) {
            return ErrorCode.TIMEOUT;
        }
        return code(e.getSQLState());
    }

    static ErrorCode code(@Nullable String state) {
        if (state == null || state.length() != 5) {
            return ErrorCode.UPSTREAM_ERROR;
        }
        return switch (state) {
            case "57P01", "57P02", "57P03", "53300" -> ErrorCode.CONNECTION_FAILED;
            case "42501" -> ErrorCode.PERMISSION_DENIED;
            case "42P01", "42703", "42883", "42704", "3F000", "3D000" -> ErrorCode.NOT_FOUND;
            case "42601", "42804" -> ErrorCode.INVALID_INPUT;
            case "25P03", "57014" -> ErrorCode.TIMEOUT;
            case "25006" -> ErrorCode.NOT_ALLOWED;
            case "0A000" -> ErrorCode.UNSUPPORTED;
            case "40001", "40P01", "55P03", "55006" -> ErrorCode.CONFLICT;
            case "42P07", "42710" -> ErrorCode.PRECONDITION_FAILED;
            default -> codeOfClass(state.substring(0, 2));
        };
    }

    private static ErrorCode codeOfClass(String stateClass) {
        return switch (stateClass) {
            case "08" -> ErrorCode.CONNECTION_FAILED;
            case "28" -> ErrorCode.PERMISSION_DENIED;
            case "21", "22", "42" -> ErrorCode.INVALID_INPUT;
            default -> ErrorCode.UPSTREAM_ERROR;
        };
    }

    static boolean connectionIsLost(SQLException e) {
        var state = String.valueOf(e.getSQLState());
        return state.startsWith("08")
                || state.equals("57P01")
                || state.equals("57P02")
                || state.equals("57P03")
                || state.equals("25P03");
    }

    static boolean tooLarge(SQLException e) {
        return String.valueOf(e.getMessage()).contains("maxResultBuffer")
                || (e.getCause() instanceof SQLException cause && tooLarge(cause));
    }

    private static String text(SQLException e, @Nullable ServerErrorMessage server, Target target, ErrorCode code) {
        if (tooLarge(e)) {
            return "A value or batch of rows of " + target.label() + " is larger than " + DriverSettings.LARGEST_RESULT
                    + "B and was refused.";
        }
        if (code == ErrorCode.CANCELLED) {
            return "The call was cancelled and its statement on " + target.label() + " stopped.";
        }
        if (server == null) {
            return lost(e, target, code);
        }
        if (code == ErrorCode.TIMEOUT && String.valueOf(server.getMessage()).endsWith("user request")) {
            return "The call reached its deadline and its statement on " + target.label() + " was stopped.";
        }
        String said = String.valueOf(server.getMessage());
        var text = new StringBuilder(target.rowData() ? said : ServerTexts.messageWithoutValues(said));
        // Details quote rows: keys that are there twice, rows that break a rule.
        if (server.getDetail() != null && target.rowData()) {
            text.append(". ").append(server.getDetail());
        }
        if (connectionIsLost(e) || code == ErrorCode.PERMISSION_DENIED) {
            text.insert(0, target.label() + ": ");
        }
        return ServerTexts.masked(text.toString());
    }

    private static String lost(SQLException e, Target target, ErrorCode code) {
        if (code == ErrorCode.TIMEOUT || e.getCause() instanceof SocketTimeoutException) {
            return target.label() + " did not answer in time.";
        }
        return ServerTexts.masked(target.label() + ": " + e.getMessage());
    }

    private static @Nullable Integer position(@Nullable ServerErrorMessage server) {
        return server == null || server.getPosition() <= 0 ? null : server.getPosition();
    }

    private static @Nullable String masked(@Nullable String hint) {
        return hint == null ? null : ServerTexts.masked(hint);
    }

    private static @Nullable String hint(
            ErrorCode code, @Nullable String state, @Nullable ServerErrorMessage server, SQLException e) {
        if (tooLarge(e)) {
            return "Read less of it: left(column, n) or substring(column, from, n), or octet_length(column) for its size.";
        }
        if ("0A000".equals(state) && String.valueOf(e.getMessage()).contains("could not create distributed plan")) {
            return "Citus plans such a statement only with its values: give params.";
        }
        if (server != null && server.getHint() != null) {
            return server.getHint();
        }
        return switch (String.valueOf(state)) {
            case "22P02" ->
                String.valueOf(e.getMessage()).contains("malformed array literal")
                        ? "An array travels as its text, such as \"{1,2}\" in params."
                        : null;
            case "22021" ->
                "In a database of encoding SQL_ASCII, encode(convert_to(column, 'SQL_ASCII'), 'escape') shows such bytes.";
            case "22P05" ->
                "The encoding of the database has no such character: leave it out, or write chr() of one it has.";
            case "57014" ->
                "Narrow the query (WHERE, LIMIT), see its plan with explain_query, or raise statement_timeout_ms.";
            case "55P03" -> "Somebody holds a lock on it: blocking_locks names them.";
            case "25006" -> "Only reading is possible here; execute_change is the tool for changes.";
            case "42501" ->
                "This login lacks the right: the owner can GRANT it, and docs/roles.sql makes logins with what is needed.";
            case "53300" -> "The server has no free connection; see active_queries, or lower pool_size.";
            default -> hintOf(code);
        };
    }

    private static @Nullable String hintOf(ErrorCode code) {
        return switch (code) {
            case CONNECTION_FAILED ->
                "Check that the server runs and is reachable; cluster_health tells what else is down.";
            case PERMISSION_DENIED ->
                "The login lacks the right or its password is refused; docs/roles.sql has what is needed.";
            case TIMEOUT -> "Repeat it, or see active_queries and blocking_locks for what keeps the server busy.";
            case CONFLICT -> "Repeat it once the other transaction is done.";
            default -> null;
        };
    }
}
