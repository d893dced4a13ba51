package org.pgcluster.checks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.checks.Small.NOW;
import static org.pgcluster.checks.Small.facts;
import static org.pgcluster.checks.Small.group;
import static org.pgcluster.checks.Small.haproxy;
import static org.pgcluster.checks.Small.node;
import static org.pgcluster.checks.Small.proxy;
import static org.pgcluster.checks.Small.server;
import static org.pgcluster.checks.Small.silent;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.pgcluster.checks.Finding.Effect;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.patroni.Group;
import org.pgcluster.snapshot.Certificate;
import org.pgcluster.snapshot.CitusState.Placed;
import org.pgcluster.snapshot.CitusState.Task;
import org.pgcluster.snapshot.Details;
import org.pgcluster.snapshot.Details.Prepared;
import org.pgcluster.snapshot.Expected;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.snapshot.Unread;

/** What the checks across components make of small snapshots; the lab makes the same faults for real. */
class ChecksTest {
    private final Small estate = new Small();

    private static List<String> effects(Finding finding) {
        return finding.effects().orElse(List.of()).stream().map(Effect::id).toList();
    }

    private static Details details(int offset, Prepared... prepared) {
        return new Details(
                facts("id1", "w0", "13.2-1"), offset, 5, List.of(prepared), List.of(), null, List.of(), List.of());
    }

    @Test
    void every_kind_has_a_name_of_its_own_and_is_explained() {
        var kinds = Checks.kinds();
        assertEquals(
                kinds.size(), new HashSet<>(kinds.stream().map(Check.Kind::id).toList()).size());
        assertTrue(kinds.size() >= 45, kinds.size() + " kinds");
        for (var kind : kinds) {
            assertTrue(kind.id().matches("(postgres|citus|patroni|haproxy|pgbouncer)\\.[a-z_]+"), kind.id());
            assertTrue(kind.about().length() > 10, kind.id());
        }
    }

    @Test
    void an_estate_that_is_well_is_left_alone() {
        estate.proxies = List.of(proxy(haproxy("c0", "c0:5432", "UP"), haproxy("c1", "c1:5432", "DOWN")));
        assertEquals(List.of(), estate.findings());
    }

