package org.pgcluster.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.FakePatroni;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.PgBouncerProcess;
import org.pgcluster.wire.Tls;

/** A Patroni that speaks TLS and wants to see a certificate: let in, and each way of not being let in. */
class CertificatesTest {
    @TempDir
    Path folder;

    @TempDir
    Path others;

    private Map<String, Path> files = Map.of();
    private @Nullable FakePatroni member;

    @BeforeEach
    void up() throws IOException {
        files = PgBouncerProcess.certificate(folder, "localhost");
        member = FakePatroni.askingForCertificates(Tls.trusting(file("certificate"), file("certificate"), file("key")));
        member.answers("GET /patroni", 200, FakePatroni.own("master"))
                .answers("GET /cluster", 200, "{\"members\": [" + FakePatroni.row("a", "leader", url()) + "]}")
                .answers("GET /config", 200, "{\"ttl\": 20}");
    }

    @AfterEach
    void down() {
        Objects.requireNonNull(member).close();
    }

    private Optional<Path> file(String what) {
        return Optional.of(Objects.requireNonNull(files.get(what)));
    }

    private String url() {
        return "https://localhost:" + Objects.requireNonNull(member).port();
    }

    private Answer asked(String url, String... keys) {
        Map<String, String> all = new HashMap<>(Map.of("patroni_urls", url, "http_timeout_ms", "8000"));
        for (String key : keys) {
            Path file = key.equals("key_file")
                    ? file("key").orElseThrow()
                    : file("certificate").orElseThrow();
            all.put("patroni_" + key, file.toString());
        }
        try (Lab lab = Lab.with(folder, all)) {
            return lab.call("patroni_cluster_status");
        }
    }

    private static String why(Answer answer) {
        return Lab.rows(answer, "unavailable").toString();
    }

    @Test
    void who_shows_a_certificate_that_is_trusted_is_answered() {
        Answer answer = asked(url(), "ca_file", "cert_file", "key_file");
        assertEquals(true, Lab.rows(answer, "groups").get(0).get("confirmed"), answer.text());
        assertTrue(Lab.rows(answer, "unavailable").isEmpty(), answer.text());
    }

    @Test
    void who_shows_none_is_told_that_one_is_wanted() {
        String why = why(asked(url(), "ca_file"));
        assertTrue(why.contains("wants a client certificate"), why);
    }

    @Test
    void a_certificate_for_another_name_is_told_as_such() {
        String number = url().replace("localhost", "127.0.0.1");
        assertTrue(why(asked(number, "ca_file", "cert_file", "key_file")).contains("a certificate for another name"));
    }

    @Test
    void an_authority_that_nobody_named_is_told_with_the_key_to_set() {
        String why = why(asked(url()));
        assertTrue(why.contains("an authority that is not trusted"), why);
    }

    @Test
    void http_where_tls_is_spoken_is_told() {
        String why = why(asked(url().replace("https", "http")));
        assertTrue(why.contains(":" + Objects.requireNonNull(member).port() + " "), why);
    }

    @Test
    void a_certificate_that_the_server_does_not_trust_is_refused() throws IOException {
        Map<String, Path> foreign = PgBouncerProcess.certificate(others, "localhost");
        Map<String, String> keys = Map.of(
                "patroni_urls", url(),
                "patroni_ca_file", String.valueOf(files.get("certificate")),
                "patroni_cert_file", String.valueOf(foreign.get("certificate")),
                "patroni_key_file", String.valueOf(foreign.get("key")));
        try (Lab lab = Lab.with(folder, keys)) {
            String why = why(lab.call("patroni_cluster_status"));
            assertTrue(why.contains("wants another client certificate"), why);
        }
    }
}
