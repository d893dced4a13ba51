package org.pgcluster.guard;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a person consents to: one act with its whole input, its steps and the state it was planned on. Texts are made by
 * the caller: {@code arguments} and {@code state} map names to canonical JSON, {@code steps} are canonical.
 * {@code planText} is the whole plan as shown; it is sealed, so that nobody can show another, but as it may tell figures
 * that move it is not compared when the act runs. A destructive act wants the cluster's name typed. Immutable.
 */
public record Draft(
        String tool,
        String cluster,
        String clusterIdentity,
        Map<String, String> arguments,
        List<String> steps,
        Map<String, String> state,
        String planText,
        boolean destructive) {
    public Draft {
        arguments = Collections.unmodifiableSortedMap(new TreeMap<>(arguments));
        steps = List.copyOf(steps);
        state = Collections.unmodifiableSortedMap(new TreeMap<>(state));
    }

    /** The same for the same steps on the same state, whatever the plan's words are. */
    public String fingerprint() {
        var lines = new Lines();
        steps.forEach(step -> lines.put("step", step));
        lines.putAll("state:", state);
        return Seal.digest(lines.text());
    }
}
