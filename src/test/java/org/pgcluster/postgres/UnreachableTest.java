package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.config.Secret;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** What goes wrong in the first minutes, and the sentence that cures it. */
@Timeout(60)
class UnreachableTest {
    private static PgServer server;

    record Count(int n) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = PgServer.start("listen_addresses = '*'", "max_connections = 5", "superuser_reserved_connections = 1");
        server.psql("CREATE ROLE known LOGIN PASSWORD 'right'");
        server.psql("CREATE ROLE idle NOLOGIN");
        server.psql("CREATE ROLE open LOGIN PASSWORD 'right'");
        Files.writeString(server.folder().resolve("data/pg_hba.conf"), """
                local all all trust
                host all postgres 127.0.0.1/32 trust
                host all idle 127.0.0.1/32 trust
                host all known 127.0.0.1/32 scram-sha-256
                host all open all password
                """);
        server.psql("SELECT pg_reload_conf()");
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static Dsn dsn(String user, Optional<String> password, Map<String, String> parameters) {
        return dsn(new Address("127.0.0.1", server.port()), "postgres", user, password, parameters);
    }

    private static Dsn dsn(
            Address host, String database, String user, Optional<String> password, Map<String, String> parameters) {
        return new Dsn(List.of(host), database, Optional.of(user), password.map(Secret::new), parameters);
    }

    private static int ask(Target target) {
        try (var database = Database.of(target)) {
            return database.sql(Call.within(Duration.ofSeconds(10)))
                    .one(Count.class, "SELECT 1 AS n")
                    .n();
        }
    }

    private static void fails(Dsn dsn, ErrorCode code, String text, String cure) {
        var error = assertThrows(ToolException.class, () -> ask(PgServer.target(dsn, 1)));
        var told = error.text() + " / " + error.hint();
        assertEquals(code, error.code(), told);
        assertTrue(error.text().contains(text), told);
        assertTrue(String.valueOf(error.hint()).contains(cure), told);
        assertTrue(error.text().lines().count() == 1, told);
    }

    @Test
    void nobody_listens_or_nobody_knows_the_host() throws IOException {
        var closed = new Address("127.0.0.1", PgServer.freePort());
        fails(
                dsn(closed, "postgres", "postgres", Optional.empty(), Map.of()),
                ErrorCode.CONNECTION_FAILED,
                "nothing listens",
                "listen_addresses");
        fails(
                dsn(new Address("no-such-host.invalid", 5432), "postgres", "postgres", Optional.empty(), Map.of()),
                ErrorCode.CONNECTION_FAILED,
                "cannot resolve",
                "DNS");
    }

    @Test
    void the_password_is_wrong_or_missing() {
        fails(dsn("known", Optional.of("wrong"), Map.of()), ErrorCode.PERMISSION_DENIED, "password", "pgpass");
        fails(dsn("known", Optional.empty(), Map.of()), ErrorCode.PERMISSION_DENIED, "none is configured", "pgpass");
        assertEquals(1, ask(PgServer.target(dsn("known", Optional.of("right"), Map.of()), 1)));
    }

    @Test
    void the_database_the_role_or_its_entry_is_missing() {
        var host = new Address("127.0.0.1", server.port());
        fails(
                dsn(host, "nowhere", "postgres", Optional.empty(), Map.of()),
                ErrorCode.NOT_FOUND,
                "no database \"nowhere\"",
                "connection string");
        fails(dsn("idle", Optional.empty(), Map.of()), ErrorCode.PERMISSION_DENIED, "does not let", "LOGIN");
        fails(dsn("stranger", Optional.empty(), Map.of()), ErrorCode.PERMISSION_DENIED, "pg_hba.conf", "sslmode");
    }

    @Test
    void the_server_speaks_no_tls() {
        fails(
                dsn("postgres", Optional.empty(), Map.of("sslmode", "require")),
                ErrorCode.CONNECTION_FAILED,
                "TLS",
                "ssl on");
    }

    @Test
    void no_server_is_what_was_asked_for() {
        fails(
                dsn("postgres", Optional.empty(), Map.of("target_session_attrs", "standby")),
                ErrorCode.CONNECTION_FAILED,
                "target_session_attrs",
                "failover");
    }

    @Test
    void a_password_goes_in_clear_text_only_where_that_is_allowed() throws SocketException {
        var far = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .map(address -> address.getHostAddress())
                .findFirst();
        Assumptions.assumeTrue(far.isPresent(), "this machine has no address but loopback");
        var away = dsn(new Address(far.get(), server.port()), "postgres", "open", Optional.of("right"), Map.of());
        fails(away, ErrorCode.PERMISSION_DENIED, "clear text", "allow_plaintext");
        assertEquals(1, ask(PgServer.target(away, 1, true)));
        assertEquals(1, ask(PgServer.target(dsn("open", Optional.of("right"), Map.of()), 1)));
    }

    @Test
    void all_connections_of_the_server_are_taken() {
        var known = PgServer.target(dsn("known", Optional.of("right"), Map.of()), 1);
        try (var one = Database.of(known);
                var two = Database.of(known);
                var three = Database.of(known);
                var four = Database.of(known)) {
            for (var database : List.of(one, two, three, four)) {
                database.sql(Call.within(Duration.ofSeconds(5))).one(Count.class, "SELECT 1 AS n");
            }
            fails(
                    dsn("known", Optional.of("right"), Map.of()),
                    ErrorCode.CONNECTION_FAILED,
                    "no connection free",
                    "max_connections");
        }
    }
}
