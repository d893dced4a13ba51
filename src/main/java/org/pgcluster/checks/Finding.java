package org.pgcluster.checks;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One thing worth knowing: what it is about, what was read, what to do. {@code byHand} has the command where no tool
 * serves, {@code effects} what follows from it and needs no care of its own.
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
        Optional<String> byHand,
        Optional<List<Effect>> effects) {
    public Finding(
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
        this(id, severity, sure, component, subject, title, evidence, advice, next, byHand, Optional.empty());
    }

    public Finding withEvidence(Map<String, @Nullable Object> other) {
        return new Finding(id, severity, sure, component, subject, title, other, advice, next, byHand, effects);
    }

    /** Leads to no tool that is switched off: its command by hand remains, and where it has none, who is where. */
    public Finding without(Set<String> off) {
        if (next.isEmpty() || !off.contains(next.get().tool())) {
            return this;
        }
        Optional<Next> other =
                byHand.isPresent() ? Optional.empty() : Optional.of(new Next("cluster_topology", Map.of()));
        return new Finding(id, severity, sure, component, subject, title, evidence, advice, other, byHand, effects);
    }

    Finding leadingTo(Next other) {
        return new Finding(
                id, severity, sure, component, subject, title, evidence, advice, Optional.of(other), byHand, effects);
    }

    Finding explaining(List<Finding> others) {
        List<Effect> told = others.stream()
                .map(one -> new Effect(one.id(), one.component(), one.subject(), one.title(), one.evidence()))
                .toList();
        return told.isEmpty()
                ? this
                : new Finding(
                        id,
                        severity,
                        sure,
                        component,
                        subject,
                        title,
                        evidence,
                        advice,
                        next,
                        byHand,
                        Optional.of(told));
    }

    /** What was found as well and follows from the finding it stands under. */
    public record Effect(
            String id, String component, String subject, String title, Map<String, @Nullable Object> evidence) {}

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
