package org.pgcluster.checks;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;

/** A finding in the making: certain, unless somebody says otherwise. Confined to a check. */
final class Found {
    private final String id;
    private final Severity severity;
    private final String subject;
    private final String title;
    private final Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
    private Sure sure = Sure.CERTAIN;
    private Optional<Next> next = Optional.empty();
    private Optional<String> byHand = Optional.empty();

    private Found(String id, Severity severity, String subject, String title) {
        this.id = id;
        this.severity = severity;
        this.subject = subject;
        this.title = title;
    }

    static Found critical(String id, String subject, String title) {
        return new Found(id, Severity.CRITICAL, subject, title);
    }

    static Found warning(String id, String subject, String title) {
        return new Found(id, Severity.WARNING, subject, title);
    }

    static Found notice(String id, String subject, String title) {
        return new Found(id, Severity.NOTICE, subject, title);
    }

    Found sure(Sure how) {
        sure = how;
        return this;
    }

    Found read(String field, @Nullable Object value) {
        evidence.put(field, value);
        return this;
    }

    Found next(String tool) {
        return next(tool, Map.of());
    }

    /** Sorted: the order of {@code Map.of} changes from one process to the next, and the same estate is told alike. */
    Found next(String tool, Map<String, @Nullable Object> arguments) {
        next = Optional.of(new Next(tool, new TreeMap<>(arguments)));
        return this;
    }

    Found byHand(String command) {
        byHand = Optional.of(command);
        return this;
    }

    /** The component is the first word of its id. */
    Finding advice(String advice) {
        String component = id.substring(0, id.indexOf('.'));
        return new Finding(id, severity, sure, component, subject, title, evidence, advice, next, byHand);
    }
}
