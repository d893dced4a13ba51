package org.pgcluster.error;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** The one exception that reaches a client: what happened, and what to do next. Immutable. */
public final class ToolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String text;
    private final @Nullable String hint;
    private final @Nullable String sqlstate;
    private final @Nullable Integer position;

    public ToolException(ErrorCode code, String text, @Nullable String hint) {
        this(code, text, hint, null, null, null);
    }

    private ToolException(
            ErrorCode code,
            String text,
            @Nullable String hint,
            @Nullable String sqlstate,
            @Nullable Integer position,
            @Nullable Throwable cause) {
        super(text, cause);
        this.code = code;
        this.text = text;
        this.hint = hint;
        this.sqlstate = sqlstate;
        this.position = position;
    }

    /** What PostgreSQL said, with its SQLSTATE and the character (from 1) of the statement that it points at. */
    public static ToolException fromServer(
            ErrorCode code,
            String text,
            @Nullable String hint,
            @Nullable String sqlstate,
            @Nullable Integer position,
            Throwable cause) {
        return new ToolException(code, text, hint, sqlstate, position, cause);
    }

    public static ToolException invalidInput(String text, @Nullable String hint) {
        return new ToolException(ErrorCode.INVALID_INPUT, text, hint);
    }

    public ErrorCode code() {
        return code;
    }

    public String text() {
        return text;
    }

    public @Nullable String hint() {
        return hint;
    }

    public @Nullable String sqlstate() {
        return sqlstate;
    }

    public @Nullable Integer position() {
        return position;
    }

    public ToolException withHint(String better) {
        return new ToolException(code, text, better, sqlstate, position, this);
    }

    public ToolException becauseNobodyListens() {
        return new ToolException(code, text, hint, sqlstate, position, new ConnectException());
    }

    /** Whether the host answered that there is no such port or socket: what was there has ended, or is elsewhere. */
    public boolean nobodyListens() {
        return comesOf(ConnectException.class) || comesOf(NoSuchFileException.class);
    }

    public boolean timeIsOver() {
        return code == ErrorCode.TIMEOUT || comesOf(SocketTimeoutException.class);
    }

    private boolean comesOf(Class<? extends Throwable> type) {
        for (Throwable cause = getCause(); cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }
}
