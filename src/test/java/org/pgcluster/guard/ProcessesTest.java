package org.pgcluster.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Two real processes at the same moment. */
class ProcessesTest {
    private static final int ROUNDS = 100;

    @TempDir
    Path state;

    private record Other(Process process, Writer in, BufferedReader out) implements AutoCloseable {
        static Other on(Path state) throws IOException {
            var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
            var process = new ProcessBuilder(
                            java,
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Contender.class.getName(),
                            state.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            return new Other(
                    process,
                    process.outputWriter(StandardCharsets.UTF_8),
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
        }

        void tell(String what, String word, long at) throws IOException {
            in.write(what + " " + word + " " + at + "\n");
            in.flush();
        }

        String answer() throws IOException {
            return String.valueOf(out.readLine());
        }

        @Override
        public void close() throws IOException {
            in.close();
            process.destroy();
        }
    }

    @Test
    void two_processes_with_one_approval_at_the_same_moment_run_it_once() throws IOException {
        var guard = Desks.guard(state, Clock.systemUTC());
        try (var one = Other.on(state);
                var two = Other.on(state)) {
            for (int round = 0; round < ROUNDS; round++) {
                var name = guard.ask(Desks.draft()).name();
                guard.approve(name, Desks.ANN, Optional.empty());
                long at = System.currentTimeMillis() + 4;
                one.tell("spend", name, at);
                two.tell("spend", name, at);
                var answers = List.of(one.answer(), two.answer());
                assertEquals(1, answers.stream().filter("done"::equals).count(), answers.toString());
                assertEquals(
                        1,
                        answers.stream()
                                .filter(answer -> answer.contains("used already"))
                                .count(),
                        answers.toString());
            }
        }
    }

    @Test
    void two_processes_that_make_the_key_at_the_same_moment_agree_on_it() throws IOException {
        for (int round = 0; round < 5; round++) {
            var fresh = state.resolve("state" + round);
            try (var one = Other.on(fresh);
                    var two = Other.on(fresh)) {
                long at = System.currentTimeMillis() + 1000;
                one.tell("ask", "-", at);
                two.tell("ask", "-", at);
                var name = one.answer();
                assertTrue(Names.looksRight(name), name);
                assertEquals(name, two.answer());
                assertEquals(
                        Desks.draft(),
                        Desks.guard(fresh, Clock.systemUTC()).open(name).draft());
            }
        }
    }

    @Test
    void an_act_of_another_process_holds_the_cluster_until_that_process_is_gone() throws Exception {
        var lock = new ClusterLock(state, Clock.systemUTC());
        try (var other = Other.on(state)) {
            other.tell("lock", "estate", 0);
            assertEquals("done", other.answer());
            var refused = assertThrows(ToolException.class, () -> lock.take("prod", "estate", "drop_index"));
            assertEquals(ErrorCode.CONFLICT, refused.code());
            assertTrue(refused.text().startsWith("Another act holds the cluster prod: create_index since 20"));
            assertTrue(refused.text().contains("process " + other.process().pid()));
            lock.take("prod", "another estate", "drop_index").close();

            other.process().destroyForcibly().waitFor();
            lock.take("prod", "estate", "drop_index").close();
        }
    }

    @Test
    void two_acts_of_one_process_exclude_each_other_and_a_refusal_does_not_break_the_lock() throws Exception {
        var lock = new ClusterLock(state, Clock.systemUTC());
        try (var other = Other.on(state)) {
            var held = lock.take("prod", "estate", "drop_index");
            assertThrows(ToolException.class, () -> lock.take("prod", "estate", "create_index"));
            other.tell("lock", "estate", 0);
            assertTrue(other.answer().contains("drop_index since"));
            held.close();
            held.close();
            other.tell("lock", "estate", 0);
            assertEquals("done", other.answer());
        }
    }
}
