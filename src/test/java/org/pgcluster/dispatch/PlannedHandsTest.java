package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.audit.Audit;
import org.pgcluster.audit.Masks;
import org.pgcluster.call.Call;
import org.pgcluster.config.Address;
import org.pgcluster.config.Dsn;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Acting;
import org.pgcluster.postgres.AdvisoryLock;
import org.pgcluster.postgres.Database;
import org.pgcluster.postgres.Target;
import org.pgcluster.testing.Aside;
import org.pgcluster.testing.Postgres;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;

/** The steps of a plan on a real server, and everything that can come between. */
@Tag("postgres")
class PlannedHandsTest {
    private static final Postgres SERVER = Postgres.debian15();
    private static final Step.Statement FIRST = Step.statement("here", "CREATE TABLE steps (n int)");
    private static final Step.Statement BROKEN = Step.statement("here", "INSERT INTO steps VALUES (1 / 0)");
    private static final Step.Statement LAST = Step.statement("here", "INSERT INTO steps VALUES (3)");
    private static final Step.Statement LONG = Step.statement("here", "SELECT pg_sleep(60)");

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Operations.Operation operation = new Operations.Operation("0123456789ab", "an_act", "default");
    private Acting acting;
    private AdvisoryLock lock;

    @BeforeEach
    void connect() throws SQLException {
        sql("DROP TABLE IF EXISTS steps");
        var target = new Target(
                "test",
                new Dsn(
                        List.of(new Address("127.0.0.1", SERVER.port())),
                        "postgres",
                        Optional.of("postgres"),
                        Optional.empty(),
                        Map.of()),
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                2,
                false,
                "test",
                Duration.ofMillis(700),
                false,
                true);
        acting = Acting.open(target, operation.call(), operation.name);
        lock = AdvisoryLock.tryTake(target, operation.call(), operation.name, "steps")
                .orElseThrow();
        var reading = Database.of(target);
        open.addAll(List.of(acting, lock, reading));
        watcher = new Watcher(
                () -> reading.sql(Call.within(Duration.ofSeconds(10))),
                operation.call(),
                operation.name,
                acting.backendPid(),
                query -> query);
    }

    private Watcher watcher;

    @AfterEach
    void close() throws Exception {
        for (var one : open) {
            one.close();
        }
    }

    private PlannedHands hands(Step... steps) {
        return hands(folder.resolve("audit.jsonl"), steps);
    }

    private PlannedHands hands(Path file, Step... steps) {
        var audit = new Audit(file, "host", "user", Clock.systemUTC(), new Masks(List.of()), new SecureRandom());
        var plan = new Plan<>(
                "summary",
                operationRecord(),
                List.of(),
                List.of(steps),
                new Consequences("", "", "", "", "", "", false, Map.of()));
        return new PlannedHands(
                plan, acting, lock, NOBODY, audit.entry("client", "an_act", "default", "{}"), operation, watcher);
    }

    /** These acts are on the database alone. */
    private static final PlannedHands.Requesting NOBODY = (step, call) -> {
        throw new IllegalStateException("nobody is to be asked " + step.inShort());
    };

    private record Nothing() {}

    private static Nothing operationRecord() {
        return new Nothing();
    }

