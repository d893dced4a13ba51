package org.pgcluster.guard;

import java.util.Optional;

/** A text with its seal as last line. */
final class Sealed {
    private static final String LAST = "\nseal=";

    private Sealed() {}

    static String wrap(String body, String seal) {
        return body + "seal=" + seal + "\n";
    }

    /** The body, when the seal is that of the body followed by {@code context}; nothing is parsed before that. */
    static Optional<String> body(Seal seal, Seal.Label label, String whole, String context) {
        int last = whole.lastIndexOf(LAST);
        if (last < 0 || !whole.endsWith("\n")) {
            return Optional.empty();
        }
        var body = whole.substring(0, last + 1);
        var given = whole.substring(last + LAST.length(), whole.length() - 1);
        return seal.fits(label, body + context, given) ? Optional.of(body) : Optional.empty();
    }
}
