package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.DatabaseState;
import org.pgcluster.snapshot.DatabaseState.Fact;

/**
 * Judges what lies inside one database. Pure: the same state gives the same findings. Where an act would help there is
 * its command by hand, too, for those who are offered no acts.
 */
public final class DatabaseChecks {
    private static final double UNUSED_DAYS = 30;
    private static final long OLD_XIDS = 1_000_000;
    private static final long LAG_BYTES = 256L << 20;
    private static final double CACHE_PERCENT = 90;
    private static final double CACHE_READS = 1_000_000;

    private final List<Finding> findings = new ArrayList<>();
    private final DatabaseState state;

    private DatabaseChecks(DatabaseState state) {
        this.state = state;
    }

    public static List<Finding> of(DatabaseState state, OptionalInt hostMemoryMb) {
        DatabaseChecks checks = new DatabaseChecks(state);
        checks.indexes();
        checks.numbers();
        checks.tables();
        checks.transactions();
        checks.server();
        checks.versions();
        checks.findings.addAll(SettingChecks.of(state, hostMemoryMb));
        checks.findings.sort(Comparator.comparing(Finding::severity)
                .thenComparing(Finding::id)
                .thenComparing(Finding::subject));
        return List.copyOf(checks.findings);
    }

    private void indexes() {
        state.of("invalid")
                .filter(fact -> !fact.is("building"))
                .forEach(fact -> add(
                        "index_invalid",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Index " + fact.subject() + " is invalid: writes pay for it and no query uses it",
                        "A failed concurrent build left it. Drop it, then build it again.",
                        drop(fact),
                        dropByHand(fact)));
        state.of("duplicate")
                .forEach(fact -> add(
                        "index_duplicate",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        "Index " + fact.subject() + (fact.is("same") ? " is the same as " : " is covered by ")
                                + fact.text("covered_by").orElse("?"),
                        "What reads it can read the other. A shorter index can still be faster where it is much smaller.",
                        drop(fact),
                        dropByHand(fact)));
        state.of("unused")
                .forEach(fact -> add(
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
                .forEach(fact -> add(
                        "index_bloated",
                        fact.number("wasted_bytes") > fact.number("needed_bytes") ? Severity.WARNING : Severity.NOTICE,
                        Sure.LIKELY,
                        fact,
                        "Index " + fact.subject() + " is larger than its rows need (estimate)",
                        "pgstattuple's pgstatindex measures it exactly.",
                        Optional.empty(),
                        Optional.of("REINDEX INDEX CONCURRENTLY " + fact.subject())));
        state.of("constraint")
                .forEach(fact -> add(
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

    private void numbers() {
        for (String kind : List.of("sequence", "key")) {
            state.of(kind).forEach(fact -> {
                double percent = fact.number("percent");
                add(
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
                add(
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
                add(
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
                add(
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
                add(
                        "statistics_missing",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        fact.subject() + " was never analyzed: the planner guesses",
                        "Analyze it.",
                        Optional.empty(),
                        Optional.of("ANALYZE " + fact.subject()));
            } else if (fact.number("changed") > 1000 && fact.number("changed") > 0.3 * rows) {
                add(
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
                .forEach(fact -> add(
                        "horizon_held",
                        fact.number("xids") >= 100 * OLD_XIDS ? Severity.CRITICAL : Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "The " + fact.subject() + " keeps dead rows of the last " + Math.round(fact.number("xids"))
                                + " transactions from being vacuumed",
                        "End the session, bring the slot's reader back or drop the slot, or end the prepared transaction.",
                        Optional.of(new Next("active_queries", Map.of("include_idle", true)))));
        state.of("prepared")
                .filter(fact -> fact.number("seconds") >= 300)
                .forEach(fact -> add(
                        "prepared_left",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Prepared transaction " + fact.subject() + " waits for its end and holds its locks",
                        fact.is("of_citus")
                                ? "Citus ends its own within minutes; where it does not, see what recovery says."
                                : "Its transaction manager must commit it or roll it back; nobody else does.",
                        fact.is("of_citus")
                                ? Optional.of(new Next("citus_leftovers", Map.of()))
                                : Optional.of(new Next(
                                        "rollback_prepared",
                                        Map.of("gid", fact.subject(), "node", "coordinator", "dry_run", true))),
                        fact.is("of_citus")
                                ? Optional.empty()
                                : Optional.of(
                                        "ROLLBACK PREPARED '" + fact.subject().replace("'", "''") + "'")));
    }

    private void server() {
        state.of("cache").forEach(fact -> {
            if (fact.number("reads") >= CACHE_READS && fact.number("percent") < CACHE_PERCENT) {
                add(
                        "cache_low",
                        Severity.NOTICE,
                        Sure.HINT,
                        fact,
                        "Only " + fact.number("percent") + "% of block reads were in shared_buffers",
                        "The kernel may have the rest cached. Look at the statements that read most first.",
                        Optional.of(new Next("analyze_slow_queries", Map.of("sort", "io"))));
            }
            if (fact.number("checksum_failures") > 0) {
                add(
                        "checksum_failures",
                        Severity.CRITICAL,
                        Sure.CERTAIN,
                        fact,
                        "Blocks with wrong checksums were read",
                        "Storage is damaged: check the disk and the backups.",
                        Optional.empty());
            }
        });
        state.of("checkpoints").forEach(fact -> {
            double all = fact.number("timed") + fact.number("requested");
            if (fact.number("requested") >= 20 && fact.number("requested") > 0.5 * all) {
                add(
                        "checkpoints_forced",
                        Severity.NOTICE,
                        Sure.LIKELY,
                        fact,
                        "Most checkpoints come because WAL is full, not because it is time",
                        "Raise max_wal_size.",
                        Optional.empty());
            }
        });
        state.of("archiving")
                .filter(fact -> fact.is("failing"))
                .forEach(fact -> add(
                        "archiving_fails",
                        Severity.CRITICAL,
                        Sure.CERTAIN,
                        fact,
                        "WAL archiving fails: pg_wal grows and backups have a gap",
                        "The server's log has the output of archive_command.",
                        Optional.empty()));
        state.of("replica")
                .filter(fact -> fact.number("lag_bytes") >= LAG_BYTES)
                .forEach(fact -> add(
                        "replica_lags",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Replica " + fact.subject() + " is far behind",
                        "A slow disk, a long query on it, or the network.",
                        Optional.empty()));
        state.of("receiver")
                .filter(fact -> !fact.is("receiving"))
                .forEach(fact -> add(
                        "receiver_missing",
                        Severity.WARNING,
                        Sure.LIKELY,
                        fact,
                        "This standby receives no WAL",
                        "It replays an archive, or its connection to the primary fails: see its log.",
                        Optional.empty()));
    }

    private void versions() {
        state.of("extension")
                .forEach(fact -> add(
                        "extension_behind",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        "Extension " + fact.subject() + " is older than the library that is installed",
                        "Update it.",
                        Optional.empty(),
                        Optional.of("ALTER EXTENSION \"" + fact.subject() + "\" UPDATE")));
        state.of("collation")
                .forEach(fact -> add(
                        "collation_changed",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Text was sorted by another version of " + fact.subject() + ": indexes on text may miss rows",
                        "Rebuild indexes on text, then refresh the version.",
                        Optional.empty(),
                        Optional.of(
                                "ALTER " + fact.text("kind").orElse("collation").toUpperCase(Locale.ROOT) + " \""
                                        + fact.subject() + "\" REFRESH "
                                        + (fact.text("kind").orElse("").equals("database") ? "COLLATION " : "")
                                        + "VERSION")));
        state.of("role")
                .filter(fact -> fact.number("days_left") < 14)
                .forEach(fact -> add(
                        "password_expires",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "The password of our own login " + fact.subject() + " ends in " + fact.number("days_left")
                                + " days",
                        "Set a new one, here and there.",
                        Optional.empty()));
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

    private void add(
            String id, Severity severity, Sure sure, Fact fact, String title, String advice, Optional<Next> next) {
        add(id, severity, sure, fact, title, advice, next, Optional.empty());
    }

    private void add(
            String id,
            Severity severity,
            Sure sure,
            Fact fact,
            String title,
            String advice,
            Optional<Next> next,
            Optional<String> byHand) {
        findings.add(new Finding(
                "database." + id,
                severity,
                sure,
                "postgres",
                fact.subject(),
                title,
                fact.values(),
                advice,
                next,
                byHand));
    }
}
