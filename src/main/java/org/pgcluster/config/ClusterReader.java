package org.pgcluster.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Reads one cluster: its policy here, its addresses by {@link Connections} and {@link Endpoints}. */
final class ClusterReader {
    private final String name;
    private final Values values;
    private final Inputs inputs;
    private final Completion completion;

    ClusterReader(String name, Values values, Inputs inputs, Completion completion) {
        this.name = name;
        this.values = values;
        this.inputs = inputs;
        this.completion = completion;
    }

    ClusterSettings read() {
        boolean plaintext = values.truth(Keys.ALLOW_PLAINTEXT);
        var connections = new Connections(name, values, inputs, completion, plaintext);
        connections.read();
        var patroni = new Endpoints(Keys.PATRONI_URLS, Keys.PATRONI_USER, Keys.PATRONI_PASSWORD, values, plaintext);
        var haproxy = new Endpoints(Keys.HAPROXY_URLS, Keys.HAPROXY_USER, Keys.HAPROXY_PASSWORD, values, plaintext);
        patroni.read();
        haproxy.read();
        var settings = new ClusterSettings(
                name,
                connections.coordinator(),
                connections.direct(),
                connections.admin(),
                connections.workers(),
                values.given(Keys.WORKER_DSNS) != null,
                Mode.valueOf(values.word(Keys.MODE).toUpperCase(Locale.ROOT)),
                values.truth(Keys.ALLOW_EXECUTE),
                values.list(Keys.ACTS, ", \t"),
                Approval.valueOf(values.word(Keys.APPROVAL).toUpperCase(Locale.ROOT)),
                values.word(Keys.ROW_DATA).equals("allow"),
                expect(),
                plaintext,
                values.list(Keys.ALLOWED_FUNCTIONS, ";"),
                number(values.wholeIfAny(Keys.HOST_MEMORY_MB)),
                Duration.ofSeconds(values.whole(Keys.CONNECT_TIMEOUT)),
                Duration.ofMillis(values.whole(Keys.STATEMENT_TIMEOUT)),
                Duration.ofMillis(values.whole(Keys.HTTP_TIMEOUT)),
                Duration.ofMillis(values.whole(Keys.ACT_LOCK_TIMEOUT)),
                values.whole(Keys.POOL_SIZE),
                patroni.urls(),
                access(patroni, Keys.PATRONI_CA_FILE, Keys.PATRONI_CERT_FILE, Keys.PATRONI_KEY_FILE),
                haproxy.urls(),
                access(haproxy, Keys.HAPROXY_CA_FILE, Keys.HAPROXY_CERT_FILE, Keys.HAPROXY_KEY_FILE),
                connections.pgbouncers(),
                new Kubernetes(word(Keys.KUBECONFIG), word(Keys.KUBE_CONTEXT), word(Keys.KUBE_NAMESPACE)));
        judge(settings);
        return settings;
    }

    private Expect expect() {
        return new Expect(
                number(values.wholeIfAny(Keys.EXPECT_MEMBERS)),
                number(values.wholeIfAny(Keys.EXPECT_WORKERS)),
                Optional.ofNullable(values.truthIfAny(Keys.EXPECT_SYNCHRONOUS)));
    }

    private Optional<String> word(Key<String> key) {
        return Optional.ofNullable(values.text(key));
    }

    private ComponentAccess access(Endpoints endpoints, Key<String> ca, Key<String> certificate, Key<String> key) {
        var access =
                new ComponentAccess(endpoints.user(), endpoints.password(), path(ca), path(certificate), path(key));
        if (access.certFile().isPresent() != access.keyFile().isPresent()) {
            var written = access.certFile().isPresent() ? certificate : key;
            values.problem(
                    written, certificate.name() + " and " + key.name() + " go together; one of them is not set.");
        }
        return access;
    }

    private Optional<Path> path(Key<String> key) {
        var text = values.text(key);
        return text == null ? Optional.empty() : Optional.of(inputs.resolve(text));
    }

    private static OptionalInt number(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    private void judge(ClusterSettings settings) {
        ActNames.judge(settings.acts(), values);
        boolean hasDatabase = settings.coordinator().isPresent()
                || settings.direct().isPresent()
                || !settings.workers().isEmpty();
        if (settings.allowExecute() && hasDatabase && values.given(Keys.ADMIN_DSN) == null) {
            values.problem(
                    Keys.ALLOW_EXECUTE,
                    "allow_execute needs admin_dsn, the login of acts, written out even if it equals coordinator_dsn.");
        }
        if (settings.allowExecute() && settings.mode() != Mode.ADMIN) {
            values.warn(Keys.ALLOW_EXECUTE, "allow_execute has no effect without mode: admin.");
        }
        if (settings.approval() == Approval.SELF) {
            judgeSelf(settings);
        }
    }

    private void judgeSelf(ClusterSettings settings) {
        var remote = remoteHost(settings);
        if (remote != null) {
            values.problem(
                    Keys.APPROVAL,
                    "approval: self is only for clusters whose every address is loopback, and " + remote + " is not.");
        }
    }

    private static @Nullable String remoteHost(ClusterSettings settings) {
        for (var dsn : List.of(settings.coordinator(), settings.direct(), settings.admin())) {
            var remote = dsn.isPresent() ? dsn.get().remoteHost() : null;
            if (remote != null) {
                return remote;
            }
        }
        for (var list : List.of(settings.workers(), settings.pgbouncers())) {
            for (var dsn : list) {
                if (dsn.remoteHost() != null) {
                    return dsn.remoteHost();
                }
            }
        }
        for (var urls : List.of(settings.patroniUrls(), settings.haproxyUrls())) {
            for (var url : urls) {
                if (!Hosts.isLoopback(Hosts.ofUrl(url))) {
                    return Hosts.ofUrl(url);
                }
            }
        }
        return settings.kubernetes().isConfigured() ? "Kubernetes" : null;
    }
}
