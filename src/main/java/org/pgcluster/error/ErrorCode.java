package org.pgcluster.error;

/** What went wrong, in the words that clients see. Whether repeating can help belongs to the code. */
public enum ErrorCode {
    INVALID_INPUT,
    NOT_FOUND,
    NOT_CONFIGURED,
    NOT_ALLOWED,
    APPROVAL_INVALID,
    PLAN_CHANGED,
    PRECONDITION_FAILED,
    OUTCOME_UNKNOWN,
    CONNECTION_FAILED,
    PERMISSION_DENIED,
    TIMEOUT,
    CANCELLED,
    UNSUPPORTED,
    CONFLICT,
    UPSTREAM_ERROR,
    INTERNAL;

    public boolean retryable() {
        return this == CONNECTION_FAILED || this == TIMEOUT || this == CONFLICT;
    }
}
