package org.pgcluster.mcp;

/** A text that is not JSON, or more than is taken. Stays inside this package. */
final class JsonFault extends Exception {
    private static final long serialVersionUID = 1L;

    JsonFault(String text) {
        super(text, null, false, false);
    }
}
