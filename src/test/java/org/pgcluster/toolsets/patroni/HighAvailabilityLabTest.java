package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;

/** What is said of a healthy estate; nothing here changes it. */
@Tag("lab")
class HighAvailabilityLabTest {
    @TempDir
    Path folder;

    private static int addresses(String variable) {
        return Lab.variable(variable).split(",", -1).length;
    }

    @Test
    void every_group_has_a_leader_that_says_so_itself() {
        try (Lab lab = Lab.connected(folder)) {
            Answer answer = lab.call("patroni_cluster_status");
            int groups = addresses("LAB_PATRONI");
            assertEquals(groups, Lab.rows(answer, "groups").size());
            assertTrue(
                    Lab.rows(answer, "groups").stream().allMatch(group -> Boolean.TRUE.equals(group.get("confirmed"))));
            assertEquals(
                    addresses("LAB_PATRONI_ALL"), Lab.rows(answer, "members").size());
            assertEquals(List.of(), answer.structured().get("unavailable"));
        }
    }

    @Test
    void a_group_that_nobody_can_be_asked_about_is_said_to_be_unobserved() {
        String one = Lab.variable("LAB_PATRONI").replaceAll(",.*", "");
        try (Lab lab = Lab.connected(folder, "patroni_urls", one)) {
            Answer answer = lab.call("patroni_cluster_status");
            assertEquals(1, Lab.rows(answer, "groups").size());
            int others = addresses("LAB_PATRONI") - 1;
            assertEquals(
                    others,
                    ((List<?>) Objects.requireNonNull(answer.structured().get("unobserved"))).size());
        }
    }

    @Test
    void lag_is_told_by_three_witnesses() {
        try (Lab lab = Lab.connected(folder)) {
            for (Map<?, ?> replica : Lab.rows(lab.call("patroni_replication_lag"), "replicas")) {
                assertTrue(replica.get("rest_bytes") instanceof Number, replica.toString());
                assertTrue(replica.get("dcs_bytes") instanceof Number, replica.toString());
                assertTrue(replica.get("sql_bytes") instanceof Number, replica.toString());
                assertEquals("streaming", replica.get("streaming"));
            }
        }
    }

    @Test
    void the_configuration_is_read_back_from_the_leaders() {
        try (Lab lab = Lab.connected(folder)) {
            Answer answer = lab.call("patroni_config");
            assertTrue(Lab.rows(answer, "settings").stream()
                    .anyMatch(row -> "ttl".equals(row.get("name")) && "all".equals(row.get("group"))));
            assertTrue(
                    Lab.rows(answer, "parameters").stream().anyMatch(row -> "max_connections".equals(row.get("name"))));
            assertEquals(List.of(), answer.structured().get("not_in_force"));
        }
    }

    @Test
    void page_and_socket_say_the_same_and_the_leader_gets_the_writes() {
        try (Lab lab = Lab.connected(folder)) {
            Answer answer = lab.call("haproxy_backend_health", "backend", "coordinator_primary");
            Set<?> serving = Lab.rows(answer, "servers").stream()
                    .filter(row -> Boolean.TRUE.equals(row.get("serves")))
                    .map(row -> row.get("patroni_role"))
                    .collect(Collectors.toSet());
            assertEquals(Set.of("leader"), serving);
            assertEquals(List.of(), answer.structured().get("wrong"));
        }
    }

    @Test
    void a_wrong_password_costs_one_instance_and_not_the_other() {
        try (Lab lab = Lab.connected(folder, "haproxy_password", "wrong-one")) {
            Answer answer = lab.call("haproxy_connection_stats");
            assertEquals(1, Lab.rows(answer, "processes").size());
            assertTrue(answer.text().contains("does not take user and password"), answer.text());
        }
    }

    @Test
    void the_pools_of_pgbouncer_lead_to_haproxy() {
        try (Lab lab = Lab.connected(folder)) {
            Answer answer = lab.call("pgbouncer_status");
            String proxy = Lab.variable("LAB_DSN").replaceAll(".*@([^/]+)/.*", "$1");
            assertTrue(Lab.rows(answer, "databases").stream()
                    .anyMatch(row -> (proxy + "/app").equals(row.get("leads_to"))));
            assertEquals(true, Lab.rows(answer, "instances").get(0).get("may_control"));
        }
    }

