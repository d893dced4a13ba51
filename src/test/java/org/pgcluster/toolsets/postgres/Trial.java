package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.dispatch.Dispatcher;
import org.pgcluster.dispatch.Request;
import org.pgcluster.dispatch.Workshop;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Guard;
import org.pgcluster.testing.Postgres;
import org.pgcluster.tool.Context;

/** The tools as a client calls them, on a real server, in this process; a person's consent is given on the spot. */
final class Trial implements AutoCloseable {
    private final int port;
    private final Path state;
    private final Workshop workshop;
    private final Dispatcher dispatcher;

    private Trial(int port, Path state, Workshop workshop) {
        this.port = port;
        this.state = state;
        this.workshop = workshop;
        this.dispatcher = new Dispatcher(workshop);
    }

    static Trial on(Postgres postgres, Path state, String... more) {
        return as("postgres", postgres, state, more);
    }

    /** {@code login} reads; acts are the superuser's. */
    static Trial as(String login, Postgres postgres, Path state, String... more) {
        return at(login, postgres.port(), state, more);
    }

    static Trial at(String login, int port, Path state, String... more) {
        String at = "@127.0.0.1:" + port + "/postgres";
        List<String> arguments = new ArrayList<>(List.of(
                "--coordinator-dsn",
                "postgres://" + login + at,
                "--admin-dsn",
                "postgres://postgres" + at,
                "--mode",
                "admin",
                "--allow-execute",
                "true",
                "--state-dir",
                state.toString()));
        for (String address : List.of("--coordinator-dsn", "--admin-dsn")) {
            if (List.of(more).contains(address)) {
                int given = arguments.indexOf(address);
                arguments.subList(given, given + 2).clear();
            }
        }
        arguments.addAll(List.of(more));
        Settings settings = Settings.load(new Inputs(arguments, Map.of(), state, state, "Linux", "tester"));
        assertEquals(List.of(), settings.problems());
        return new Trial(port, state, new Workshop(settings, "test"));
    }

    Answer call(String tool, Object... arguments) {
        return call(tool, given(arguments));
    }

    private Answer call(String tool, Map<String, @Nullable Object> arguments) {
        var call = Call.within(Duration.ofSeconds(40), (done, total, message) -> {});
        return dispatcher.call(new Request(tool, arguments, call, "test", Optional.empty()));
    }

    /** What a tool is given, for one that is called past the dispatcher. */
    Context context() {
        var call = Call.within(Duration.ofSeconds(40), (done, total, message) -> {});
        return new Context(workshop.clusters().choose(Optional.empty(), false), call, workshop, true, "test");
    }

    /** The structured answer of a call that must succeed. */
    Map<?, ?> read(String tool, Object... arguments) {
        Answer answer = call(tool, arguments);
        assertFalse(answer.isError(), answer.text());
        return answer.structured();
    }

    /** Asks, consents and acts. */
    Answer act(String tool, Object... arguments) {
        Answer asked = call(tool, arguments);
        if (!"approval_required".equals(asked.structured().get("status"))) {
            return asked;
        }
        return acted(tool, approved(asked), arguments);
    }

    Answer acted(String tool, String approval, Object... arguments) {
        Map<String, @Nullable Object> again = given(arguments);
        again.put("approval_token", approval);
        return call(tool, again);
    }

    String approved(Answer asked) {
        Map<?, ?> request =
                (Map<?, ?>) Objects.requireNonNull(asked.structured().get("request"), asked::text);
        String name = String.valueOf(request.get("name"));
        new Guard(
                        state,
                        Optional.empty(),
                        Duration.ofMinutes(5),
                        Duration.ofHours(1),
                        Clock.systemUTC(),
                        new SecureRandom())
                .approve(name, new Approver("a person", Approver.How.CONSOLE), Optional.empty());
        return name;
    }

    private static Map<String, @Nullable Object> given(Object... arguments) {
        Map<String, @Nullable Object> given = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        return given;
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres");
    }

    void sql(String... statements) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** As a person would who has nothing but the words of a finding. */
    void byHand(Map<?, ?> finding) throws SQLException {
        String printed = String.valueOf(finding.get("by_hand"));
        sql(printed.replaceFirst(" \\(on [^()]*\\)$", ""));
    }

    String one(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    /** Waits until the query answers this, and tells what it answered last where it never does. */
    void until(String wanted, String sql) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + 15_000_000_000L;
        String last = one(sql);
        while (!last.equals(wanted)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(sql + " is " + last + ", not " + wanted);
            }
            Thread.sleep(20);
            last = one(sql);
        }
    }

    /** Databases beside the configured one that connections are kept to. */
    List<String> otherDatabases() {
        return workshop.clusters().choose(Optional.empty(), false).otherDatabases();
    }

    static long number(Map<?, ?> answer, String field) {
        Object value = Objects.requireNonNull(answer.get(field), () -> field + " in " + answer);
        return ((Number) value).longValue();
    }

    static Map<?, ?> map(@Nullable Object value) {
        return (Map<?, ?>) Objects.requireNonNull(value);
    }

    static List<?> list(@Nullable Object value) {
        return (List<?>) Objects.requireNonNull(value);
    }

    @Override
    public void close() {
        dispatcher.close();
    }
}
