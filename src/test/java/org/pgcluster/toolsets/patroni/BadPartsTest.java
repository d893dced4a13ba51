package org.pgcluster.toolsets.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.FaultyServer;
import org.pgcluster.testing.Lab;

/** One part of an estate is bad in every way that one can be: it is told as what it is, and the good part stays whole. */
class BadPartsTest {
    private static final String TABLE =
            "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,"
                    + "wretr,wredis,status,weight,type,check_status,check_code,last_chk,\n"
                    + "app,s1,0,0,3,5,100,9,0,0,,0,,0,0,0,0,UP,1,2,L7OK,200,,\n";

    private static final String READY = said('Z', "I");
    private static final String IN = said('R', "\0\0\0\0") + READY;

    @TempDir
    Path folder;

    /** A message of PostgreSQL's protocol. */
    private static String said(char type, String body) {
        int length = body.length() + 4;
        return type + "\0\0" + (char) (length >> 8) + (char) (length & 0xff) + body;
    }

    private static FaultyServer bad(String how) {
        return switch (how) {
            case "silent" -> FaultyServer.silent();
            case "dripping" ->
                FaultyServer.dripping("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + "x".repeat(900), 20);
            case "closing" -> FaultyServer.answering("");
            case "half" -> FaultyServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
            case "a table without its end" -> FaultyServer.answering(TABLE);
            case "half a table" -> FaultyServer.http(200, "text/plain", TABLE + "app,s2,0,0");
            case "an empty table" -> FaultyServer.http(200, "text/plain", "");
            case "another protocol" -> FaultyServer.answering("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n");
            case "half a session" -> FaultyServer.answering(IN + said('T', "\0\1stats\0" + "\0".repeat(18)));
            case "a broken row" -> FaultyServer.answering(IN + said('D', "\0\1\77\0\0\0a") + READY);
            case "an endless row" -> FaultyServer.answering(IN + "D\u00ff\u00ff\u00ff\u00ff");
            case "no proof" -> FaultyServer.answering(said('R', "\0\0\0\12SCRAM-SHA-256\0\0") + IN);
            case "PostgreSQL" ->
                FaultyServer.answering(said('E', "SFATAL\0C3D000\0Mdatabase \"pgbouncer\" does not exist\0\0"));
            case "a page" -> FaultyServer.http(200, "text/html", "<html><body>It works!</body></html>");
            case "another service" -> FaultyServer.http(200, "application/json", "{\"version\": \"8.1\"}");
            default -> FaultyServer.http(Integer.parseInt(how), "text/plain", "no such luck");
        };
    }

    private Answer asked(String tool, Map<String, String> keys) {
        Map<String, String> all = new HashMap<>(keys);
        all.put("http_timeout_ms", "600");
        try (Lab lab = Lab.with(folder, all)) {
            return lab.call(tool);
        }
    }

    private static String why(Answer answer) {
        return Lab.rows(answer, "unavailable").toString();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "silent|did not answer within 0.6 s",
                "dripping|did not answer within 0.6 s",
                "closing|closed the connection before its answer ended",
                "half|closed the connection before its answer ended",
                "another protocol|does not speak HTTP",
                "a page|yet not as Patroni does",
                "another service|yet not as Patroni does",
                "401|asks for a user and a password",
                "403|does not admit this client",
                "404|has nothing at /patroni",
                "500|answered 500: no such luck",
                "503|answered 503: no such luck"
            })
    void a_bad_patroni_leaves_the_other_group_whole(String how, String told) {
        List<FakePatroni> group = FakePatroni.group("a", "b");
        try (var server = bad(how)) {
            String urls = server.url() + "," + group.get(0).url();
            Answer answer = asked("patroni_cluster_status", Map.of("patroni_urls", urls));
            assertTrue(why(answer).contains(told), answer.text());
            assertEquals(2, Lab.rows(answer, "members").size(), answer.text());
            assertEquals(true, Lab.rows(answer, "groups").get(0).get("confirmed"), answer.text());
        } finally {
            group.forEach(FakePatroni::close);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "silent|did not answer within 0.6 s",
                "dripping|did not answer within 0.6 s",
                "closing|closed the connection before its answer ended",
                "half|closed the connection before its answer ended",
                "half a table|answered half a table",
                "an empty table|answered nothing",
                "another protocol|does not speak HTTP",
                "a page|an HTML page",
                "another service|yet not as HAProxy's statistics do",
                "401|asks for a user and a password",
                "404|has nothing at /stats",
                "503|answered 503: no such luck"
            })
    void a_bad_statistics_page_leaves_the_other_whole(String how, String told) {
        try (var server = bad(how);
                var good = FaultyServer.http(200, "text/plain", TABLE)) {
            String urls = server.url() + "/stats," + good.url() + "/stats";
            Answer answer = asked("haproxy_backend_health", Map.of("haproxy_urls", urls));
            assertTrue(why(answer).contains(told), answer.text());
            assertEquals(1, Lab.rows(answer, "servers").size(), answer.text());
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "silent|did not answer within 0.6 s",
                "dripping|did not answer within",
                "closing|answered nothing",
                "a table without its end|answered half a table",
                "another protocol|yet not as HAProxy's statistics do",
                "a page|yet not as HAProxy's statistics do"
            })
    void a_bad_runtime_socket_leaves_the_page_whole(String how, String told) {
        try (var server = bad(how);
                var good = FaultyServer.http(200, "text/plain", TABLE)) {
            String urls = "tcp:127.0.0.1:" + server.port() + "," + good.url() + "/stats";
            Answer answer = asked("haproxy_backend_health", Map.of("haproxy_urls", urls));
            assertTrue(why(answer).contains(told), answer.text());
            assertEquals(1, Lab.rows(answer, "servers").size(), answer.text());
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "silent|did not answer within",
                "closing|before its answer ended",
                "half a session|before its answer ended",
                "a broken row|yet not as PgBouncer does",
                "an endless row|yet not as PgBouncer does",
                "no proof|could not prove that it knows the password",
                "PostgreSQL|does not let boss in: database \"pgbouncer\" does not exist",
                "another protocol|yet not as PgBouncer does",
                "a page|yet not as PgBouncer does"
            })
    void a_bad_console_is_told_as_what_it_is(String how, String told) {
        try (var server = bad(how)) {
            String dsn = "postgres://boss:geheim@127.0.0.1:" + server.port() + "/pgbouncer?sslmode=disable";
            String why = why(asked("pgbouncer_status", Map.of("pgbouncer_dsns", dsn)));
            assertTrue(why.contains(told), why);
        }
    }

