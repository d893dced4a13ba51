package org.pgcluster.tool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an act would do. {@code looked} is the state that it depends on: an approval is void once that differs, so it
 * holds what matters to the act and nothing that moves by itself, such as sizes, lags and times.
 */
public record Plan<S extends Record>(
        String summary, S looked, List<Check> checks, List<Step> steps, Consequences consequences) {
    public Plan {
        checks = List.copyOf(checks);
        steps = List.copyOf(steps);
    }

    /** Only what the server itself would refuse FAILS and ends the plan; the others head it and a person decides. */
    public enum Verdict {
        HOLDS,
        FAILS,
        RISKY,
        UNKNOWN
    }

    public record Check(String what, Verdict verdict, String found) {}

    /**
     * What a person wants to know before consenting. {@code data} is how much moves; {@code partly} what is left if
     * only some steps ran; {@code destroys} asks for the cluster's name to be typed.
     */
    public record Consequences(
            String locks,
            String data,
            String follow,
            String stop,
            String undo,
            String partly,
            boolean destroys,
            Map<String, String> more) {}

    public List<Check> failed() {
        return with(Verdict.FAILS);
    }

    /** What nobody knows and what is dangerous: these head the plan in plain words. */
    public List<Check> warnings() {
        List<Check> warnings = new ArrayList<>(with(Verdict.UNKNOWN));
        warnings.addAll(with(Verdict.RISKY));
        return warnings;
    }

    private List<Check> with(Verdict verdict) {
        return checks.stream().filter(check -> check.verdict() == verdict).toList();
    }

    public static Check check(String what, boolean holds, String found) {
        return new Check(what, holds ? Verdict.HOLDS : Verdict.FAILS, found);
    }
}