    private static void sql(String sql) throws SQLException {
        try (var connection = SERVER.connect("postgres", "postgres");
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long number(String sql) throws SQLException {
        try (var connection = SERVER.connect("postgres", "postgres");
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** Runs the step elsewhere and answers once the server works on it. */
    private CompletableFuture<Void> running(PlannedHands hands, Step.Statement step) throws Exception {
        var run = Aside.run(() -> hands.run(step));
        long until = System.nanoTime() + 10_000_000_000L;
        while (number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = " + acting.backendPid())
                == 0) {
            assertTrue(System.nanoTime() < until && !run.isDone(), "the step does not run");
            Thread.sleep(20);
        }
        return run;
    }

    private static ToolException failure(CompletableFuture<Void> run) {
        var wrapped = assertThrows(java.util.concurrent.ExecutionException.class, () -> run.get(20, TimeUnit.SECONDS));
        return (ToolException) Objects.requireNonNull(wrapped.getCause());
    }

    @Test
    void after_a_failed_step_it_is_told_which_are_done_and_which_were_not_sent() throws Exception {
        var hands = hands(FIRST, BROKEN, LAST);
        hands.run(FIRST);
        var failed = assertThrows(ToolException.class, () -> hands.run(BROKEN));
        var told = hands.told(failed);
        assertTrue(told.text().endsWith("Of the plan's steps 1 is done, 2 failed, 3 was not sent."), told.text());
        assertEquals("22012", told.sqlstate());
        assertEquals(0, number("SELECT count(*) FROM steps"));
        assertEquals(2, Files.readAllLines(folder.resolve("audit.jsonl")).size());
    }

    @Test
    void a_failure_after_the_last_step_is_no_failure_to_connect() {
        var hands = hands(FIRST);
        hands.run(FIRST);
        for (var code : List.of(ErrorCode.CONNECTION_FAILED, ErrorCode.TIMEOUT, ErrorCode.CANCELLED)) {
            var told = hands.told(new ToolException(code, "the proof could not be read", null));
            assertEquals(ErrorCode.OUTCOME_UNKNOWN, told.code());
            assertTrue(told.text().startsWith("Of the plan's steps 1 is done."), told.text());
        }
    }

    @Test
    void before_the_first_step_an_error_says_what_it_is() {
        var refused = new ToolException(ErrorCode.CONNECTION_FAILED, "no", null);
        assertEquals(refused, hands(FIRST).told(refused));
    }

    @Test
    void only_steps_of_the_plan_are_sent_and_each_once() throws Exception {
        var hands = hands(FIRST);
        assertThrows(IllegalStateException.class, () -> hands.run(LAST));
        hands.run(FIRST);
        assertThrows(IllegalStateException.class, () -> hands.run(FIRST));
        assertEquals(1, number("SELECT count(*) FROM pg_class WHERE relname = 'steps'"));
    }

    @Test
    void a_session_that_is_ended_in_the_middle_of_a_step_leaves_its_outcome_unknown() throws Exception {
        var hands = hands(LONG);
        var run = running(hands, LONG);
        sql("SELECT pg_terminate_backend(" + acting.backendPid() + ")");
        assertEquals(ErrorCode.OUTCOME_UNKNOWN, failure(run).code());
    }

    @Test
    void a_session_that_is_ended_after_the_stop_was_asked_for_is_unknown_all_the_same() throws Exception {
        var hands = hands(LONG);
        var run = running(hands, LONG);
        sql("SELECT pg_terminate_backend(" + acting.backendPid() + ")");
        operation.stop();
        assertEquals(ErrorCode.OUTCOME_UNKNOWN, failure(run).code());
    }

    @Test
    void a_step_that_is_stopped_says_so_and_the_next_one_is_not_sent() throws Exception {
        var hands = hands(LONG, FIRST);
        var run = running(hands, LONG);
        operation.stop();
        var stopped = failure(run);
        assertEquals(ErrorCode.CONFLICT, stopped.code());
        assertTrue(stopped.text().startsWith("Stopped: "), stopped.text());
        var next = assertThrows(ToolException.class, () -> hands.run(FIRST));
        assertTrue(next.text().contains("Stopped before step 2 of 2"), next.text());
    }

    @Test
    void a_clean_up_is_sent_after_the_stop() throws Exception {
        var cleanUp = Step.ifAnEarlierOneFailed("here", "CREATE TABLE steps (n int)");
        var hands = hands(LONG, cleanUp);
        var run = running(hands, LONG);
        operation.stop();
        failure(run);
        hands.run(cleanUp);
        assertEquals(1, number("SELECT count(*) FROM pg_class WHERE relname = 'steps'"));
    }

    @Test
    void what_cannot_be_written_down_is_not_sent() throws Exception {
        var hands = hands(Files.createDirectory(folder.resolve("no file")), FIRST);
        assertEquals(
                ErrorCode.NOT_CONFIGURED,
                assertThrows(ToolException.class, () -> hands.run(FIRST)).code());
        assertEquals(0, number("SELECT count(*) FROM pg_class WHERE relname = 'steps'"));
    }

    @Test
    void without_the_lock_on_the_cluster_nothing_more_is_sent() throws Exception {
        var hands = hands(FIRST);
        sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
        var refused = assertThrows(ToolException.class, () -> hands.run(FIRST));
        assertEquals(ErrorCode.CONFLICT, refused.code());
        assertTrue(refused.text().contains("broke before step 1 of 1"), refused.text());
    }

    @Test
    void a_server_that_lets_go_sends_nothing_more() {
        var operations = new Operations();
        var told = new ArrayList<String>();
        var over = new CompletableFuture<Answer>();
        operations.start(operation, over::join, () -> told.add("left running"));
        operations.letGo().forEach(Runnable::run);
        assertEquals(List.of("left running"), told);
        assertEquals("left running", operation.state());
        assertThrows(ToolException.class, () -> hands(FIRST).run(FIRST));
        var late = new Operations.Operation("ba9876543210", "an_act", "default");
        assertThrows(ToolException.class, () -> operations.start(late, over::join, () -> {}));
        over.complete(new Answer("", Map.of(), false));
    }

    /** A concurrent build waits for old transactions without a limit; what comes after it must have one again. */
    @Test
    void each_step_waits_for_locks_as_long_as_it_may() throws Exception {
        sql("CREATE TABLE steps (n int)");
        var concurrent = Step.concurrent("here", "CREATE INDEX CONCURRENTLY ON steps (n)");
        var hands = hands(concurrent, LAST);
        hands.run(concurrent);
        try (var holder = SERVER.connect("postgres", "postgres")) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("LOCK TABLE steps");
            var refused = assertThrows(ToolException.class, () -> hands.run(LAST));
            assertEquals(ErrorCode.CONFLICT, refused.code());
            assertEquals("55P03", refused.sqlstate());
        }
    }

    @Test
    void a_look_that_throws_rolls_back() throws Exception {
        sql("CREATE TABLE steps (n int)");
        var checked = Step.checked("here", "INSERT INTO steps VALUES (1), (2)", List.of(), 1);
        var hands = hands(checked);
        assertThrows(
                ToolException.class,
                () -> hands.runChecked(checked, outcome -> {
                    assertEquals(2, outcome.rows());
                    throw new ToolException(ErrorCode.PRECONDITION_FAILED, "too many", null);
                }));
        assertEquals(0, number("SELECT count(*) FROM steps"));
    }

    @Test
    void what_an_act_does_is_there_for_others_to_follow_and_to_stop() throws IOException, InterruptedException {
        var ledger = new org.pgcluster.guard.Ledger(folder, "host", Clock.systemUTC());
        var chronicle = new Chronicle(ledger, operation);
        assertEquals("running", ledger.find(operation.name).orElseThrow().state());
        operation.call().progress(1, 2.0, "half way");
        ledger.askToStop(operation.name);
        chronicle.look();
        assertTrue(operation.call().cancelled());
        chronicle.look();
        assertEquals("stopping", ledger.find(operation.name).orElseThrow().state());
        assertEquals("half way", ledger.find(operation.name).orElseThrow().progress());
        chronicle.ended(new Answer("all is well", Map.of(), false));
        chronicle.look();
        var ended = ledger.find(operation.name).orElseThrow();
        assertEquals("done", ended.state());
        assertEquals(Optional.of("all is well"), ended.outcome());
        assertEquals(Optional.of(true), ended.alive("host"));
        assertEquals(Optional.empty(), ended.alive("another host"));
        assertFalse(ledger.find("../audit.jsonl").isPresent());
    }
}