    @Test
    void a_node_under_another_name_is_known_by_where_it_says_that_it_is() {
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "alias"));
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")), server("alias:5432", facts("id1", "w0", "13.2-1")));
        assertEquals(List.of(), estate.ids());
    }

    @Test
    void a_node_behind_an_unknown_address_is_known_by_its_database() {
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "nat"));
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")), server("nat:5432", facts("id1", "inside", "13.2-1")));
        assertEquals(List.of(), estate.ids());
    }

    @Test
    void metadata_that_names_a_replica_explains_what_that_replica_shows() {
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "w1"));
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")),
                server(
                        "w1:5432",
                        true,
                        new Details(
                                facts("id1", "w1", "13.2-1"), 0, 1, List.of(), List.of(), null, List.of(), List.of())));
        List<Finding> found = estate.findings();
        assertEquals(
                List.of("citus.names_no_leader"),
                found.stream().map(Finding::id).toList());
        assertEquals(List.of("citus.node_is_standby"), effects(found.get(0)));
        assertEquals("citus_update_node", found.get(0).next().orElseThrow().tool());
        assertEquals(true, found.get(0).next().orElseThrow().arguments().get("dry_run"));
        assertEquals(
                "SELECT citus_update_node(2, 'w0', 5432)", found.get(0).byHand().orElseThrow());
    }

    @Test
    void a_coordinator_that_was_not_registered_is_to_be_registered_where_it_is() {
        estate.nodes = List.of(node(2, 1, "w0"));
        for (var groups : List.of(estate.groups, List.<Group>of())) {
            estate.groups = groups;
            Finding found = estate.findings().stream()
                    .filter(one -> one.id().equals("citus.coordinator_unregistered"))
                    .findFirst()
                    .orElseThrow();
            assertEquals(
                    "SELECT citus_set_coordinator_host('c0', 5432)",
                    found.byHand().orElseThrow());
            assertEquals(
                    Map.of("host", "c0", "port", 5432, "dry_run", true),
                    found.next().orElseThrow().arguments());
        }
    }

    @Test
    void a_group_of_which_nobody_answers_is_one_finding() {
        estate.groups = List.of(group("0", "id0", "c0", "c1"));
        estate.servers = List.of(server("c0:5432", facts("id0", "c0", "13.2-1")));
        estate.unavailable =
                List.of(silent("citus", "w0:5432"), silent("patroni", "w0:8008"), silent("patroni", "w1:8008"));
        List<Finding> found = estate.findings();
        assertEquals(
                List.of("citus.group_down"), found.stream().map(Finding::id).toList());
        assertEquals(
                List.of("citus.out_of_reach", "patroni.out_of_reach", "patroni.out_of_reach"), effects(found.get(0)));
    }

    @Test
    void a_full_server_a_wrong_password_and_a_dead_one_are_told_apart() {
        estate.unavailable = List.of(
                new Unread(new Unavailable("citus", "a:1", "a:1 hat keine Verbindung mehr"), Unread.Kind.FULL),
                new Unread(new Unavailable("citus", "b:1", "b:1 verlangt ein Passwort"), Unread.Kind.LOGIN_REFUSED),
                silent("citus", "permission-password-db:401"));
        assertEquals(
                List.of("postgres.connections_exhausted", "citus.login_refused", "citus.out_of_reach"), estate.ids());
    }

    @Test
    void a_question_that_was_refused_is_no_server_that_is_gone() {
        var gap = new Unavailable("citus", "w0:5432", "permission denied for view pg_stat_archiver");
        Details some =
                new Details(facts("id1", "w0", "13.2-1"), 0, 1, List.of(), List.of(), null, List.of(), List.of(gap));
        estate.servers = List.of(server("c0:5432", facts("id0", "c0", "13.2-1")), server("w0:5432", false, some));
        estate.unavailable = List.of(new Unread(gap, Unread.Kind.PARTLY));
        assertEquals(List.of("postgres.partly_read"), estate.ids());
    }

    @Test
    void who_is_missing_is_missed_only_where_somebody_counted() {
        estate.groups = List.of(group("0", "id0", "c0"), group("1", "id1", "w0", "w1"));
        assertEquals(List.of("patroni.members_missing"), estate.ids());
        estate.expected = new Expected(OptionalInt.empty(), OptionalInt.of(3), Optional.empty());
        assertEquals(List.of("citus.workers_missing"), estate.ids());
        estate.expected = Expected.NOTHING;
        assertEquals(List.of(), estate.ids());
    }

    @Test
    void a_stranger_in_haproxy_is_told_and_a_hidden_address_is_no_stranger() {
        estate.proxies = List.of(proxy(haproxy("c0", null, "UP"), haproxy("old", null, "DOWN")));
        assertEquals(List.of("haproxy.member_left_out"), estate.ids());
        estate.proxies = List.of(proxy(
                haproxy("c0", "c0:5432", "UP"), haproxy("c1", "c1:5432", "DOWN"), haproxy("old", "gone:5432", "DOWN")));
        assertEquals(List.of("haproxy.unknown_to_patroni"), estate.ids());
        assertEquals(Severity.WARNING, estate.findings().get(0).severity());
    }

    @Test
    void a_server_is_who_its_address_says_whatever_it_is_called() {
        estate.proxies = List.of(proxy(
                haproxy("c0", "c0:5432", "UP"), haproxy("c1", "w1:5432", "DOWN"), haproxy("x", "c1:5432", "DOWN")));
        assertEquals(List.of("haproxy.other_group"), estate.ids());
        assertEquals(
                List.of("haproxy.member_left_out"), effects(estate.findings().get(0)));
        estate.proxies = List.of(proxy(haproxy("c1", "c0:5432", "UP"), haproxy("c0", "c1:5432", "DOWN")));
        assertEquals(List.of("haproxy.name_differs", "haproxy.name_differs"), estate.ids());
    }

    @Test
    void a_number_and_a_name_may_be_one_place_and_nobody_cries() {
        estate.proxies = List.of(proxy(haproxy("c0", "10.0.0.1:5432", "UP"), haproxy("c1", "10.0.0.2:5432", "DOWN")));
        assertEquals(List.of(), estate.ids());
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "10.0.0.3"));
        estate.servers = List.of(server("c0:5432", facts("id0", "c0", "13.2-1")));
        assertEquals(List.of(), estate.ids());
    }

    @Test
    void a_group_that_no_haproxy_serves_leaves_nobody_out() {
        estate.proxies = List.of(proxy(haproxy("c0", "c0:5432", "UP"), haproxy("c1", "c1:5432", "DOWN")));
        estate.groups =
                List.of(group("0", "id0", "c0", "c1"), Small.withTag(group("1", "id1", "w0", "w1"), "nofailover=true"));
        assertEquals(List.of("patroni.nobody_may_take_over"), estate.ids());
    }

    @Test
    void clocks_are_apart_only_beyond_what_the_round_trips_explain() {
        estate.servers =
                List.of(server("c0:5432", facts("id0", "c0", "13.2-1")), server("w0:5432", false, details(900)));
        assertEquals(List.of(), estate.ids());
        estate.servers =
                List.of(server("c0:5432", facts("id0", "c0", "13.2-1")), server("w0:5432", false, details(-3000)));
        assertEquals(List.of("postgres.clock_differs"), estate.ids());
        assertTrue(estate.findings().get(0).title().contains("3 s behind c0:5432"));
    }

    @Test
    void two_rows_for_one_database_would_count_it_twice() {
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")), server("w0:5432", facts("id0", "c0", "13.2-1")));
        assertEquals(List.of("citus.names_no_leader"), estate.ids());
        assertEquals(
                List.of("citus.two_nodes_one_server"),
                estate.findings().get(0).effects().orElseThrow().stream()
                        .map(Finding.Effect::id)
                        .toList());
        estate.groups = List.of();
        assertEquals(List.of("citus.two_nodes_one_server"), estate.ids());
    }

    @Test
    void patroni_of_another_database_is_noticed() {
        estate.groups = List.of(group("0", "other0", "c0", "c1"), group("1", "id1", "w0", "w1"));
        assertEquals(List.of("patroni.watches_another"), estate.ids());
    }

    @Test
    void the_node_that_was_forgotten_is_named_when_versions_differ() {
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")), server("w0:5432", facts("id1", "w0", "13.1-1")));
        Finding found = estate.findings().get(0);
        assertEquals("citus.extension_differs", found.id());
        assertEquals("w0:5432", found.subject());
    }

    @Test
    void tables_without_a_key_matter_once_shards_should_move() {
        CitusNode third = node(3, 2, "v0");
        estate.groups =
                List.of(group("0", "id0", "c0", "c1"), group("1", "id1", "w0", "w1"), group("2", "id2", "v0", "v1"));
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "w0"), third);
        estate.placed = List.of(new Placed(1, 10), new Placed(2, 9));
        assertEquals(List.of(), estate.ids());
        estate.placed = List.of(new Placed(1, 19));
        List<Finding> found = estate.findings();
        assertEquals(
                List.of("citus.placement_skewed"),
                found.stream().map(Finding::id).toList());
        assertEquals(List.of("citus.cannot_be_moved"), effects(found.get(0)));
    }

    @Test
    void a_job_that_two_looks_find_blocked_is_certainly_stuck() {
        estate.tasks = List.of(new Task(7, "running", 70, "running", 0, null, "4711", 20, false));
        assertEquals(Sure.LIKELY, estate.findings().get(0).sure());
        estate.tasks = List.of(new Task(7, "running", 70, "running", 0, null, "4711", 20, true));
        assertEquals(Sure.CERTAIN, estate.findings().get(0).sure());
        assertEquals("citus.job_blocked", estate.findings().get(0).id());
        assertEquals(
                "citus_rebalance_status",
                estate.findings().get(0).next().orElseThrow().tool());
    }

    @Test
    void what_waits_for_a_prepared_transaction_stands_under_it() {
        List<Finding> found = besideAPreparedTransaction(new PostgresState.Wait(200, 0, 30, null, null, null));
        assertEquals(
                List.of("postgres.prepared_left"),
                found.stream().map(Finding::id).toList());
        assertEquals(List.of("postgres.sessions_blocked"), effects(found.get(0)));
    }

    @Test
    void what_waits_for_a_session_does_not_stand_under_a_prepared_transaction_beside_it() {
        List<Finding> found = besideAPreparedTransaction(new PostgresState.Wait(200, 77, 30, "active", null, null));
        assertEquals(
                List.of("postgres.prepared_left", "postgres.sessions_blocked"),
                found.stream().map(Finding::id).toList());
    }

    private List<Finding> besideAPreparedTransaction(PostgresState.Wait wait) {
        Details left = details(0, new Prepared("app_tx", "app", 60, false));
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")),
                new PostgresState(
                        "w0:5432",
                        false,
                        true,
                        new PostgresState.Connections(5, 100, 3),
                        List.of(),
                        List.of(),
                        List.of(wait),
                        List.of(),
                        left));
        return estate.findings();
    }

    @Test
    void a_transaction_that_citus_itself_will_end_is_given_its_time() {
        estate.servers = List.of(
                server("c0:5432", facts("id0", "c0", "13.2-1")),
                server("w0:5432", false, details(0, new Prepared("citus_0_1", "app", 60, true))));
        assertEquals(List.of(), estate.ids());
    }

    @Test
    void a_certificate_is_told_a_month_ahead_and_urgent_in_its_last_week() {
        for (var one : List.of(40L, 20L, 3L, -1L)) {
            estate.certificates =
                    List.of(new Certificate("patroni", "w0:8008", "CN=w0", NOW.plus(Duration.ofDays(one))));
            List<String> severities = estate.findings().stream()
                    .map(finding -> finding.severity().name())
                    .toList();
            assertEquals(one > 30 ? List.of() : List.of(one > 7 ? "WARNING" : "CRITICAL"), severities);
        }
        assertTrue(estate.findings().get(0).title().endsWith("has ended"));
    }

    @Test
    void a_slot_that_grows_is_told_apart_from_one_that_only_stays() {
        var idle = new PostgresState.Slot("mine", "physical", false, "reserved", 1000L, 1000L);
        estate.servers = List.of(withSlot(idle));
        assertEquals(List.of("postgres.slot_without_reader"), estate.ids());
        var grows = new PostgresState.Slot("mine", "physical", false, "reserved", 1000L, 2000L);
        estate.servers = List.of(withSlot(grows));
        assertEquals(List.of("postgres.slot_grows"), estate.ids());
        var patronis = new PostgresState.Slot("c1", "physical", false, "reserved", 1000L, 2000L);
        estate.servers = List.of(withSlot(patronis));
        assertEquals(List.of(), estate.ids());
    }

    private static PostgresState withSlot(PostgresState.Slot slot) {
        return new PostgresState(
                "c0:5432",
                false,
                true,
                new PostgresState.Connections(5, 100, 3),
                List.of(),
                List.of(),
                List.of(),
                List.of(slot),
                new Details(facts("id0", "c0", "13.2-1"), 0, 1, List.of(), List.of(), null, List.of(), List.of()));
    }

    @Test
    void a_finding_leads_to_no_tool_that_is_switched_off() {
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "w1"));
        Finding found = estate.findings().get(0);
        assertEquals(
                Optional.empty(), found.without(Set.of("citus_update_node")).next());
        assertTrue(found.byHand().isPresent());
        assertEquals(found, found.without(Set.of("execute_change")));
        estate.nodes = List.of(node(1, 0, "c0"), node(2, 1, "w0"));
        estate.groups = List.of(group("0", "id0", "c0"), group("1", "id1", "w0", "w1"));
        Finding missing = estate.findings().get(0);
        assertEquals(
                "cluster_topology",
                missing.without(Set.of("patroni_member_list"))
                        .next()
                        .orElseThrow()
                        .tool());
    }

    @Test
    void an_address_that_leads_elsewhere_is_a_door() {
        estate.servers = List.of(
                server("proxy:5000", facts("id0", "c0", "13.2-1")), server("w0:5432", facts("id1", "w0", "13.2-1")));
        Topology topology = Topology.of(estate.snapshot());
        assertEquals(4, topology.servers().size());
        assertEquals(
                "proxy:5000 [leads now at c0:5432]",
                topology.doors().get(0).where() + " " + topology.doors().get(0).leadsTo());
    }

    @Test
    void one_look_at_an_estate_joins_what_every_component_says_of_a_server() {
        estate.proxies = List.of(proxy(haproxy("c0", "c0:5432", "UP"), haproxy("c1", null, "DOWN")));
        Topology topology = Topology.of(estate.snapshot());
        assertEquals(List.of(), topology.contradictions());
        assertEquals(4, topology.servers().size());
        var coordinator = topology.servers().get(0);
        assertEquals(
                "c0:5432 0 c0 leader coordinator [write/c0 UP] id0",
                coordinator.address() + " " + coordinator.group()
                        + " " + coordinator.member() + " " + coordinator.role() + " " + coordinator.citus() + " "
                        + coordinator.haproxy() + " " + coordinator.systemIdentifier());
        assertEquals(
                List.of("write/c0 UP at c0:5432", "write/c1 DOWN at c1:5432"),
                topology.doors().get(0).leadsTo());
        String picture = TopologyPicture.of(topology);
        assertTrue(picture.startsWith("flowchart LR\n"), picture);
        assertTrue(picture.contains("-->|\"write/c0 UP\"|"), picture);
        assertTrue(picture.contains("-.->|\"write/c1 DOWN\"|"), picture);
        assertTrue(picture.contains("-->|\"node 2\"|"), picture);
    }
}
