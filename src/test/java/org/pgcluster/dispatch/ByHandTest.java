package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgcluster.config.ClusterSettings;
import org.pgcluster.config.Inputs;
import org.pgcluster.config.Settings;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** What mode: plan prints is pasted into a shell, so that nothing in a statement may reach the shell or psql itself. */
class ByHandTest {
    private static final Path NOWHERE = Path.of("/nonexistent");

    private record Nothing() {}

    private static ClusterSettings cluster() {
        var arguments = List.of(
                "--coordinator-dsn=postgresql://reader:r-secret@db1:6432/app",
                "--direct-dsn=postgresql://db1:5432/app",
                "--admin-dsn=postgresql://actor:a-secret@elsewhere:5433/app",
                "--mode=plan");
        return Settings.load(new Inputs(arguments, Map.of(), NOWHERE, NOWHERE, "Linux", "tester"))
                .clusters()
                .values()
                .iterator()
                .next();
    }

    private static Plan<Nothing> plan(Step step) {
        return new Plan<>(
                "", new Nothing(), List.of(), List.of(step), new Consequences("", "", "", "", "", "", true, Map.of()));
    }

    private static String command(Step step) {
        return ByHand.commands(plan(step), cluster(), "app").get(0);
    }

    @Test
    void it_goes_where_acts_go_as_who_acts_and_without_a_password() {
        var command = command(Step.concurrent("coordinator", "DROP INDEX CONCURRENTLY \"it's\""));
        assertTrue(command.contains("host=db1 port=5432 dbname=app user=actor"), command);
        assertTrue(command.endsWith(" -c 'DROP INDEX CONCURRENTLY \"it'\\''s\"'"), command);
        assertFalse(command.contains("secret"), command);
    }

    @Test
    void values_stand_where_their_parameters_stood() {
        var command = command(Step.statement("coordinator", "SELECT $2, $$ $1 $$, $1", "a\\b", null));
        assertTrue(command.endsWith(" -c 'SELECT NULL, $$ $1 $$,  E'\\''a\\\\b'\\'''"), command);
    }

    @Test
    void rows_beyond_the_plan_are_rolled_back_by_hand_as_well() {
        var command = command(Step.checked("coordinator", "DELETE FROM t WHERE a ? 'b'", List.of(), 7));
        assertTrue(command.contains("\nDELETE FROM t WHERE a ? 'b'\n;\nSELECT :ROW_COUNT > 7 "), command);
    }

    @Test
    void no_statement_reaches_the_shell_or_steers_psql() {
        var closing = command(Step.checked("coordinator", "UPDATE t SET a = '\nPGCLUSTER\nreboot\n'", List.of(), 1));
        assertTrue(closing.contains("<<'PGCLUSTER_'\n") && closing.endsWith("\nPGCLUSTER_"), closing);
        assertEquals("", command(Step.checked("coordinator", "DELETE FROM t \\! reboot", List.of(), 1)));
        assertEquals("", command(Step.statement("coordinator", "\\! reboot")));
        assertEquals("", command(Step.statement("coordinator", "DELETE FROM a\u202e")));
        var unsafe = plan(Step.statement("coordinator", "\\! reboot"));
        var text = ByHand.text(unsafe, ByHand.commands(unsafe, cluster(), "app"));
        assertTrue(text.contains("1. no command: ") && !text.contains("reboot"), text);
    }
}
