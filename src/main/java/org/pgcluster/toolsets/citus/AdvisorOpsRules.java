package org.pgcluster.toolsets.citus;

import static org.pgcluster.toolsets.citus.AdvisorRules.evidence;
import static org.pgcluster.toolsets.citus.AdvisorRules.finding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;

/** What is wrong at this moment: nodes, prepared transactions, locks, jobs, cleanup. */
final class AdvisorOpsRules {
    private static final double LONG_WAIT_SECONDS = 10;
    private static final long CLEANUP_BACKLOG = 100;

    private final AdvisorFacts facts;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorOpsRules(AdvisorFacts facts) {
        this.facts = facts;
    }

    static List<Finding> judge(AdvisorFacts facts) {
        AdvisorOpsRules rules = new AdvisorOpsRules(facts);
        rules.ops();
        return rules.findings;
    }

    private void ops() {
        facts.states()
                .silent()
                .forEach(silent -> findings.add(finding(
                        "citus.node_silent",
                        Severity.CRITICAL,
                        Sure.CERTAIN,
                        silent.where(),
                        silent.where() + " does not answer",
                        evidence("why", silent.why()),
                        "See what is lost with it and the ways back.",
                        new Next("citus_lost_node_report", Map.of("node", silent.where())),
                        null)));
        for (CitusNode node : facts.nodes()) {
            facts.states().of(node.nodeId()).ifPresent(state -> onNode(node, state));
        }
        blockers();
        for (AdvisorFacts.Job job : facts.jobs()) {
            if (job.failed() > 0 || job.retrying() > 0 || job.state().equals("failed")) {
                findings.add(finding(
                        "citus.job_failing",
                        job.state().equals("running") ? Severity.WARNING : Severity.CRITICAL,
                        Sure.CERTAIN,
                        "job " + job.jobId(),
                        "Job " + job.jobId() + " (" + job.jobType() + ") is " + job.state() + " with failing tasks",
                        evidence("failed", job.failed(), "retrying", job.retrying(), "message", job.message()),
                        "A failing task is tried again for about half an hour while the job says running.",
                        new Next("citus_job_inspector", Map.of("include_tasks", true)),
                        null));
            }
        }
        facts.faults().stream()
                .filter(fault -> fault.kind().equals(AdvisorFacts.HALF_DRAINED))
                .forEach(fault -> findings.add(halfDrained(fault)));
        if (facts.metadata().cleanupRecords() > CLEANUP_BACKLOG) {
            findings.add(finding(
                    "citus.cleanup_backlog",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    "pg_dist_cleanup",
                    facts.metadata().cleanupRecords() + " records wait for cleanup",
                    evidence("records", facts.metadata().cleanupRecords()),
                    "Something keeps Citus from dropping them.",
                    new Next("citus_leftovers", Map.of()),
                    "CALL citus_cleanup_orphaned_resources()"));
        }
    }

    /** What a drain that failed leaves behind, unless somebody wants it so. */
    private static Finding halfDrained(AdvisorFacts.Fault fault) {
        return finding(
                "citus.half_drained",
                Severity.NOTICE,
                Sure.LIKELY,
                fault.subject(),
                fault.subject() + " takes no shards and holds " + Parts.many(fault.count(), "shard"),
                evidence("shouldhaveshards", false, "shards", fault.count(), "node", fault.detail()),
                "A drain that failed leaves this. Drain it to the end with citus_drain_node, or let it take shards again"
                        + " with citus_set_node_property.",
                new Next("list_shards", Map.of("node", fault.subject())),
                "SELECT citus_set_node_property('" + fault.subject().replaceFirst(":(\\d+)$", "', $1")
                        + ", 'shouldhaveshards', true)");
    }

    private void onNode(CitusNode node, NodeState state) {
        if (state.inRecovery()) {
            findings.add(finding(
                    "citus.standby_as_primary",
                    Severity.CRITICAL,
                    Sure.CERTAIN,
                    node.where(),
                    node.where() + " is registered as primary and is a standby: writes fail",
                    evidence("pg_is_in_recovery", true, "noderole", node.role()),
                    "Point the metadata at its primary.",
                    new Next("citus_worker_health", Map.of()),
                    "SELECT citus_update_node(" + node.nodeId() + ", 'host', port)"));
        }
        if (state.preparedTransactions() > 0) {
            findings.add(finding(
                    "citus.prepared_left",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    node.where(),
                    Parts.many(state.preparedTransactions(), "prepared transaction") + " older than two minutes on "
                            + node.where(),
                    evidence("count", state.preparedTransactions()),
                    "It holds locks and keeps vacuum from cleaning.",
                    new Next("citus_leftovers", Map.of()),
                    null));
        }
        if (state.invalidIndexes() > 0) {
            findings.add(finding(
                    "citus.invalid_index",
                    Severity.NOTICE,
                    Sure.CERTAIN,
                    node.where(),
                    state.invalidIndexes() + " invalid on " + node.where() + ": an index build there failed or runs",
                    evidence("count", state.invalidIndexes()),
                    "See which table it is and build the index again.",
                    new Next("citus_table_inspector", Map.of("include_indexes", true)),
                    "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"));
        }
    }

    private void blockers() {
        double longest = facts.waits().rows().stream()
                .mapToDouble(LockWait::seconds)
                .max()
                .orElse(0);
        if (longest >= LONG_WAIT_SECONDS) {
            findings.add(finding(
                    "citus.lock_wait",
                    longest >= 300 ? Severity.CRITICAL : Severity.WARNING,
                    Sure.CERTAIN,
                    "locks",
                    Parts.many(facts.waits().rows().size(), "session") + " wait for locks, the longest for "
                            + Math.round(longest) + " s",
                    evidence("longest_seconds", Math.round(longest)),
                    "See whose end would free them.",
                    new Next("citus_lock_inspector", Map.of()),
                    null));
        }
    }
}
