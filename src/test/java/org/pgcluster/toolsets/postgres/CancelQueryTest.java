package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.postgres.Acting;
import org.pgcluster.testing.Postgres;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Outcome;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;
import org.postgresql.PGConnection;

/** Who is stopped and who is not, judged by what became of the victims. */
@Tag("postgres")
class CancelQueryTest {
    @TempDir
    Path state;

    /** Sends what it is given, whatever plan it is from. */
    private record Signals(Acting acting) implements Hands {
        @Override
        public <R extends Record> List<R> list(Step.Statement step, Class<R> row) {
            return acting.listNumbered(row, step.sql(), step.parameters());
        }

        @Override
        public Outcome run(Step.Statement step) {
            throw new IllegalStateException("a signal answers rows");
        }

        @Override
        public Outcome run(Step.Statement step, Watch watch) {
            return run(step);
        }

        @Override
        public Outcome runChecked(Step.Statement step, Look look) {
            return run(step);
        }

        @Override
        public Said send(Step.Request step) {
            throw new IllegalStateException("a signal goes to no component");
        }

        @Override
        public int backend() {
            return acting.backendPid();
        }

        @Override
        public void progress(double done, double total, String message) {
            throw new IllegalStateException("a signal takes no time: " + message);
        }
    }

    private static int pid(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    /** Runs until it is stopped; then the SQLSTATE. */
    private static CompletableFuture<String> sleeping(Trial trial, Connection victim)
            throws SQLException, InterruptedException {
        var ended = new CompletableFuture<String>();
        Thread thread = new Thread(() -> {
            try (var statement = victim.createStatement()) {
                statement.execute("SELECT pg_sleep(30)");
                ended.complete("slept");
            } catch (SQLException e) {
                ended.complete(String.valueOf(e.getSQLState()));
            }
        });
        thread.setDaemon(true);
        thread.start();
        trial.until("active", "SELECT state FROM pg_stat_activity WHERE pid = " + pid(victim));
        return ended;
    }

    @Test
    void only_what_runs_long_enough_is_stopped_and_the_answer_says_why() throws Exception {
        try (Trial trial = Trial.on(Postgres.debian15(), state);
                var victim = trial.connect()) {
            var ended = sleeping(trial, victim);
            Object[] young = {"pids", List.of(pid(victim)), "only_if_running_s", 3600};
            var spared = trial.act("cancel_query", young);
            assertTrue(spared.text().contains("0 of 1 stopped"), spared.text());
            assertTrue(spared.text().contains("less than the 3600"), spared.text());
            assertFalse(ended.isDone());
            var stopped = trial.act("cancel_query", "pids", List.of(pid(victim)));
            assertTrue(stopped.text().contains("1 of 1 stopped"), stopped.text());
            assertEquals("57014", ended.get(5, TimeUnit.SECONDS));
        }
    }

    /** Between the last look at a plan and its step another statement can have begun, or another session with that pid. */
    @ParameterizedTest
    @CsvSource({"false, queryStart", "true, backendStart"})
    void a_session_that_is_another_by_now_is_not_touched(boolean terminate, String changed) throws Exception {
        try (Trial trial = Trial.on(Postgres.debian15(), state);
                var victim = trial.connect()) {
            var ended = sleeping(trial, victim);
            var tool = new CancelQuery();
            var input = tool.declaration().input().bind(Map.of("pids", List.of(pid(victim)), "terminate", terminate));
            var plan = tool.plan(input, trial.context());
            CancelQuery.Target seen = plan.looked().sessions().get(0);
            var earlier = new CancelQuery.Target(
                    seen.place(),
                    seen.pid(),
                    changed.equals("backendStart") ? Instant.EPOCH : seen.backendStart(),
                    changed.equals("queryStart") ? Instant.EPOCH : seen.queryStart(),
                    seen.userName(),
                    seen.database(),
                    seen.application(),
                    seen.backendType(),
                    seen.query());
            var step = SignalStep.of(seen.place(), List.of(earlier), input);
            var stale = new Plan<>(
                    plan.summary(),
                    new CancelQuery.Looked(List.of(earlier)),
                    plan.checks(),
                    List.<Step>of(step),
                    plan.consequences());
            var context = trial.context();
            CancelQuery.Output output;
            try (var acting = context.cluster().acting().open(Optional.empty(), "test", context.call())) {
                output = tool.act(input, stale, new Signals(acting), context);
            }
            assertEquals(0, output.stopped(), output.toString());
            assertEquals(
                    "not touched: it had changed or ended",
                    output.sessions().get(0).now());
            assertEquals("active", trial.one("SELECT state FROM pg_stat_activity WHERE pid = " + pid(victim)));
            assertFalse(ended.isDone());
            trial.one("SELECT pg_cancel_backend(" + pid(victim) + ")");
            assertEquals("57014", ended.get(5, TimeUnit.SECONDS));
        }
    }

    @Test
    void ending_a_session_is_proved_by_its_absence() throws Exception {
        try (Trial trial = Trial.on(Postgres.debian15(), state);
                var victim = trial.connect()) {
            int pid = pid(victim);
            var ended = trial.act("cancel_query", "pids", List.of(pid), "terminate", true);
            assertTrue(ended.text().contains("the session has ended"), ended.text());
            assertEquals("0", trial.one("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid));
        }
    }

    @Test
    void what_cannot_or_must_not_be_stopped_is_told_in_the_plan() throws Exception {
        try (Trial trial = Trial.on(Postgres.debian15(), state)) {
            int checkpointer =
                    Integer.parseInt(trial.one("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"));
            var system = trial.call("cancel_query", "pids", List.of(checkpointer));
            assertTrue(system.isError() && system.text().contains("checkpointer of the server itself"), system.text());
            var nobody = trial.call("cancel_query", "pids", List.of(2147483647));
            assertTrue(nobody.isError() && nobody.text().contains("there is none"), nobody.text());
            var global = trial.call("cancel_query", "pids", List.of(990000004711L));
            assertTrue(global.isError() && global.text().contains("node 99"), global.text());
            var nowhere = trial.call("cancel_query", "pids", List.of(1), "node", "elsewhere:5432");
            assertTrue(nowhere.isError() && nowhere.text().contains("no node elsewhere:5432"), nowhere.text());
        }
    }

    @Test
    void a_login_without_the_right_learns_it_from_the_plan() throws Exception {
        try (Trial owner = Trial.on(Postgres.debian15(), state);
                var victim = owner.connect()) {
            owner.sql("DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN IN ROLE pg_read_all_stats");
            String weak = "postgres://weak@127.0.0.1:" + Postgres.debian15().port() + "/postgres";
            try (Trial trial = Trial.on(Postgres.debian15(), state, "--admin-dsn", weak)) {
                var refused = trial.call("cancel_query", "pids", List.of(pid(victim)), "terminate", true);
                assertTrue(refused.isError() && refused.text().contains("may signal"), refused.text());
                assertTrue(victim.isValid(2));
            }
        }
    }

    @Test
    void a_session_idle_in_a_transaction_counts_from_its_beginning() throws Exception {
        try (Trial trial = Trial.on(Postgres.debian15(), state);
                var victim = trial.connect()) {
            victim.setAutoCommit(false);
            victim.createStatement().execute("SELECT 1");
            trial.until(
                    "t",
                    "SELECT xact_start < now() - interval '1.2 s' FROM pg_stat_activity WHERE pid = " + pid(victim));
            victim.createStatement().execute("SELECT 2");
            var ended =
                    trial.act("cancel_query", "pids", List.of(pid(victim)), "terminate", true, "only_if_running_s", 1);
            assertTrue(ended.text().contains("1 of 1 stopped"), ended.text());
        }
    }
}