    @Test
    void ping_and_server_info_reach_every_component() {
        try (Lab lab = Lab.connected(folder)) {
            Set<?> reached = Lab.rows(lab.call("ping"), "round_trips").stream()
                    .map(row -> row.get("component"))
                    .collect(Collectors.toSet());
            assertTrue(reached.containsAll(Set.of("postgres", "patroni", "haproxy", "pgbouncer")), reached.toString());
            Set<?> versions = Lab.rows(lab.call("server_info"), "components").stream()
                    .map(row -> row.get("component"))
                    .collect(Collectors.toSet());
            assertEquals(Set.of("patroni", "haproxy", "pgbouncer"), versions);
        }
    }

    @Test
    void nothing_is_found_wrong_around_a_healthy_estate() {
        try (Lab lab = Lab.connected(folder)) {
            Answer answer = lab.call("cluster_health", "components", List.of("patroni", "haproxy", "pgbouncer"));
            List<Map<?, ?>> wrong = Lab.rows(answer, "findings").stream()
                    .filter(finding -> !isDefaultOfPgBouncer(finding))
                    .toList();
            assertEquals(List.of(), wrong, answer.text());
        }
    }

    /** PgBouncer 1.21 to 1.23 have this setting off unless told otherwise; older ones lack it, newer ones have it on. */
    private static boolean isDefaultOfPgBouncer(Map<?, ?> finding) {
        return String.valueOf(finding.get("title")).startsWith("max_prepared_statements = 0");
    }

    @Test
    void each_replica_has_its_slot_and_its_receiver() {
        try (Lab lab = Lab.connected(folder)) {
            Answer answer = lab.call("patroni_replication_lag");
            for (Map<?, ?> replica : Lab.rows(answer, "replicas")) {
                assertEquals("streaming", replica.get("receiver"), replica.toString());
                assertTrue(
                        Lab.rows(answer, "slots").stream()
                                .anyMatch(slot -> Objects.equals(slot.get("member"), replica.get("member"))
                                        && Boolean.TRUE.equals(slot.get("active"))),
                        answer.text());
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"citus_update_node", "citus_disable_node", "citus_remove_node", "citus_add_node"})
    void an_act_on_a_node_that_patroni_looks_after_says_so(String act) {
        Assumptions.assumeTrue("1".equals(Lab.variable("LAB_CITUS")), "the lab has no Citus here");
        try (Lab lab = planning()) {
            List<Map<?, ?>> members = Lab.rows(lab.call("patroni_member_list", "group", "1"), "members");
            String leads = where(members, true);
            String follows = where(members, false);
            String host = follows.substring(0, follows.lastIndexOf(':'));
            int port = Integer.parseInt(follows.substring(follows.lastIndexOf(':') + 1));
            Answer answer = switch (act) {
                case "citus_update_node" -> lab.call(act, "node", leads, "host", host, "port", port, "dry_run", true);
                case "citus_add_node" -> lab.call(act, "host", host, "port", port, "dry_run", true);
                default -> lab.call(act, "node", leads, "dry_run", true);
            };
            String plan = answer.structured().toString();
            for (Map<?, ?> member : members) {
                boolean concerned = act.equals("citus_update_node")
                        || act.equals("citus_add_node") == "replica".equals(member.get("own_role"));
                String named = "it is " + member.get("member") + " of Patroni's group 1";
                assertEquals(concerned, plan.contains(named), named + " in " + plan);
            }
        }
    }

    @Test
    void a_node_that_is_pointed_at_the_leader_of_its_group_is_what_patroni_would_write() {
        Assumptions.assumeTrue("1".equals(Lab.variable("LAB_CITUS")), "the lab has no Citus here");
        try (Lab lab = planning()) {
            String leads = where(Lab.rows(lab.call("patroni_member_list", "group", "1"), "members"), true);
            String other = where(Lab.rows(lab.call("patroni_member_list", "group", "0"), "members"), true);
            assertTrue(pointed(lab, leads, leads).contains("it is what Patroni would write: holds"));
            String stranger = pointed(lab, leads, other);
            assertFalse(stranger.contains("it is what Patroni would write"), stranger);
            assertTrue(stranger.contains("of Patroni's group 0: Patroni writes its leader"), stranger);
        }
    }

    private static String pointed(Lab lab, String node, String where) {
        String host = where.substring(0, where.lastIndexOf(':'));
        int port = Integer.parseInt(where.substring(where.lastIndexOf(':') + 1));
        Answer answer = lab.call("citus_update_node", "node", node, "host", host, "port", port, "dry_run", true);
        return answer.text() + answer.structured();
    }

    private Lab planning() {
        return Lab.acting(System.getenv(), folder);
    }

    private static String where(List<Map<?, ?>> members, boolean leader) {
        return members.stream()
                .filter(row -> leader != "replica".equals(row.get("own_role")))
                .map(row -> String.valueOf(row.get("address")))
                .findFirst()
                .orElseThrow();
    }
}
