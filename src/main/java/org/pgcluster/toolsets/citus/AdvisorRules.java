package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding;
import org.pgcluster.checks.Finding.Next;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Round;
import org.pgcluster.toolsets.citus.CitusAdvisor.Focus;

/** The rules of the advisor. Pure: the same facts give the same findings. */
final class AdvisorRules {
    private static final Comparator<Finding> URGENT_FIRST =
            Comparator.comparing(Finding::severity).thenComparing(Finding::id).thenComparing(Finding::subject);
    private static final double SKEWED = 2;
    private static final double VERY_SKEWED = 5;
    private static final long SMALL_GROUP = 64L * 1024 * 1024;
    private static final double LONG_WAIT_SECONDS = 10;
    private static final double DISK_NEARLY_FULL = 0.1;
    private static final double DISK_FILLING = 0.2;
    private static final double CONNECTIONS_NEARLY_USED = 0.85;
    private static final long CLEANUP_BACKLOG = 100;

    private final AdvisorFacts facts;
    private final int most;
    private final List<Finding> findings = new ArrayList<>();

    private AdvisorRules(AdvisorFacts facts, int most) {
        this.facts = facts;
        this.most = most;
    }

    static List<Finding> judge(AdvisorFacts facts, List<Focus> focus, int most) {
        AdvisorRules rules = new AdvisorRules(facts, most);
        for (Focus one : focus) {
            switch (one) {
                case SKEW -> rules.skew();
                case OPS -> rules.ops();
                case CAPACITY -> rules.capacity();
                case METADATA -> rules.metadata();
                case UPGRADE -> rules.upgrade();
                case QUERIES -> rules.queries();
            }
        }
        rules.findings.sort(URGENT_FIRST);
        return List.copyOf(rules.findings);
    }

