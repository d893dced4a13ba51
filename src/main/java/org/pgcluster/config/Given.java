package org.pgcluster.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value as somebody wrote it. {@code items} is there where it was written as a list. A planted value comes from a file
 * in the working directory, which may be a stranger's.
 */
record Given(String text, @Nullable List<String> items, String source, boolean planted) {
    static Given of(String text, String source) {
        return new Given(text, null, source, false);
    }

    Given withText(String other) {
        return new Given(other, null, source, planted);
    }
}