    @Test
    void a_member_of_a_host_that_is_not_ours_is_told_nothing_and_given_no_password() {
        List<FakePatroni> group = FakePatroni.group("a", "b");
        String rows = FakePatroni.row("a", "leader", group.get(0).url()) + ","
                + FakePatroni.row("b", "replica", "http://patroni.example.org:8008");
        group.get(0).answers("GET /cluster", 200, "{\"members\": [" + rows + "]}");
        Map<String, String> keys = Map.of(
                "patroni_urls", group.get(0).url(),
                "patroni_user", "p",
                "patroni_password", "hunter22",
                "admin_dsn", "postgres://nobody@127.0.0.1:1/none",
                "mode", "admin",
                "allow_execute", "true",
                "approval", "self");
        try (Lab lab = Lab.with(folder, keys)) {
            Answer answer = lab.call("patroni_restart", "member", "b", "dry_run", true);
            assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
            assertTrue(answer.text().contains("add it to discovery_hosts"), answer.text());
            assertFalse(answer.text().contains("hunter22"));
        } finally {
            group.forEach(FakePatroni::close);
        }
    }

    @Test
    void a_read_that_is_answered_with_401_is_asked_again_with_the_password_and_no_other_is() {
        try (var server = FaultyServer.http(401, "text/plain", "who are you")) {
            Answer answer = asked(
                    "patroni_cluster_status",
                    Map.of("patroni_urls", server.url(), "patroni_user", "p", "patroni_password", "hunter22"));
            assertTrue(why(answer).contains("does not take user and password"), answer.text());
            long with = server.asked().stream()
                    .filter(one -> one.contains("Authorization: Basic"))
                    .count();
            assertEquals(server.asked().size(), 2 * with, "each once without and once with: " + server.asked());
        }
    }
}