    /** Judged only where every range was measured; small groups are skewed by chance. */
    private void skew() {
        if (!facts.groups().complete()) {
            return;
        }
        Map<Integer, long[]> byGroup = new TreeMap<>();
        for (AdvisorFacts.GroupSize one : facts.groups().rows()) {
            long[] sums = byGroup.computeIfAbsent(one.colocationId(), id -> new long[4]);
            sums[0] += one.bytes();
            sums[1] += one.ranges();
            sums[2] = Math.max(sums[2], one.largest());
            sums[3] += one.unknown();
        }
        List<Finding> found = new ArrayList<>();
        byGroup.forEach((id, sums) -> {
            double ratio = sums[0] == 0 ? 0 : (double) sums[2] * sums[1] / sums[0];
            if (sums[1] > 1 && sums[3] == 0 && ratio >= SKEWED) {
                boolean large = sums[0] >= SMALL_GROUP;
                found.add(finding(
                        "citus.skewed_range",
                        large && ratio >= VERY_SKEWED ? Severity.WARNING : Severity.NOTICE,
                        Sure.CERTAIN,
                        "group " + id,
                        "One hash range of colocation group " + id + " is " + Math.round(ratio * 10) / 10.0
                                + " times the average",
                        evidence("largest_bytes", sums[2], "average_bytes", sums[0] / sums[1], "ranges", sums[1]),
                        "Rebalancing cannot split it: give the value behind it a shard of its own, or split the shard.",
                        new Next("citus_shard_skew_report", Map.of()),
                        null));
            }
        });
        found.stream().sorted(URGENT_FIRST).limit(most).forEach(findings::add);
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

    private void capacity() {
        for (CitusNode node : facts.nodes()) {
            Optional<NodeState> told = facts.states().of(node.nodeId());
            if (told.isEmpty()) {
                continue;
            }
            NodeState state = told.get();
            double free = (double) state.diskFreeBytes() / Math.max(1, state.diskTotalBytes());
            if (free < DISK_FILLING) {
                findings.add(finding(
                        "citus.disk_filling",
                        free < DISK_NEARLY_FULL ? Severity.CRITICAL : Severity.WARNING,
                        Sure.CERTAIN,
                        node.where(),
                        node.where() + " has " + Math.round(free * 100) + " % of its disk free",
                        evidence("free_bytes", state.diskFreeBytes(), "total_bytes", state.diskTotalBytes()),
                        "Shard moves onto it are refused below citus.desired_percent_disk_available_after_move.",
                        new Next("citus_shard_distribution", Map.of()),
                        null));
            }
            Long used = state.connections();
            if (used != null && used > state.maxConnections() * CONNECTIONS_NEARLY_USED) {
                findings.add(finding(
                        "citus.connections_used_up",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        node.where(),
                        node.where() + " uses " + used + " of " + state.maxConnections() + " connections",
                        evidence("used", used, "max_connections", state.maxConnections()),
                        "See who opened them; limit citus.max_shared_pool_size or pool the clients.",
                        new Next("citus_connections", Map.of()),
                        null));
            }
        }
    }

    private void metadata() {
        for (CitusNode node : facts.nodes()) {
            if (node.primary() && node.active() && !node.metadataSynced()) {
                findings.add(finding(
                        "citus.metadata_not_synced",
                        Severity.WARNING,
                        Sure.LIKELY,
                        node.where(),
                        "The metadata of " + node.where() + " is not synced",
                        evidence("hasmetadata", node.hasMetadata(), "metadatasynced", node.metadataSynced()),
                        "For some seconds after a node change that is normal; look again.",
                        new Next("list_nodes", Map.of()),
                        "SELECT start_metadata_sync_to_node('" + node.host() + "', " + node.port() + ")"));
            }
        }
        if (!facts.metadata().coordinatorRegistered() && facts.nodes().stream().anyMatch(node -> node.groupId() != 0)) {
            findings.add(finding(
                    "citus.coordinator_missing",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    "coordinator",
                    "The coordinator is not in pg_dist_node",
                    evidence("group_0", "no row"),
                    "Joins of plain and reference tables need its copies.",
                    new Next("list_nodes", Map.of()),
                    "SELECT citus_set_coordinator_host('host', port)"));
        }
        facts.states().told().stream()
                .filter(told -> told.row().missing() > 0)
                .forEach(told -> findings.add(finding(
                        "citus.shard_missing",
                        Severity.CRITICAL,
                        Sure.CERTAIN,
                        "node " + told.nodeId(),
                        Parts.many(told.row().missing(), "placement") + " on node " + told.nodeId()
                                + " without a table",
                        evidence("missing", told.row().missing()),
                        "Queries on them fail. Restore the table from a copy; do not remove metadata first.",
                        new Next("list_shards", Map.of("node", String.valueOf(told.nodeId()))),
                        null)));
        facts.faults().stream().limit(most).forEach(fault -> findings.add(fault(fault)));
    }

    private static Finding fault(AdvisorFacts.Fault fault) {
        String what = switch (fault.kind()) {
            case "hash ranges" -> "has gaps or overlaps in its hash ranges";
            case "no placement" -> "has " + Parts.many(fault.count(), "shard") + " without a placement";
            case "no node" -> "has " + Parts.many(fault.count(), "placement") + " and no node";
            case "no table" -> "is in pg_dist_partition and is no table";
            case "apart" -> "has " + Parts.many(fault.count(), "shard") + " that do not lie with their colocated ones";
            default -> "lacks a copy on " + Parts.many(fault.count(), "node");
        };
        boolean copy = fault.kind().equals("no copy");
        return finding(
                "citus.metadata_" + fault.kind().replace(' ', '_'),
                copy ? Severity.NOTICE : Severity.CRITICAL,
                Sure.CERTAIN,
                fault.subject(),
                fault.subject() + " " + what,
                evidence("count", fault.count(), "detail", fault.detail()),
                copy
                        ? "After a node was added that is normal until it is first needed; a rebalance copies it."
                        : "Metadata and data disagree. Change nothing in pg_dist_* by hand before the data is safe.",
                new Next("citus_worker_health", Map.of()),
                copy ? "SELECT replicate_reference_tables('auto')" : null);
    }

    private void upgrade() {
        differing("library", NodeState::citusVersion);
        differing("extension", NodeState::extensionVersion);
        differing("PostgreSQL", state -> state.postgresVersion().split("\\D", 2)[0]);
        for (NodeState state : facts.states().rows()) {
            String library = state.citusVersion();
            String extension = state.extensionVersion();
            if (library != null && extension != null && !minor(library).equals(minor(extension))) {
                findings.add(finding(
                        "citus.extension_behind",
                        Severity.WARNING,
                        Sure.CERTAIN,
                        "group " + state.groupId(),
                        "Library " + library + " runs with extension " + extension,
                        evidence("library", library, "extension", extension),
                        "Finish the upgrade on every node, the coordinator first.",
                        new Next("citus_cluster_summary", Map.of()),
                        "ALTER EXTENSION citus UPDATE; then CALL citus_finish_citus_upgrade() on the coordinator"));
            }
        }
    }

    private static String minor(String version) {
        String[] parts = version.split("[.-]", 3);
        return parts[0] + "." + (parts.length > 1 ? parts[1] : "0");
    }

    private interface Version {
        @Nullable
        String of(NodeState state);
    }

    private void differing(String what, Version version) {
        Map<String, TreeSet<Integer>> byVersion = new TreeMap<>();
        for (Round.Told<NodeState> told : facts.states().told()) {
            byVersion
                    .computeIfAbsent(String.valueOf(version.of(told.row())), value -> new TreeSet<>())
                    .add(told.nodeId());
        }
        if (byVersion.size() > 1) {
            findings.add(finding(
                    "citus.versions_differ",
                    Severity.WARNING,
                    Sure.CERTAIN,
                    what,
                    "Nodes run different versions (" + what + ")",
                    evidence("versions", byVersion.toString()),
                    "Bring all nodes to one version; rebalance and DDL only then.",
                    new Next("citus_worker_health", Map.of()),
                    null));
        }
    }

    private void queries() {
        if (!"all".equals(facts.statementTracking())) {
            findings.add(finding(
                    "citus.statements_untracked",
                    Severity.NOTICE,
                    Sure.CERTAIN,
                    "citus.stat_statements_track",
                    "Distributed statements are not tracked, so nobody knows which go to many shards",
                    evidence("citus.stat_statements_track", facts.statementTracking()),
                    "Switch it on for a while.",
                    new Next("citus_distributed_query_stats", Map.of()),
                    "ALTER SYSTEM SET citus.stat_statements_track = 'all'; SELECT pg_reload_conf()"));
        }
        List<AdvisorFacts.GroupSize> stale = facts.groups().rows().stream()
                .filter(group -> group.neverAnalyzed() > 0)
                .toList();
        stale.stream()
                .collect(java.util.stream.Collectors.groupingBy(
                        group -> String.valueOf(group.neverAnalyzedTable()),
                        TreeMap::new,
                        java.util.stream.Collectors.toList()))
                .entrySet()
                .stream()
                .limit(most)
                .forEach(entry -> findings.add(finding(
                        "citus.never_analyzed",
                        Severity.NOTICE,
                        Sure.CERTAIN,
                        entry.getKey(),
                        "Shards above 1 MB of " + entry.getKey() + " and its neighbours were never analyzed",
                        evidence(
                                "shards",
                                entry.getValue().stream()
                                        .mapToLong(AdvisorFacts.GroupSize::neverAnalyzed)
                                        .sum()),
                        "Plans on the workers guess row counts.",
                        new Next("citus_table_inspector", Map.of("table", entry.getKey())),
                        "ANALYZE " + entry.getKey())));
    }

    private static Map<String, @Nullable Object> evidence(@Nullable Object... pairs) {
        Map<String, @Nullable Object> evidence = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            evidence.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return evidence;
    }

    private static Finding finding(
            String id,
            Severity severity,
            Sure sure,
            String subject,
            String title,
            Map<String, @Nullable Object> evidence,
            String advice,
            Next next,
            @Nullable String byHand) {
        return new Finding(
                id,
                severity,
                sure,
                "citus",
                subject,
                title,
                evidence,
                advice,
                Optional.of(next),
                Optional.ofNullable(byHand));
    }
}
