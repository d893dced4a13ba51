package org.pgcluster.checks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgcluster.checks.Routing.Fault;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;

class RoutingTest {
    private static final Group A_LEADS = group("a", "b");

    private static Group group(String leader, String replica) {
        return new Group(
                "0",
                "scope",
                List.of(member(leader, "leader", "primary"), member(replica, "replica", "replica")),
                Optional.empty(),
                List.of(),
                null);
    }

    private static Member member(String name, String role, String ownRole) {
        var row = new DcsView.Row(
                name,
                role,
                "running",
                name,
                5432,
                "http://" + name + ":8008",
                1,
                0L,
                null,
                List.of(),
                false,
                List.of(),
                null);
        var own = new OwnView(
                "running", ownRole, 1, null, null, null, null, null, null, false, List.of(), false, false, false, false,
                0L, null, null, null, name);
        return new Member(name, "http://" + name + ":8008", Optional.of(row), Optional.of(own), Optional.empty(), null);
    }

    private static Server server(String name, String status, String check) {
        return new Server(
                "write", name, null, 8008, status, false, "", check, null, 1L, false, 0L, 0L, null, 0L, 0L, 0L, 0L, 0L, 0L, 0L,
                60L, 0L);
    }

    private static Proxy proxy(String where, Server... servers) {
        var back = new Proxy.Back("write", "UP", 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 60L);
        return new Proxy(where, List.of(), List.of(back), List.of(servers), null, true);
    }

    private static List<Fault> faults(Server... servers) {
        return Routing.wrongs(proxy("one", servers), List.of(A_LEADS)).stream()
                .map(Routing.Wrong::fault)
                .toList();
    }

    @Test
    void the_leader_alone_gets_the_writes() {
        assertEquals(List.of(), faults(server("a", "UP", "L7OK"), server("b", "DOWN", "L7STS")));
    }

    @Test
    void two_that_get_writes_are_one_too_many() {
        assertEquals(List.of(Fault.SEVERAL_WRITERS), faults(server("a", "UP", "L7OK"), server("b", "UP", "L7OK")));
    }

    @Test
    void a_replica_that_gets_the_writes_is_the_wrong_one() {
        assertEquals(List.of(Fault.WRONG_WRITER), faults(server("a", "DOWN", "L7STS"), server("b", "UP", "L7OK")));
    }

    @Test
    void a_check_that_is_refused_while_the_member_answers_goes_to_the_wrong_port() {
        assertEquals(
                List.of(Fault.NO_SERVER, Fault.CHECK_PORT),
                faults(server("a", "DOWN", "L4CON"), server("b", "DOWN", "L7STS")));
    }

    @Test
    void a_drained_leader_was_taken_out_by_somebody() {
        assertEquals(
                List.of(Fault.NO_SERVER, Fault.LEADER_TAKEN_OUT),
                faults(server("a", "DRAIN", "L7OK"), server("b", "DOWN", "L7STS")));
    }

    @Test
    void instances_that_judge_a_server_differently_are_named() {
        List<Routing.Wrong> wrongs = Routing.differences(
                List.of(proxy("one", server("a", "UP", "L7OK")), proxy("two", server("a", "DOWN", "L4TOUT"))));
        assertEquals(
                List.of(Fault.CHECKS_DIFFER),
                wrongs.stream().map(Routing.Wrong::fault).toList());
    }
}
