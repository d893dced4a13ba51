package org.pgcluster.checks;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.DatabaseState;
import org.pgcluster.snapshot.DatabaseState.Fact;

/** Indexes and constraints that cost something and give nothing. */
final class IndexHealth {
    private static final double UNUSED_DAYS = 30;

    private final DatabaseState state;
    private final DatabaseFindings findings;

    private IndexHealth(DatabaseState state, DatabaseFindings findings) {
        this.state = state;
        this.findings = findings;
    }

    static void judge(DatabaseState state, DatabaseFindings findings) {
        new IndexHealth(state, findings).indexes();
    }

    private void indexes() {
        state.of("invalid")
                .filter(fact -> !fact.is("building"))
                .forEach(fact -> findings.add(
                        "index_invalid",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Index " + fact.subject() + " is invalid: writes pay for it and no query uses it",
                        "A failed concurrent build left it. Drop it, then build it again.",
                        drop(fact),
                        dropByHand(fact)));
        state.of("duplicate")
                .forEach(fact -> findings.add(
                        "index_duplicate",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        "Index " + fact.subject() + (fact.is("same") ? " is the same as " : " is covered by ")
                                + fact.text("covered_by").orElse("?"),
                        "What reads it can read the other. A shorter index can still be faster where it is much smaller.",
                        drop(fact),
                        dropByHand(fact)));
        Set<String> superfluous = state.of("duplicate").map(Fact::subject).collect(Collectors.toSet());
        state.of("unused")
                .filter(fact -> !superfluous.contains(fact.subject()))
                .forEach(fact -> findings.add(
                        "index_unused",
                        Severity.NOTICE,
                        fact.number("days_counted") >= UNUSED_DAYS ? Sure.LIKELY : Sure.HINT,
                        fact,
                        "Index " + fact.subject() + " was not read for " + days(fact),
                        (fact.is("for_foreign_key") ? "Deletes in the referenced table would scan without it. " : "")
                                + "Scans on standbys are counted there, and monthly jobs come monthly: ask both before dropping.",
                        drop(fact),
                        dropByHand(fact)));
        state.of("bloated")
                .forEach(fact -> findings.add(
                        "index_bloated",
                        fact.number("wasted_bytes") > fact.number("needed_bytes") ? Severity.WARNING : Severity.NOTICE,
                        Sure.LIKELY,
                        fact,
                        "Index " + fact.subject() + " is larger than its rows need (estimate)",
                        "pgstattuple's pgstatindex measures it exactly.",
                        Optional.empty(),
                        Optional.of("REINDEX INDEX CONCURRENTLY " + fact.subject())));
        state.of("constraint")
                .forEach(fact -> findings.add(
                        "constraint_not_valid",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        "Constraint " + fact.subject()
                                + " was never checked against the rows that were there before it",
                        "Validating reads the table and lets reads and writes go on; it fails where rows break the rule.",
                        Optional.empty(),
                        Optional.of("ALTER TABLE " + fact.text("table").orElse("?") + " VALIDATE CONSTRAINT \""
                                + fact.text("constraint").orElse("?").replace("\"", "\"\"") + "\"")));
    }

    private static String days(Fact fact) {
        double days = fact.number("days_counted");
        return days < 1 ? "as long as is counted, less than a day" : Math.round(days) + " days, as long as is counted";
    }

    private static Optional<String> dropByHand(Fact fact) {
        return Optional.of("DROP INDEX CONCURRENTLY " + fact.subject());
    }

    private static Optional<Next> drop(Fact fact) {
        return Optional.of(new Next("drop_index", arguments("index", fact.subject(), "dry_run", true)));
    }

    private static Map<String, @Nullable Object> arguments(String one, Object value, String other, Object second) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        arguments.put(one, value);
        arguments.put(other, second);
        return arguments;
    }
}
