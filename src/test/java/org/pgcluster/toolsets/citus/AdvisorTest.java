package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgcluster.checks.Finding;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Silent;
import org.pgcluster.lab.Lab;
import org.pgcluster.toolsets.citus.AdvisorFacts.Fault;
import org.pgcluster.toolsets.citus.AdvisorFacts.GroupSize;
import org.pgcluster.toolsets.citus.AdvisorFacts.Job;
import org.pgcluster.toolsets.citus.AdvisorFacts.Metadata;
import org.pgcluster.toolsets.citus.CitusAdvisor.Focus;

/** Each rule: a state that it finds, and one beside it in which there is nothing to find. */
class AdvisorTest {
    private static final long MB = 1024L * 1024;

    /** A healthy cluster of a coordinator and a worker; each part can be another. */
    private record State(
            List<CitusNode> nodes,
            List<NodeState> states,
            List<Silent> silent,
            List<GroupSize> groups,
            List<LockWait> waits,
            Metadata metadata,
            List<Fault> faults,
            List<Job> jobs,
            @Nullable String tracking) {
        static State healthy() {
            return new State(
                    List.of(node(1, 0, true), node(2, 1, true)),
                    List.of(node(0, "13.2.2", "13.2-1", "15.20", 10, 60, 0, 0, 0), state(1)),
                    List.of(),
                    List.of(AdvisorTest.group(100 * MB, 4, 30 * MB, 0)),
                    List.of(),
                    new Metadata(true, 0, 4, "13.2-1", "13.2-1", "all"),
                    List.of(),
                    List.of(),
                    "all");
        }

        List<String> found() {
            return findings().stream()
                    .map(one -> one.severity().name().toLowerCase(java.util.Locale.ROOT) + " " + one.id())
                    .toList();
        }

        List<Finding> findings() {
            Map<Integer, List<NodeState>> byNode =
                    states.stream().collect(Collectors.groupingBy(one -> one.groupId() + 1));
            AdvisorFacts facts = new AdvisorFacts(
                    nodes,
                    new Round<>(byNode, silent),
                    new Round<>(Map.of(2, groups), List.of()),
                    new Round<>(Map.of(2, waits), List.of()),
                    metadata,
                    faults,
                    jobs,
                    tracking,
                    List.of());
            return AdvisorRules.judge(facts, List.of(Focus.values()));
        }

        State coordinator(NodeState coordinator) {
            return states(List.of(coordinator, states.get(1)));
        }

        State worker(NodeState worker) {
            return states(List.of(states.get(0), worker));
        }

        private State states(List<NodeState> each) {
            return new State(nodes, each, silent, groups, waits, metadata, faults, jobs, tracking);
        }

        State group(GroupSize group) {
            return new State(nodes, states, silent, List.of(group), waits, metadata, faults, jobs, tracking);
        }

        State waiting(double seconds) {
            LockWait wait = new LockWait(1, 1, "q", seconds, null, "lock", "on", 2L, 2, "active", "q", null);
            return new State(nodes, states, silent, groups, List.of(wait), metadata, faults, jobs, tracking);
        }

        State metadata(boolean registered, long cleanup) {
            Metadata other = new Metadata(registered, cleanup, 4, "13.2-1", "13.2-1", "all");
            return new State(nodes, states, silent, groups, waits, other, faults, jobs, tracking);
        }

        State job(String state, long failed, long retrying) {
            Job job = new Job(7, "rebalance", state, failed, retrying, "no space");
            return new State(nodes, states, silent, groups, waits, metadata, faults, List.of(job), tracking);
        }

        State fault(String kind) {
            Fault fault = new Fault(kind, "public.orders", 1, null);
            return new State(nodes, states, silent, groups, waits, metadata, List.of(fault), jobs, tracking);
        }

        State synced(boolean synced) {
            return new State(
                    List.of(nodes.get(0), node(2, 1, synced)),
                    states,
                    silent,
                    groups,
                    waits,
                    metadata,
                    faults,
                    jobs,
                    tracking);
        }

        State silentWorker() {
            List<Silent> one = List.of(new Silent(2, "w:5432", "refused"));
            return new State(nodes, List.of(states.get(0)), one, groups, waits, metadata, faults, jobs, tracking);
        }

        State tracking(@Nullable String other) {
            return new State(nodes, states, silent, groups, waits, metadata, faults, jobs, other);
        }
    }

    private static CitusNode node(int id, int group, boolean synced) {
        return new CitusNode(
                id, group, "w" + id, 5432, "default", "primary", true, true, synced, group > 0, "default", true, false);
    }

    private static NodeState state(int group) {
        return node(group, "13.2.2", "13.2-1", "15.20", 10, 60, 0, 0, 0);
    }

    private static NodeState node(
            int group,
            String library,
            String extension,
            String postgres,
            long connections,
            long freePercent,
            long prepared,
            long invalid,
            long missing) {
        return new NodeState(
                group,
                postgres,
                library,
                extension,
                false,
                connections,
                100,
                freePercent,
                100,
                prepared,
                invalid,
                4,
                missing,
                0,
                MB);
    }

    private static NodeState standby() {
        return new NodeState(1, "15.20", "13.2.2", "13.2-1", true, 10L, 100, 60, 100, 0, 0, 4, 0, 0, MB);
    }

