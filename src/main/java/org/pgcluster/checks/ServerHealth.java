package org.pgcluster.checks;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.DatabaseState;

/** The server around a database: cache, checkpoints, archiving, replicas, versions. */
final class ServerHealth {
    private static final long LAG_BYTES = 256L << 20;
    private static final double CACHE_PERCENT = 90;
    private static final double CACHE_READS = 1_000_000;

    private final DatabaseState state;
    private final DatabaseFindings findings;

    private ServerHealth(DatabaseState state, DatabaseFindings findings) {
        this.state = state;
        this.findings = findings;
    }

    static void judge(DatabaseState state, DatabaseFindings findings) {
        ServerHealth health = new ServerHealth(state, findings);
        health.server();
        health.versions();
        health.limits();
    }

    private void server() {
        state.of("cache").forEach(fact -> {
            if (fact.number("reads") >= CACHE_READS && fact.number("percent") < CACHE_PERCENT) {
                findings.add(
                        "cache_low",
                        Severity.NOTICE,
                        Sure.HINT,
                        fact,
                        "Only " + fact.number("percent") + "% of block reads were in shared_buffers",
                        "The kernel may have the rest cached. Look at the statements that read most first.",
                        Optional.of(new Next("analyze_slow_queries", Map.of("sort", "io"))));
            }
        });
        state.of("checkpoints").forEach(fact -> {
            double all = fact.number("timed") + fact.number("requested");
            if (fact.number("requested") >= 20 && fact.number("requested") > 0.5 * all) {
                findings.add(
                        "checkpoints_forced",
                        Severity.NOTICE,
                        Sure.LIKELY,
                        fact,
                        "Most checkpoints come because WAL is full, not because it is time",
                        "Raise max_wal_size.",
                        Optional.empty());
            }
        });
        state.of("replica")
                .filter(fact -> fact.number("lag_bytes") >= LAG_BYTES)
                .forEach(fact -> findings.add(
                        "replica_lags",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "Replica " + fact.subject() + " is far behind",
                        "A slow disk, a long query on it, or the network.",
                        Optional.empty()));
        state.of("receiver")
                .filter(fact -> !fact.is("receiving"))
                .forEach(fact -> findings.add(
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
                .forEach(fact -> findings.add(
                        "extension_behind",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        fact,
                        "Extension " + fact.subject() + " is older than the library that is installed",
                        "Update it.",
                        Optional.empty(),
                        Optional.of("ALTER EXTENSION \"" + fact.subject() + "\" UPDATE")));
        state.of("collation")
                .forEach(fact -> findings.add(
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
                .forEach(fact -> findings.add(
                        "password_expires",
                        fact.number("days_left") <= 0 ? Severity.CRITICAL : Severity.WARNING,
                        Sure.CERTAIN,
                        fact,
                        "The password of our own login " + fact.subject()
                                + (fact.number("days_left") <= 0
                                        ? " has ended: the next connection is refused wherever one is asked for"
                                        : " ends in " + fact.number("days_left") + " days"),
                        "Set a new one, here and there.",
                        Optional.empty()));
    }

    /** The server as a whole may have room while this login or this database has none. */
    private void limits() {
        state.of("limit").forEach(fact -> {
            boolean full = fact.number("used") >= fact.number("limit");
            findings.add(
                    "connection_limit_near",
                    full ? Severity.CRITICAL : Severity.WARNING,
                    Sure.CERTAIN,
                    fact,
                    "The " + fact.subject()
                            + (full ? " has no connection of its own limit left" : " has used most of its own limit"),
                    "See who holds them, or raise the limit (CONNECTION LIMIT).",
                    Optional.of(new Next("active_queries", Map.of("include_idle", true))));
        });
    }
}
