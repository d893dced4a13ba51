package org.pgcluster.error;

/** A server that did not answer, and why. */
public record Silent(String where, String why, ErrorCode code) {
    public static Silent of(String where, ToolException e) {
        return new Silent(where, e.text(), e.code());
    }
}
