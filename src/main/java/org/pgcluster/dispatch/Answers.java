package org.pgcluster.dispatch;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Errors in the one shape that clients see. */
final class Answers {
    private Answers() {}

    static Answer failed(ToolException problem, Map<String, ?> more) {
        return failed(problem.code(), problem.text(), problem.hint(), problem.sqlstate(), problem.position(), more);
    }

    static Answer failed(ErrorCode code, String message, @Nullable String hint) {
        return failed(code, message, hint, null, null, Map.of());
    }

    private static Answer failed(
            ErrorCode code,
            String message,
            @Nullable String hint,
            @Nullable String sqlstate,
            @Nullable Integer position,
            Map<String, ?> more) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", code.name());
        error.put("message", message);
        if (hint != null) {
            error.put("hint", hint);
        }
        error.put("retryable", code.retryable());
        if (sqlstate != null) {
            error.put("sqlstate", sqlstate);
        }
        if (position != null) {
            error.put("position", position);
        }
        error.putAll(more);
        StringBuilder text =
                new StringBuilder().append(code.name()).append(": ").append(message);
        if (sqlstate != null) {
            text.append(" (SQLSTATE ").append(sqlstate);
            text.append(position == null ? ")" : ", at character " + position + ")");
        }
        if (hint != null) {
            text.append('\n').append(hint);
        }
        return new Answer(text.toString(), error, true);
    }
}
