package org.pgcluster.checks;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One thing worth knowing: what it is about, what was read, what to do. {@code byHand} has the command where no tool
 * serves.
 */
public record Finding(
        String id,
        Severity severity,
        Sure sure,
        String component,
        String subject,
        String title,
        Map<String, @Nullable Object> evidence,
        String advice,
        Optional<Next> next,
        Optional<String> byHand) {
    public Finding withEvidence(Map<String, @Nullable Object> other) {
        return new Finding(id, severity, sure, component, subject, title, other, advice, next, byHand);
    }

    /** Most urgent first. */
    public enum Severity {
        CRITICAL,
        WARNING,
        NOTICE,
        OK
    }

    public enum Sure {
        CERTAIN,
        LIKELY,
        HINT
    }

    /** A call that brings one further. */
    public record Next(String tool, Map<String, @Nullable Object> arguments) {}
}
