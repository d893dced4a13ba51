package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.DatabaseState;

/**
 * Judges what lies inside one database. Pure: the same state gives the same findings. Where an act would help there is
 * its command by hand, too, for those who are offered no acts.
 */
public final class DatabaseChecks {
    private static final long OLD_XIDS = 1_000_000;

    private final DatabaseFindings findings = new DatabaseFindings();
    private final DatabaseState state;

    private DatabaseChecks(DatabaseState state) {
        this.state = state;
    }

    public static List<Finding> of(DatabaseState state, OptionalInt hostMemoryMb) {
        DatabaseChecks checks = new DatabaseChecks(state);
        checks.numbers();
        checks.tables();
        checks.transactions();
        IndexHealth.judge(state, checks.findings);
        ServerHealth.judge(state, checks.findings);
        List<Finding> all = new ArrayList<>(checks.findings.all());
        all.addAll(SettingChecks.of(state, hostMemoryMb));
        all.sort(Comparator.comparing(Finding::severity)
                .thenComparing(Finding::id)
                .thenComparing(Finding::subject));
        return List.copyOf(all);
    }

    private void numbers() {
        for (String kind : List.of("sequence", "key")) {
            state.of(kind).forEach(fact -> {
                double percent = fact.number("percent");
                findings.add(
                        kind.equals("key") ? "key_near_end" : "sequence_near_end",
                        percent >= 90 ? Severity.CRITICAL : Severity.WARNING,
                        kind.equals("key") ? Sure.LIKELY : Sure.CERTAIN,
                        fact,
                        fact.subject() + " has used " + percent + "% of its numbers",
                        "Inserts fail at the end. Make column and sequence bigint in time; on a large table that is"
                                + " a new column filled in batches.",
                        Optional.empty());
            });
        }
    }

    private void tables() {
        state.of("table").forEach(fact -> {
            double rows = fact.number("rows");
            if (fact.number("age") > 1.2 * fact.number("freeze_max") && fact.number("freeze_max") > 0) {
                findings.add(
                        "table_freeze_behind",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "The oldest row of " + fact.subject() + " is further back than autovacuum should let it be",
                        "What holds the horizon, or autovacuum off? Writes stop 2 billion transactions back.",
                        Optional.empty(),
                        Optional.of("VACUUM (FREEZE, VERBOSE) " + fact.subject()));
            }
            if (fact.is("autovacuum_off")) {
                findings.add(
                        "autovacuum_off",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Autovacuum is switched off for " + fact.subject(),
                        "Switch it on unless a job does its work.",
                        Optional.empty(),
                        Optional.of("ALTER TABLE " + fact.subject() + " RESET (autovacuum_enabled)"));
            }
            if (fact.number("dead_rows") > 1000 && fact.number("dead_rows") > 0.2 * rows) {
                findings.add(
                        "dead_rows",
                        fact.number("dead_rows") > rows ? Severity.WARNING : Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        fact.subject() + " has many dead rows",
                        "Autovacuum lags or is held up; active_queries shows old transactions.",
                        Optional.empty(),
                        Optional.of("VACUUM (VERBOSE) " + fact.subject()));
            }
            if (fact.number("estimate") < 0 && !fact.has("last_analyze") && rows > 1000) {
                findings.add(
                        "statistics_missing",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        fact.subject() + " was never analyzed: the planner guesses",
                        fact.is("partitioned")
                                ? "Autovacuum never analyzes a partitioned table: a job must."
                                : "Analyze it.",
                        Optional.empty(),
                        Optional.of("ANALYZE " + fact.subject()));
            } else if (fact.number("changed") > 1000 && fact.number("changed") > 0.3 * rows) {
                findings.add(
                        "statistics_stale",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        fact.subject() + " changed much since it was analyzed",
                        "Analyze it.",
                        Optional.empty(),
                        Optional.of("ANALYZE " + fact.subject()));
            }
        });
    }

    private void transactions() {
        state.of("horizon")
                .filter(fact -> fact.number("xids") >= OLD_XIDS)
                .forEach(fact -> findings.add(
                        "horizon_held",
                        fact.number("xids") >= 100 * OLD_XIDS ? Severity.CRITICAL : Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "The " + fact.subject() + " keeps dead rows of the last " + Math.round(fact.number("xids"))
                                + " transactions from being vacuumed",
                        "End the session, bring the slot's reader back or drop the slot, or end the prepared transaction.",
                        Optional.of(new Next("active_queries", Map.of("include_idle", true)))));
    }
}
