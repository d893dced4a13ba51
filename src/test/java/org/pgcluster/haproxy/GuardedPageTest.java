package org.pgcluster.haproxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.HaProxyProcess;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.NamingServer;
import org.pgcluster.testing.PgBouncerProcess;

/** The statistics page of a real HAProxy behind TLS, client certificates and a password: let in, and each way of not being. */
class GuardedPageTest {
    @TempDir
    Path folder;

    private Map<String, Path> files = Map.of();
    private @Nullable NamingServer server;
    private @Nullable HaProxyProcess proxy;
    private int port;

    @BeforeEach
    void up() throws IOException {
        files = PgBouncerProcess.certificate(folder, "localhost");
        Path both = Files.writeString(folder.resolve("both.pem"), Files.readString(file("certificate")));
        Files.writeString(both, Files.readString(file("key")), StandardOpenOption.APPEND);
        server = NamingServer.called("one");
        port = HaProxyProcess.freePort();
        proxy = HaProxyProcess.before(
                folder,
                List.of(server),
                "admin",
                "bind 127.0.0.1:" + port + " ssl crt " + both + " ca-file " + file("certificate") + " verify required",
                "stats auth looker:geheim");
    }

    @AfterEach
    void down() {
        Optional.ofNullable(proxy).ifPresent(HaProxyProcess::close);
        Optional.ofNullable(server).ifPresent(NamingServer::close);
    }

    private Path file(String what) {
        return Objects.requireNonNull(files.get(what));
    }

    private Map<String, String> keys() {
        Map<String, String> keys = new HashMap<>();
        keys.put("haproxy_urls", "https://localhost:" + port + "/stats");
        keys.put("haproxy_user", "looker");
        keys.put("haproxy_password", "geheim");
        keys.put("haproxy_ca_file", file("certificate").toString());
        keys.put("haproxy_cert_file", file("certificate").toString());
        keys.put("haproxy_key_file", file("key").toString());
        return keys;
    }

    private Answer asked(Map<String, String> keys) {
        try (Lab lab = Lab.with(folder, keys)) {
            return lab.call("haproxy_backend_health");
        }
    }

    private void assertUnavailable(Map<String, String> keys, String why) {
        Answer answer = asked(keys);
        assertTrue(Lab.rows(answer, "unavailable").toString().contains(why), answer.text());
    }

    @Test
    void who_has_certificate_and_password_is_answered() {
        Answer answer = asked(keys());
        assertEquals(List.of(), Lab.rows(answer, "unavailable"), answer.text());
        assertEquals("one", Lab.rows(answer, "servers").get(0).get("server"));
    }

    @Test
    void a_wrong_password_is_told_as_such() {
        Map<String, String> keys = keys();
        keys.put("haproxy_password", "falsch");
        assertUnavailable(keys, "does not take user and password");
    }

    @Test
    void who_shows_no_certificate_is_told_that_one_is_wanted() {
        Map<String, String> keys = keys();
        keys.remove("haproxy_cert_file");
        keys.remove("haproxy_key_file");
        assertUnavailable(keys, "wants a client certificate");
    }

    @Test
    void a_certificate_for_another_name_is_told_as_such() {
        Map<String, String> keys = keys();
        keys.put("haproxy_urls", "https://127.0.0.1:" + port + "/stats");
        assertUnavailable(keys, "a certificate for another name");
    }

    @Test
    void an_authority_that_nobody_named_is_told_as_such() {
        Map<String, String> keys = keys();
        keys.remove("haproxy_ca_file");
        assertUnavailable(keys, "an authority that is not trusted");
    }
}
