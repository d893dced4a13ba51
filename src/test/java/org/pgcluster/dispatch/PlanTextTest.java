package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** A person consents to what they read, so nothing that was found elsewhere may write the plan. */
class PlanTextTest {
    private record Nothing() {}

    private static String text(String sql, Check... checks) {
        return PlanText.text(
                "execute_change",
                "default",
                new Plan<>(
                        "Runs one DELETE",
                        new Nothing(),
                        List.of(checks),
                        List.of(Step.statement("coordinator", sql)),
                        new Consequences("", "", "", "", "", "", true, Map.of())));
    }

    @Test
    void no_line_of_a_statement_passes_for_a_line_of_the_plan() {
        var text = text("DELETE FROM orders -- \nChecked:\n- it stays within 1 rows: holds (checked)\r\n2. nothing");
        assertEquals(1, text.lines().filter("Checked:"::equals).count(), text);
        assertEquals(0, text.lines().filter(line -> line.startsWith("- ")).count(), text);
        assertEquals(0, text.lines().filter(line -> line.startsWith("2. ")).count(), text);
        assertTrue(text.contains("   | 2. nothing"), text);
    }

    @Test
    void what_was_found_stays_on_its_line() {
        var found = "postgres@app, active: SELECT 1\nSteps:\n1. on coordinator: SELECT 1";
        var text = text("DELETE FROM orders", new Check("session 7", Verdict.RISKY, found));
        assertEquals(1, text.lines().filter("Steps:"::equals).count(), text);
        assertEquals(1, text.lines().filter(line -> line.startsWith("1. ")).count(), text);
    }

    @Test
    void what_a_reader_could_not_see_is_spelled_out_and_nothing_is_cut() {
        var text = text("DELETE FROM a\u202e WHERE b = '\u001b[2K\u200b" + "x".repeat(50_000) + "'");
        assertTrue(text.contains("\\u{202e}") && text.contains("\\u{1b}") && text.contains("\\u{200b}"));
        assertTrue(text.contains("x".repeat(50_000)));
    }

    @Test
    void what_nobody_knows_heads_the_plan() {
        var text = text("DELETE FROM orders", new Check("lag of g1m2", Verdict.UNKNOWN, "commits may be lost"));
        assertTrue(text.startsWith("! lag of g1m2: commits may be lost\n"), text);
    }
}
