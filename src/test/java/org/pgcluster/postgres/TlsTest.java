package org.pgcluster.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ToolException;

/** Every sslmode against a server with a certificate of an authority that was made for this test. */
@Tag("postgres")
@Timeout(60)
class TlsTest {
    /** The server's certificate is for {@code localhost} alone. */
    private static final String RIGHT = "localhost";

    private static final String WRONG = "127.0.0.1";

    @TempDir
    static Path folder = Path.of("");

    private static PgServer server;

    record Session(boolean ssl, String user) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is not installed");
        server = PgServer.start("listen_addresses = 'localhost'");
        server.psql("CREATE ROLE plain LOGIN");
        server.psql("CREATE ROLE certified LOGIN");
        authority("ca");
        authority("other");
        certificate("server", "localhost", "subjectAltName=DNS:localhost");
        certificate("client", "certified", "subjectAltName=DNS:client");
        openssl("pkcs8 -topk8 -nocrypt -in client.key -outform DER -out client.pk8");
        openssl("rsa -traditional -in client.key -out client-rsa.key");
        openssl("pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:hush -in client.key -outform DER -out client-locked.pk8");
        openssl("pkcs12 -export -passout pass:hush -in client.crt -inkey client.key -name user -out client.p12");
        var data = server.folder().resolve("data");
        for (var file : List.of("ca.crt", "server.crt", "server.key")) {
            Files.copy(folder.resolve(file), data.resolve(file));
        }
        run("chown postgres '" + data + "'/*.crt '" + data + "'/*.key && chmod 600 '" + data + "'/*.key");
        server.psql("ALTER SYSTEM SET ssl = on");
        server.psql("ALTER SYSTEM SET ssl_ca_file = 'ca.crt'");
        Files.writeString(data.resolve("pg_hba.conf"), """
                local all all trust
                hostssl all certified all cert
                hostnossl all plain all trust
                host all postgres all trust
                """);
        server.restart();
    }

    @AfterAll
    static void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    private static void authority(String name) throws IOException, InterruptedException {
        openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + name + " -keyout " + name + ".key -out " + name
                + ".crt");
    }

    private static void certificate(String name, String subject, String extension)
            throws IOException, InterruptedException {
        openssl("req -newkey rsa:2048 -nodes -subj /CN=" + subject + " -keyout " + name + ".key -out " + name + ".csr");
        Files.writeString(folder.resolve(name + ".ext"), extension);
        openssl("x509 -req -days 2 -in " + name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile " + name
                + ".ext -out " + name + ".crt");
    }

    private static void openssl(String arguments) throws IOException, InterruptedException {
        run("openssl " + arguments);
    }

    private static void run(String command) throws IOException, InterruptedException {
        var output = Files.createTempFile("tls", ".out");
        var process = new ProcessBuilder("sh", "-c", command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(command + ": " + Files.readString(output));
        }
        Files.delete(output);
    }

    private static Session ask(String host, String user, Map<String, String> parameters) {
        var absolute = new TreeMap<String, String>();
        parameters.forEach((key, value) -> absolute.put(
                key,
                value.matches(".*\\.(crt|key|pk8|p12)") ? folder.resolve(value).toString() : value));
        var dsn = new Dsn(
                List.of(new Address(host, server.port())), "postgres", Optional.of(user), Optional.empty(), absolute);
        try (var database = Database.of(PgServer.target(dsn, 1))) {
            return database.sql(Call.within(Duration.ofSeconds(10)))
                    .one(
                            Session.class,
                            "SELECT ssl, current_user::text AS \"user\" FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        }
    }

    private static void fails(String host, String user, Map<String, String> parameters, String text, String cure) {
        var error = assertThrows(ToolException.class, () -> ask(host, user, parameters));
        var told = error.text() + " / " + error.hint();
        assertTrue(error.text().contains(text), told);
        assertTrue(String.valueOf(error.hint()).contains(cure), told);
        assertTrue(error.text().lines().count() == 1, told);
    }

    @ParameterizedTest(name = "{0} at {1} as {2}, trusting {3}: encrypted {4}")
    @CsvSource({
        "disable,     localhost, postgres, '',     false",
        "allow,       localhost, postgres, '',     false",
        "prefer,      localhost, postgres, '',     true",
        "prefer,      localhost, plain,    '',     false",
        "require,     localhost, postgres, '',     true",
        "require,     127.0.0.1, postgres, ca.crt, true",
        "verify-ca,   127.0.0.1, postgres, ca.crt, true",
        "verify-full, localhost, postgres, ca.crt, true",
    })
    void each_mode_encrypts_as_it_says(String mode, String host, String user, String authority, boolean encrypted) {
        var parameters =
                authority.isEmpty() ? Map.of("sslmode", mode) : Map.of("sslmode", mode, "sslrootcert", authority);
        assertEquals(new Session(encrypted, user), ask(host, user, parameters));
    }

    @Test
    void a_wrong_host_a_wrong_authority_and_a_missing_one_are_told_apart() {
        fails(
                WRONG,
                "postgres",
                Map.of("sslmode", "verify-full", "sslrootcert", "ca.crt"),
                "certificate for another host name",
                "verify-ca");
        for (var mode : List.of("verify-full", "verify-ca", "require")) {
            fails(RIGHT, "postgres", Map.of("sslmode", mode, "sslrootcert", "other.crt"), "authority", "sslrootcert");
        }
        fails(
                RIGHT,
                "postgres",
                Map.of("sslmode", "verify-full", "sslrootcert", "none.crt"),
                "none.crt",
                "sslrootcert");
        fails(RIGHT, "postgres", Map.of("sslmode", "verify-full"), "root.crt", "sslrootcert");
        fails(RIGHT, "postgres", Map.of("sslmode", "verify-full", "sslrootcert", "system"), "authority", "sslrootcert");
    }

    @Test
    void a_server_that_wants_encryption_or_none_says_which() {
        fails(RIGHT, "certified", Map.of("sslmode", "disable"), "without encryption", "sslmode=require");
        fails(RIGHT, "plain", Map.of("sslmode", "require"), "pg_hba.conf", "pg_hba.conf");
    }

    @ParameterizedTest
    @ValueSource(strings = {"client.key", "client.pk8", "client.p12", "client-locked.pk8"})
    void a_client_certificate_lets_its_owner_in(String key) {
        var parameters = new TreeMap<>(
                Map.of("sslmode", "verify-full", "sslrootcert", "ca.crt", "sslcert", "client.crt", "sslkey", key));
        if (!key.equals("client.key")) {
            parameters.put("sslpassword", "hush");
        }
        assertEquals(new Session(true, "certified"), ask(RIGHT, "certified", parameters));
    }

    @Test
    void a_client_certificate_that_is_missing_wrong_or_not_there_is_told() {
        fails(RIGHT, "certified", Map.of("sslmode", "require"), "certificate", "sslcert");
        var lost = Map.of("sslmode", "require", "sslcert", "none.crt", "sslkey", "client.key");
        fails(RIGHT, "certified", lost, "none.crt", "sslcert");
        for (var key : List.of("none.key", "client-rsa.key")) {
            var parameters = Map.of("sslmode", "require", "sslcert", "client.crt", "sslkey", key);
            fails(RIGHT, "certified", parameters, key, "openssl pkcs8");
        }
        var locked = Map.of("sslmode", "require", "sslcert", "client.crt", "sslkey", "client.p12");
        fails(RIGHT, "certified", locked, "locked by a password", "sslpassword");
    }

    @Test
    void an_encrypted_session_on_a_frozen_server_ends_in_time() throws IOException, InterruptedException {
        var dsn = new Dsn(
                List.of(new Address(RIGHT, server.port())),
                "postgres",
                Optional.of("postgres"),
                Optional.empty(),
                Map.of("sslmode", "require"));
        try (var database = Database.of(PgServer.target(dsn, 1))) {
            database.sql(Call.within(Duration.ofSeconds(10))).one(Session.class, "SELECT true AS ssl, '' AS \"user\"");
            server.freeze();
            long before = System.nanoTime();
            assertThrows(
                    ToolException.class,
                    () -> database.sql(Call.within(Duration.ofSeconds(4)))
                            .one(Session.class, "SELECT true AS ssl, '' AS \"user\""));
            long took = Duration.ofNanos(System.nanoTime() - before).toMillis();
            assertTrue(took <= 4500, took + " ms");
        } finally {
            server.thaw();
        }
    }
}
