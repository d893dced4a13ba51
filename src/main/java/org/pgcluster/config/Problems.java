package org.pgcluster.config;

import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong, so that all of it is told at once. For one thread. */
final class Problems {
    private final List<Problem> errors = new ArrayList<>();
    private final List<Problem> warnings = new ArrayList<>();

    void add(String key, String source, String text) {
        addOnce(errors, new Problem(key, source, text));
    }

    void warn(String key, String source, String text) {
        addOnce(warnings, new Problem(key, source, text));
    }

    /** Several words behind one flag are one mistake. */
    private static void addOnce(List<Problem> known, Problem problem) {
        if (!known.contains(problem)) {
            known.add(problem);
        }
    }

    List<Problem> errors() {
        return errors;
    }

    List<Problem> warnings() {
        return warnings;
    }
}
