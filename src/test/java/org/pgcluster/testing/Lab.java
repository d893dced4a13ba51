package org.pgcluster.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Request;
import org.pgcluster.dispatch.Workshop;

/** A server of ours, in this process, on the lab that the environment names; tests without one are skipped by name. */
public final class Lab implements AutoCloseable {
    private final Dispatcher dispatcher;

    private Lab(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
    }

    public static String variable(String name) {
        return Optional.ofNullable(System.getenv(name)).orElse("");
    }

    /** {@code keys} are given beside the lab's addresses and win over them, as key, value, key, value. */
    public static Lab connected(Path folder, String... keys) {
        Assumptions.assumeTrue(
                !variable("LAB_DSN").isEmpty(),
                () -> "no lab: "
                        + Optional.ofNullable(System.getenv("LAB_MISSING")).orElse("LAB_DSN is not set"));
        return on(System.getenv(), folder, keys);
    }

    /** On the lab that the variables name. */
    public static Lab on(Map<String, String> variables, Path folder, String... keys) {
        Map<String, String> all = new HashMap<>();
        all.put("coordinator_dsn", variables.getOrDefault("LAB_DSN", ""));
        for (String name : List.of("patroni_user", "patroni_password", "haproxy_user", "haproxy_password")) {
            all.put(name, variables.getOrDefault("LAB_" + name.toUpperCase(Locale.ROOT), ""));
        }
        all.put("patroni_urls", variables.getOrDefault("LAB_PATRONI", ""));
        all.put("pgbouncer_dsns", variables.getOrDefault("LAB_PGBOUNCER", ""));
        all.put(
                "haproxy_urls",
                variables.getOrDefault("LAB_HAPROXY", "") + ",unix:"
                        + variables.getOrDefault("LAB_HAPROXY_SOCKET", ""));
        for (int i = 0; i < keys.length; i += 2) {
            all.put(keys[i], keys[i + 1]);
        }
        return with(folder, all);
    }

    /** One that may act on the lab that the variables name, by an approval that it gives itself. */
    public static Lab acting(Map<String, String> variables, Path folder, String... more) {
        List<String> keys = new ArrayList<>(List.of("mode", "admin", "allow_execute", "true", "approval", "self"));
        keys.addAll(List.of("admin_dsn", variables.getOrDefault("LAB_DSN", "")));
        keys.addAll(List.of(more));
        return on(variables, folder, keys.toArray(new String[0]));
    }

    /** Without a lab: only what is given. */
    public static Lab with(Path folder, Map<String, String> keys) {
        List<String> arguments = new ArrayList<>(List.of("--state-dir", folder.toString()));
        keys.forEach((name, value) -> {
            if (!value.isEmpty()) {
                arguments.add("--" + name.replace('_', '-'));
                arguments.add(value);
            }
        });
        Settings settings = Settings.load(
                new Inputs(arguments, Map.of(), folder, folder, System.getProperty("os.name", ""), "tester"));
        if (!settings.problems().isEmpty()) {
            throw new IllegalArgumentException(settings.problems().toString());
        }
        return new Lab(new Dispatcher(new Workshop(settings, "test")));
    }

    /** A list of the answer, which must not be an error. */
    public static List<Map<?, ?>> rows(Answer answer, String name) {
        if (answer.isError()) {
            throw new AssertionError(answer.text());
        }
        return ((List<?>) Objects.requireNonNull(answer.structured().get(name)))
                .stream().<Map<?, ?>>map(row -> (Map<?, ?>) row).toList();
    }

    public Answer call(String tool, Object... arguments) {
        Map<String, @Nullable Object> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        var call = Call.within(Duration.ofSeconds(35));
        return dispatcher.call(new Request(tool, given, call, "test", Optional.empty()));
    }

    @Override
    public void close() {
        dispatcher.close();
    }
}
