package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Silent;
import org.pgcluster.tool.Plan.Verdict;

/** What a shard move needs of a node. */
record MoveFacts(
        boolean inRecovery,
        String walLevel,
        long freeSlots,
        long freeSenders,
        long freeLogicalWorkers,
        long diskFreeBytes,
        long diskTotalBytes,
        @Nullable Double oldestTransactionSeconds,
        @Nullable Long oldestTransactionPid,
        boolean seesAll,
        @Nullable String decoders) {
    /** One precondition of a move, judged; apart from it, what would mend it. */
    record Check(
            String what,
            Verdict verdict,
            String found,
            @Nullable String mend) {}

    private static final double LONG_TRANSACTION_SECONDS = 60;

    private static final String ASK = """
            SELECT pg_is_in_recovery() AS in_recovery, current_setting('wal_level') AS wal_level,
                   current_setting('max_replication_slots')::bigint - (SELECT count(*) FROM pg_replication_slots)
                       AS free_slots,
                   current_setting('max_wal_senders')::bigint
                       - (SELECT count(*) FROM pg_stat_replication) AS free_senders,
                   current_setting('max_logical_replication_workers')::bigint
                       - (SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'logical replication%%')
                       AS free_logical_workers,
                   (SELECT available_disk_size FROM citus_local_disk_space_stats()) AS disk_free_bytes,
                   (SELECT total_disk_size FROM citus_local_disk_space_stats()) AS disk_total_bytes,
                   (SELECT round(extract(epoch FROM max(clock_timestamp() - xact_start))::numeric, 1)
                      FROM pg_stat_activity WHERE backend_type = 'client backend') AS oldest_transaction_seconds,
                   (SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND xact_start IS NOT NULL
                     ORDER BY xact_start, pid LIMIT 1) AS oldest_transaction_pid,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
                   CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
                        THEN current_setting('output_plugin_libraries', true) ELSE '?' END AS decoders
            """;

    private record Unfinished(long jobs, @Nullable String ids, long cleanup, long desiredFreePercent) {}

    private static final String UNFINISHED = """
            SELECT count(*) AS jobs, string_agg(job_id::text, ', ' ORDER BY job_id) AS ids,
                   (SELECT count(*) FROM pg_dist_cleanup) AS cleanup,
                   current_setting('citus.desired_percent_disk_available_after_move')::float8::bigint
                       AS desired_free_percent
              FROM pg_dist_background_job
             WHERE state IN ('scheduled', 'running', 'cancelling', 'failing')
            """;

    static Round<MoveFacts> ask(Citus citus) {
        return citus.everywhere(MoveFacts.class, ASK);
    }

    /** What holds for the whole cluster. */
    static List<Check> ofCluster(Citus citus) {
        Unfinished unfinished = citus.sql().one(Unfinished.class, UNFINISHED);
        List<Check> checks = new ArrayList<>();
        checks.add(new Check(
                "No other background job is unfinished",
                unfinished.jobs() == 0 ? Verdict.HOLDS : Verdict.FAILS,
                unfinished.jobs() == 0 ? "none" : "job " + unfinished.ids(),
                unfinished.jobs() == 0 ? null : "follow it with citus_job_inspector, or wait"));
        checks.add(new Check(
                "Nothing waits for cleanup",
                unfinished.cleanup() == 0 ? Verdict.HOLDS : Verdict.RISKY,
                Parts.many(unfinished.cleanup(), "record") + " in pg_dist_cleanup",
                unfinished.cleanup() == 0 ? null : "citus_leftovers lists them"));
        for (CitusNode node : citus.nodes()) {
            if (node.primary() && (!node.active() || !node.metadataSynced())) {
                checks.add(new Check(
                        node.where() + " is active and synced",
                        Verdict.FAILS,
                        node.active() ? "metadata not synced" : "inactive",
                        "citus_worker_health says more"));
            }
        }
        return checks;
    }

    /** What holds for a node that data leaves or reaches; {@code coming} bytes where it is known how many. */
    static List<Check> ofNode(Citus citus, CitusNode node, Round<MoveFacts> round, boolean online, long coming) {
        List<Check> checks = new ArrayList<>();
        String where = node.where();
        Optional<MoveFacts> told = round.of(node.nodeId());
        if (told.isEmpty()) {
            String why = round.whySilent(node.nodeId());
            boolean login = round.keepsOurLoginOut(node.nodeId());
            checks.add(new Check(
                    where + " answers",
                    login ? Verdict.UNKNOWN : Verdict.FAILS,
                    why,
                    login ? Silent.LOGIN : "citus_worker_health says more"));
            return checks;
        }
        MoveFacts facts = told.get();
        check(
                checks,
                where + " is a primary",
                !facts.inRecovery(),
                facts.inRecovery() ? "a standby" : "yes",
                "citus_worker_health");
        if (online) {
            check(
                    checks,
                    where + " has wal_level logical",
                    facts.walLevel().equals("logical"),
                    facts.walLevel(),
                    "set wal_level = logical and restart, or move with block_writes");
            check(
                    checks,
                    where + " has a free replication slot",
                    facts.freeSlots() > 0,
                    facts.freeSlots() + " free",
                    "raise max_replication_slots, or see citus_leftovers");
            check(
                    checks,
                    where + " has a free WAL sender",
                    facts.freeSenders() > 0,
                    facts.freeSenders() + " free",
                    "raise max_wal_senders");
            if (facts.seesAll()) {
                check(
                        checks,
                        where + " has a free logical replication worker",
                        facts.freeLogicalWorkers() > 0,
                        facts.freeLogicalWorkers() + " free",
                        "raise max_logical_replication_workers");
            }
        }
        if (!facts.seesAll()) {
            checks.add(new Check(
                    "No old transaction on " + where + " stalls it, and a logical replication worker is free",
                    Verdict.UNKNOWN,
                    "other users' sessions are hidden from this role",
                    "grant it pg_read_all_stats"));
        }
        Double oldest = facts.oldestTransactionSeconds();
        if (oldest != null && oldest > LONG_TRANSACTION_SECONDS) {
            checks.add(new Check(
                    "No old transaction on " + where + " stalls it",
                    Verdict.RISKY,
                    "pid " + facts.oldestTransactionPid() + " for " + Math.round(oldest) + " s",
                    "citus_activity shows it; the move waits until it ends"));
        }
        if (coming > 0) {
            checks.add(room(citus, where, facts, coming));
        }
        return checks;
    }

    /** Citus refuses a move that would leave less free than it is told to keep. */
    private static Check room(Citus citus, String where, MoveFacts facts, long coming) {
        long keep = citus.sql().one(Unfinished.class, UNFINISHED).desiredFreePercent();
        long after = facts.diskFreeBytes() - coming;
        boolean holds = after >= facts.diskTotalBytes() * (keep / 100.0);
        return new Check(
                where + " keeps " + keep + " % of its disk free",
                holds ? Verdict.HOLDS : Verdict.FAILS,
                Parts.bytes(facts.diskFreeBytes()) + " free, " + Parts.bytes(coming) + " coming",
                holds ? null : "free disk there, or lower citus.desired_percent_disk_available_after_move");
    }

    private static void check(List<Check> checks, String what, boolean holds, String found, String mend) {
        checks.add(new Check(what, holds ? Verdict.HOLDS : Verdict.FAILS, found, holds ? null : mend));
    }
}
