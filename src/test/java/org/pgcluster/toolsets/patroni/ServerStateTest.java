package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Eventually;
import org.pgcluster.testing.HaProxyProcess;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.Load;
import org.pgcluster.testing.NamingServer;

/** Servers of a real HAProxy taken out and put back while clients are at work. */
@Tag("postgres")
class ServerStateTest {
    private static final String ACT = "haproxy_set_server_state";

    @TempDir
    Path folder;

    private List<NamingServer> servers = List.of();

    @BeforeEach
    void two_servers() {
        servers = List.of(NamingServer.called("one"), NamingServer.called("two"));
    }

    @AfterEach
    void end() {
        servers.forEach(NamingServer::close);
    }

    private Lab acting(String urls) {
        return Lab.with(
                folder,
                Map.of(
                        "haproxy_urls", urls,
                        "admin_dsn", "postgres://nobody@127.0.0.1:1/none",
                        "mode", "admin",
                        "allow_execute", "true",
                        "approval", "self"));
    }

    private static Answer state(Lab lab, String server, String state) {
        return Acting.done(lab, ACT, "backend", "app", "server", server, "state", state);
    }

    private static String way(String name, HaProxyProcess proxy) {
        return switch (name) {
            case "socket" -> proxy.socketUrl();
            case "socket over TCP" -> proxy.socketByTcp();
            default -> proxy.pageUrl();
        };
    }

    private static void moreOf(Load load, String server) {
        long before = load.fresh(server);
        Eventually.see(
                "new clients on " + server, () -> load.fresh(server) > before + 20 ? "" : "" + load.fresh(server));
    }

    @ParameterizedTest(name = "by its {0}")
    @CsvSource({"socket", "socket over TCP", "page"})
    void a_server_is_drained_and_put_back_under_load_and_no_client_notices(String way) throws IOException {
        try (var proxy = HaProxyProcess.before(folder, servers, "admin", "stats admin if TRUE");
                Lab lab = acting(way(way, proxy));
                Load load = Load.on(proxy.front(), 4, 4)) {
            moreOf(load, "one");
            moreOf(load, "two");
            Answer drained = state(lab, "one", "drain");
            assertFalse(drained.isError(), drained.text());
            assertTrue(drained.text().contains("The server's state is now drain."), drained.text());
            long fresh = load.fresh("one");
            long kept = load.kept("one");
            moreOf(load, "two");
            // Clients that were let in before the drain may still have been at their first line.
            assertTrue(load.fresh("one") - fresh <= 4, fresh + " and then " + load.fresh("one"));
            Eventually.see("sessions that go on", () -> load.kept("one") > kept + 20 ? "" : "" + load.kept("one"));

            Answer last = lab.call(ACT, "backend", "app", "server", "two", "state", "maint", "dry_run", true);
            assertTrue(last.text().contains("two is the last of app"), last.text());

            Answer back = state(lab, "one", "ready");
            assertFalse(back.isError(), back.text());
            moreOf(load, "one");
            assertEquals(List.of(), load.errors());
        }
    }

    @Test
    void a_server_that_is_drained_while_it_is_down_is_told_as_both() throws IOException {
        try (var proxy = HaProxyProcess.before(folder, servers, "admin");
                Lab lab = acting(proxy.socketUrl())) {
            servers.get(0).close();
            Eventually.see("its check to find it down", () -> {
                Answer health = lab.call("haproxy_backend_health");
                return health.text().contains("|down|") ? "" : health.text();
            });
            Answer drained = state(lab, "one", "drain");
            assertTrue(drained.text().contains("The server's state is now down, drained."), drained.text());
            Answer back = state(lab, "one", "ready");
            assertTrue(back.text().contains("The server's state is now down."), back.text());
        }
    }

    @Test
    void a_page_that_only_reads_is_refused_with_what_to_configure() throws IOException {
        try (var proxy = HaProxyProcess.before(folder, servers, "admin");
                Lab lab = acting(proxy.pageUrl())) {
            Answer answer = lab.call(ACT, "backend", "app", "server", "one", "state", "drain", "dry_run", true);
            assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
            assertTrue(answer.text().contains("stats admin to the statistics page"), answer.text());
        }
    }

    @Test
    void a_page_beside_a_socket_is_told_only_where_it_is_named() throws IOException {
        try (var proxy = HaProxyProcess.before(folder, servers, "admin", "stats admin if TRUE");
                Lab lab = acting(proxy.pageUrl() + "," + proxy.socketUrl())) {
            Answer both = lab.call(ACT, "backend", "app", "server", "one", "state", "drain", "dry_run", true);
            assertTrue(both.text().contains("1. to HAProxy unix:"), both.text());
            assertFalse(both.text().contains("2. to"), both.text());
            String page = proxy.pageUrl().replaceAll("http://|/stats", "");
            Answer named = lab.call(
                    ACT, "backend", "app", "server", "one", "state", "drain", "instance", page, "dry_run", true);
            assertTrue(named.text().contains("1. to HAProxy " + page + ": POST the form"), named.text());
        }
    }

    @Test
    void a_socket_that_only_reads_says_so() throws IOException {
        try (var proxy = HaProxyProcess.before(folder, servers, "operator");
                Lab lab = acting(proxy.socketUrl())) {
            Answer answer = state(lab, "one", "drain");
            assertEquals("PERMISSION_DENIED", answer.structured().get("code"), answer.text());
            assertTrue(answer.text().contains("level admin"), answer.text());
        }
    }
}
