package org.pgcluster.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.ComponentAccess;
import org.pgcluster.config.Secret;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.http.Http.Question;
import org.pgcluster.testing.FaultyServer;

class HttpTest {
    private static final Duration SOON = Duration.ofMillis(400);
    private static final Duration LONG = Duration.ofSeconds(20);

    private static Http http() {
        return new Http(
                "patroni",
                new ComponentAccess(
                        Optional.of("someone"),
                        Optional.of(new Secret("hunter22")),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()));
    }

    private static ToolException failing(FaultyServer server, Duration limit) {
        return assertThrows(
                ToolException.class,
                () -> http().expect(Question.get(server.url() + "/x"), limit, Call.within(Duration.ofSeconds(30))));
    }

    @Test
    void a_server_that_never_answers_costs_its_deadline_and_no_more() {
        try (var server = FaultyServer.silent()) {
            ToolException e = failing(server, SOON);
            assertEquals(ErrorCode.TIMEOUT, e.code());
            assertTrue(e.text().contains("127.0.0.1:" + server.port()), e.text());
        }
    }

    @Test
    void a_server_that_answers_a_byte_at_a_time_is_late_too() {
        String long_body = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + "x".repeat(1000);
        try (var server = FaultyServer.dripping(long_body, 20)) {
            assertEquals(ErrorCode.TIMEOUT, failing(server, SOON).code());
        }
    }

    @Test
    void half_an_answer_is_no_answer() {
        try (var server = FaultyServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")) {
            ToolException e = failing(server, LONG);
            assertEquals(ErrorCode.CONNECTION_FAILED, e.code());
            assertTrue(e.text().contains("before its answer ended"), e.text());
        }
    }

    @Test
    void another_protocol_is_named_as_such() {
        try (var server = FaultyServer.answering("SSH-2.0-OpenSSH_9.2\r\nhello\r\n\r\n")) {
            ToolException e = failing(server, LONG);
            assertEquals(ErrorCode.UPSTREAM_ERROR, e.code());
            assertTrue(e.text().contains("does not speak HTTP"), e.text());
        }
    }

    @Test
    void an_answer_without_end_is_refused_before_it_fills_the_memory() {
        String head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        try (var server = FaultyServer.answering(head + "x".repeat(Http.MOST_BYTES + 100_000))) {
            ToolException e = failing(server, LONG);
            assertTrue(e.text().contains("more than 8 MiB"), e.text());
        }
    }

    @Test
    void nobody_listening_is_told_as_such() {
        int port;
        try (var server = FaultyServer.silent()) {
            port = server.port();
        }
        ToolException e = assertThrows(
                ToolException.class,
                () -> http().ask(Question.get("http://127.0.0.1:" + port + "/"), LONG, Call.within(LONG)));
        assertEquals(ErrorCode.CONNECTION_FAILED, e.code());
        assertTrue(e.text().contains("refused the connection"), e.text());
    }

    @Test
    void a_plain_server_asked_by_tls_is_told_as_such() {
        try (var server = FaultyServer.http(200, "text/plain", "hello")) {
            String url = "https://127.0.0.1:" + server.port() + "/";
            ToolException e =
                    assertThrows(ToolException.class, () -> http().ask(Question.get(url), LONG, Call.within(LONG)));
            assertEquals(ErrorCode.CONNECTION_FAILED, e.code());
            assertTrue(e.text().contains("does not speak TLS"), e.text());
        }
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "401, PERMISSION_DENIED",
        "403, PERMISSION_DENIED",
        "404, NOT_FOUND",
        "302, UPSTREAM_ERROR",
        "500, UPSTREAM_ERROR",
        "502, UPSTREAM_ERROR",
        "503, UPSTREAM_ERROR"
    })
    void a_status_has_one_meaning(int status, ErrorCode code) {
        try (var server = FaultyServer.http(status, "text/plain", "no")) {
            assertEquals(code, failing(server, LONG).code());
        }
    }

    @Test
    void a_redirect_to_elsewhere_is_told_and_not_followed() {
        try (var elsewhere = FaultyServer.http(200, "text/plain", "secret");
                var server = FaultyServer.answering("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url()
                        + "/stolen\r\nContent-Length: 0\r\n\r\n")) {
            ToolException e = failing(server, LONG);
            assertTrue(e.text().contains(elsewhere.url() + "/stolen"), e.text());
            assertTrue(elsewhere.asked().isEmpty());
        }
    }

    @Test
    void the_password_goes_only_where_the_question_says_so() {
        try (var server = FaultyServer.http(200, "text/plain", "fine")) {
            http().ask(Question.get(server.url() + "/"), LONG, Call.within(LONG));
            http().ask(new Question("GET", server.url() + "/", null, true), LONG, Call.within(LONG));
            assertFalse(
                    server.asked().get(0).contains("Authorization"),
                    server.asked().get(0));
            assertTrue(server.asked().get(1).contains("Authorization: Basic c29tZW9uZTpodW50ZXIyMg=="));
        }
    }

    @Test
    void a_cancelled_call_stops_asking() {
        try (var server = FaultyServer.silent()) {
            Call call = Call.within(LONG);
            Thread canceller = new Thread(() -> {
                while (server.asked().isEmpty()) {
                    Thread.onSpinWait();
                }
                call.cancel();
            });
            canceller.start();
            ToolException e =
                    assertThrows(ToolException.class, () -> http().ask(Question.get(server.url() + "/"), LONG, call));
            assertEquals(ErrorCode.CANCELLED, e.code());
        }
    }

    @Test
    void a_host_with_an_underscore_is_told_what_to_do() {
        ToolException e = assertThrows(
                ToolException.class,
                () -> http().ask(Question.get("http://coordinator_1:8008/cluster"), LONG, Call.within(LONG)));
        assertEquals(ErrorCode.NOT_CONFIGURED, e.code());
        assertTrue(String.valueOf(e.hint()).contains("underscore"), e.hint());
    }
}
