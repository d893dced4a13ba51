package org.pgcluster.pgbouncer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.testing.FaultyServer;
import org.pgcluster.testing.PgBouncerProcess;

/** Logging in to a real PgBouncer in every way that it knows. */
@Tag("postgres")
class ConsoleTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private Optional<PgBouncerProcess> running = Optional.empty();

    @BeforeEach
    void needs_pgbouncer() {
        PgBouncerProcess.assumeInstalled();
    }

    @AfterEach
    void end() {
        running.ifPresent(PgBouncerProcess::close);
    }

    private int start(String authentication, String... more) throws IOException {
        var process = PgBouncerProcess.start(folder, authentication, more);
        running = Optional.of(process);
        return process.port();
    }

    private static String version(String dsn) {
        try (Console console = Console.open(Dsn.parse(dsn), false, LIMIT, Call.within(LIMIT))) {
            return console.ask("SHOW VERSION").row(0).text("version", "");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"trust", "plain", "md5", "scram-sha-256"})
    void it_logs_in_by(String authentication) throws IOException {
        int port = start(authentication);
        assertTrue(version("postgres://boss:geheim@127.0.0.1:" + port + "/pgbouncer")
                .startsWith("PgBouncer "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "md5", "scram-sha-256"})
    void a_wrong_password_is_told_as_such(String authentication) throws IOException {
        int port = start(authentication);
        ToolException e = assertThrows(
                ToolException.class, () -> version("postgres://boss:falsch@127.0.0.1:" + port + "/pgbouncer"));
        assertEquals(ErrorCode.PERMISSION_DENIED, e.code(), e.text());
        assertTrue(e.text().contains("boss"), e.text());
    }

    @Test
    void a_missing_password_is_told_as_such() throws IOException {
        int port = start("scram-sha-256");
        ToolException e =
                assertThrows(ToolException.class, () -> version("postgres://boss@127.0.0.1:" + port + "/pgbouncer"));
        assertTrue(e.text().contains("none is configured"), e.text());
    }

    @Test
    void it_speaks_tls_and_checks_the_name() throws IOException {
        Map<String, Path> files = PgBouncerProcess.certificate(folder, "localhost");
        int port = start(
                "scram-sha-256",
                "client_tls_sslmode = require",
                "client_tls_key_file = " + files.get("key"),
                "client_tls_cert_file = " + files.get("certificate"));
        String query = "?sslmode=verify-full&sslrootcert=" + files.get("certificate");
        assertTrue(version("postgres://boss:geheim@localhost:" + port + "/pgbouncer" + query)
                .startsWith("PgBouncer "));
        assertTrue(version("postgres://boss:geheim@127.0.0.1:" + port + "/pgbouncer?sslmode=require")
                .startsWith("PgBouncer "));
        ToolException e = assertThrows(
                ToolException.class, () -> version("postgres://boss:geheim@127.0.0.1:" + port + "/pgbouncer" + query));
        assertTrue(e.text().contains("a certificate for another name"), e.text());
    }

    @Test
    void tls_that_is_asked_for_and_not_there_is_told() throws IOException {
        int port = start("trust");
        ToolException e = assertThrows(
                ToolException.class, () -> version("postgres://boss@127.0.0.1:" + port + "/pgbouncer?sslmode=require"));
        assertTrue(e.text().contains("does not speak TLS"), e.text());
    }

    @Test
    void a_user_of_statistics_may_read_and_not_change() throws IOException {
        int port = start("scram-sha-256");
        Dsn dsn = Dsn.parse("postgres://looker:geheim@127.0.0.1:" + port + "/pgbouncer");
        try (Console console = Console.open(dsn, false, LIMIT, Call.within(LIMIT))) {
            assertEquals(1, console.ask("SHOW POOLS").rows().size());
            ToolException e = assertThrows(ToolException.class, () -> console.ask("PAUSE"));
            assertEquals(ErrorCode.PERMISSION_DENIED, e.code());
            assertTrue(console.ask("SHOW VERSION").rows().size() == 1, "the session goes on after a refusal");
        }
    }

    @Test
    void another_protocol_is_no_pgbouncer() {
        try (var server = FaultyServer.answering("HTTP/1.1 400 Bad Request\r\n\r\n")) {
            ToolException e = assertThrows(
                    ToolException.class,
                    () -> version("postgres://boss@127.0.0.1:" + server.port() + "/pgbouncer?sslmode=disable"));
            assertEquals(ErrorCode.UPSTREAM_ERROR, e.code());
            assertTrue(e.text().contains("not as PgBouncer does"), e.text());
        }
    }

    @Test
    void one_that_never_answers_costs_its_deadline() {
        try (var server = FaultyServer.silent()) {
            Dsn dsn = Dsn.parse("postgres://boss@127.0.0.1:" + server.port() + "/pgbouncer");
            ToolException e = assertThrows(
                    ToolException.class,
                    () -> Console.open(dsn, false, Duration.ofMillis(300), Call.within(LIMIT))
                            .close());
            assertEquals(ErrorCode.TIMEOUT, e.code());
        }
    }
}
