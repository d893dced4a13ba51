package org.pgcluster.toolsets.tables;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Table;
import org.pgcluster.citus.TableKind;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/**
 * Converts tables in one transaction that compares what they hold before and after, so that a conversion that fails, or
 * would lose a row, leaves them as they were.
 */
final class Converting {
    static final String WHERE = "coordinator";

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private Converting() {}

    static List<Step> steps(Citus citus, List<Table> tables, String lock, String conversion) {
        String names = String.join(", ", tables.stream().map(Contents::quoted).toList());
        String sums = Contents.of(citus, tables).statement();
        List<Step> steps = new ArrayList<>();
        // What is read over several connections to a node cannot be rewritten in the same transaction.
        steps.add(Step.together(WHERE, "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"));
        // The nodes wait no longer for a shard that somebody holds than the coordinator does for the table.
        steps.add(Step.together(WHERE, "SET LOCAL citus.propagate_set_commands = 'local'"));
        steps.add(Step.together(
                WHERE, "SET LOCAL lock_timeout = " + citus.actLockTimeout().toMillis()));
        steps.add(Step.together(WHERE, "LOCK TABLE " + names + " IN " + lock + " MODE"));
        steps.add(Step.together(WHERE, sums));
        steps.add(Step.together(WHERE, conversion));
        steps.add(Step.together(WHERE, sums + " /* afterwards */"));
        return steps;
    }

    static List<Contents.Sum> carryOut(List<Step> planned, Hands hands) {
        List<Step.Statement> steps =
                planned.stream().map(step -> (Step.Statement) step).toList();
        List<Contents.Sum> sums = new ArrayList<>();
        try {
            hands.runChecked(steps.get(0), outcome -> {
                int asked = steps.size() - 3;
                for (Step.Statement step : steps.subList(1, asked)) {
                    hands.run(step);
                }
                List<Contents.Sum> before = hands.list(steps.get(asked), Contents.Sum.class);
                hands.run(steps.get(asked + 1));
                List<Contents.Sum> after = hands.list(steps.get(asked + 2), Contents.Sum.class);
                Contents.requireSame(before, after);
                sums.addAll(after);
            });
        } catch (ToolException e) {
            throw e.code() == ErrorCode.OUTCOME_UNKNOWN
                    ? e
                    : e.withHint("Everything was rolled back: it is as it was." + mend(e));
        }
        return sums;
    }

    /** Who holds a shard is seen on its node alone. */
    private static String mend(ToolException e) {
        if (LOCK_NOT_AVAILABLE.equals(e.sqlstate())) {
            return " Somebody holds the table or one of its shards: citus_activity names the transactions of all nodes.";
        }
        return e.hint() == null ? "" : " " + e.hint();
    }

    static String word(TableKind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Check better(String what, boolean holds, String found) {
        return new Check(what, holds ? Verdict.HOLDS : Verdict.RISKY, found);
    }

    static Check leftOut(Citus citus, List<Table> tables) {
        List<String> leftOut = Contents.of(citus, tables).leftOut();
        return better(
                "the checksum covers every column",
                leftOut.isEmpty(),
                leftOut.isEmpty()
                        ? "yes"
                        : "not " + String.join(", ", leftOut) + ": how they are written depends on settings");
    }

    /** Citus takes tables with triggers only when told that they are safe. */
    static List<Check> triggers(Citus citus, ConversionFacts facts) {
        if (facts.shell().triggers().isEmpty()) {
            return List.of();
        }
        boolean allowed = citus.sql()
                .one(Setting.class, "SELECT current_setting('citus.enable_unsafe_triggers', true) = 'on' AS is_on")
                .isOn();
        return List.of(new Check(
                "it has no triggers",
                allowed ? Verdict.RISKY : Verdict.FAILS,
                String.join(", ", facts.shell().triggers())
                        + (allowed ? ": they run on the shards" : "; drop them, or set citus.enable_unsafe_triggers")));
    }

    private record Setting(boolean isOn) {}
}