    private static GroupSize group(long bytes, long ranges, long largest, long stale) {
        return new GroupSize(2, bytes, ranges, largest, "0", 0, stale, stale == 0 ? null : "public.orders");
    }

    static Stream<Arguments> rules() {
        State well = State.healthy();
        return Stream.of(
                rule(
                        "warning citus.skewed_range",
                        well.group(group(100 * MB, 10, 60 * MB, 0)),
                        well.group(group(100 * MB, 10, 19 * MB, 0))),
                rule("notice citus.skewed_range", well.group(group(MB, 10, MB, 0)), well.group(group(MB, 1, MB, 0))),
                rule("notice citus.never_analyzed", well.group(group(100 * MB, 4, 30 * MB, 2)), well),
                rule("critical citus.node_silent", well.silentWorker(), well),
                rule("critical citus.standby_as_primary", well.worker(standby()), well),
                rule(
                        "warning citus.prepared_left",
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 10, 60, 1, 0, 0)),
                        well),
                rule(
                        "notice citus.invalid_index",
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 10, 60, 0, 1, 0)),
                        well),
                rule(
                        "critical citus.shard_missing",
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 10, 60, 0, 0, 1)),
                        well),
                rule("warning citus.lock_wait", well.waiting(11), well.waiting(9)),
                rule("critical citus.lock_wait", well.waiting(301), well.waiting(9)),
                rule("warning citus.job_failing", well.job("running", 0, 1), well.job("running", 0, 0)),
                rule("critical citus.job_failing", well.job("failed", 1, 0), well.job("finished", 0, 0)),
                rule("warning citus.cleanup_backlog", well.metadata(true, 101), well.metadata(true, 100)),
                rule("warning citus.coordinator_missing", well.metadata(false, 0), well.metadata(true, 0)),
                rule(
                        "warning citus.disk_filling",
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 10, 19, 0, 0, 0)),
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 10, 20, 0, 0, 0))),
                rule(
                        "critical citus.disk_filling",
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 10, 9, 0, 0, 0)),
                        well),
                rule(
                        "warning citus.connections_used_up",
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 86, 60, 0, 0, 0)),
                        well.worker(node(1, "13.2.2", "13.2-1", "15.20", 85, 60, 0, 0, 0))),
                rule("warning citus.metadata_not_synced", well.synced(false), well.synced(true)),
                rule("critical citus.metadata_hash_ranges", well.fault("hash ranges"), well),
                rule("critical citus.metadata_no_placement", well.fault("no placement"), well),
                rule("notice citus.half_drained", well.fault("half drained"), well),
                rule("notice citus.metadata_no_copy", well.fault("no copy"), well),
                rule(
                        "warning citus.versions_differ",
                        well.worker(node(1, "13.2.2", "13.2-1", "16.4", 10, 60, 0, 0, 0)),
                        well.worker(node(1, "13.2.2", "13.2-1", "15.19", 10, 60, 0, 0, 0))),
                rule("notice citus.statements_untracked", well.tracking("none"), well.tracking("all")));
    }

    private static Arguments rule(String finding, State sick, State well) {
        return Arguments.of(finding, sick, well);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void a_rule_finds_its_state_and_no_other(String finding, Object sick, Object well) {
        assertEquals(List.of(finding), ((State) sick).found());
        assertEquals(List.of(), ((State) well).found());
    }

    @Test
    void a_library_beside_an_old_extension_is_found_with_the_difference_to_the_others() {
        NodeState behind = node(1, "13.2.2", "12.1-1", "15.20", 10, 60, 0, 0, 0);
        assertEquals(
                new TreeSet<>(Arrays.asList("warning citus.extension_behind", "warning citus.versions_differ")),
                new TreeSet<>(State.healthy().worker(behind).found()));
    }

    /** Where all is updated it does nothing, so that it can be run as it is printed. */
    @Test
    @Tag("lab")
    void a_coordinator_understands_what_ends_its_upgrade() throws SQLException {
        Lab.requireCitus();
        NodeState behind = node(0, "13.2.2", "12.1-1", "15.20", 10, 60, 0, 0, 0);
        String printed = State.healthy().coordinator(behind).findings().stream()
                .filter(one -> one.id().equals("citus.extension_behind"))
                .flatMap(one -> one.byHand().stream())
                .findFirst()
                .orElseThrow();
        try (var coordinator = Lab.connect(Lab.address("LAB_DSN"));
                var statement = coordinator.createStatement()) {
            for (String command : printed.replaceFirst(" \\(on [^()]*\\)$", "").split(";", -1)) {
                statement.execute(command);
            }
        }
        assertTrue(printed.contains("citus_finish_citus_upgrade"), printed);
    }

    @Test
    void the_most_urgent_stands_first() {
        List<String> found = new ArrayList<>(State.healthy()
                .tracking("none")
                .worker(node(1, "13.2.2", "13.2-1", "15.20", 86, 9, 0, 1, 0))
                .found());
        List<String> severities =
                found.stream().map(one -> one.split(" ", 2)[0]).toList();
        assertEquals(List.of("critical", "warning", "notice", "notice"), severities);
    }
}
