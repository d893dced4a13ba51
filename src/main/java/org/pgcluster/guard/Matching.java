package org.pgcluster.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

/** Whether what is about to run is what was consented to; if not, exactly where they part. */
final class Matching {
    private static final String ASK_AGAIN =
            "Repeat the call exactly as it was approved, or leave approval_token out for a "
                    + "new request. The approval is not used up.";
    private static final int SHOWN = 200;

    private Matching() {}

    static void require(String name, Draft approved, Draft now) {
        requireSame(name, "tool", approved.tool(), now.tool());
        requireSame(name, "cluster", approved.cluster(), now.cluster());
        requireSame(name, "identity of the cluster", approved.clusterIdentity(), now.clusterIdentity());
        requireSameArguments(name, approved.arguments(), now.arguments());
        var changes = new ArrayList<>(changedState(approved.state(), now.state()));
        changes.addAll(changedSteps(approved.steps(), now.steps()));
        if (approved.destructive() != now.destructive()) {
            changes.add("destructive: " + approved.destructive() + " → " + now.destructive());
        }
        if (!changes.isEmpty()) {
            throw new ToolException(
                    ErrorCode.PLAN_CHANGED,
                    "What " + name + " was approved for has changed since: " + String.join("; ", changes) + ".",
                    "Show the person the new plan and ask for consent to that. The old approval is not used up.");
        }
    }

    private static void requireSame(String name, String what, String approved, String now) {
        if (!approved.equals(now)) {
            throw invalid("The approval " + name + " is for another " + what + ": approved " + shown(approved)
                    + ", called " + shown(now) + ".");
        }
    }

    private static void requireSameArguments(String name, Map<String, String> approved, Map<String, String> now) {
        var differences = new ArrayList<String>();
        for (var argument : allNames(approved, now)) {
            var before = approved.get(argument);
            var after = now.get(argument);
            if (before == null || !before.equals(after)) {
                differences.add("`" + argument + "`: approved " + shown(before) + ", called " + shown(after));
            }
        }
        if (!differences.isEmpty()) {
            throw invalid("The approval " + name + " is for other arguments. " + String.join("; ", differences) + ".");
        }
    }

    private static List<String> changedState(Map<String, String> approved, Map<String, String> now) {
        var changes = new ArrayList<String>();
        for (var field : allNames(approved, now)) {
            var before = approved.get(field);
            var after = now.get(field);
            if (before == null || !before.equals(after)) {
                changes.add(field + ": " + shown(before) + " → " + shown(after));
            }
        }
        return changes;
    }

    private static List<String> changedSteps(List<String> approved, List<String> now) {
        var changes = new ArrayList<String>();
        for (int i = 0; i < Math.max(approved.size(), now.size()); i++) {
            var before = i < approved.size() ? approved.get(i) : null;
            var after = i < now.size() ? now.get(i) : null;
            if (before == null || !before.equals(after)) {
                changes.add("step " + (i + 1) + ": " + shown(before) + " → " + shown(after));
            }
        }
        return changes;
    }

    private static Set<String> allNames(Map<String, String> approved, Map<String, String> now) {
        var names = new TreeSet<>(approved.keySet());
        names.addAll(now.keySet());
        return names;
    }

    private static String shown(@Nullable String value) {
        if (value == null) {
            return "(none)";
        }
        return value.length() <= SHOWN ? value : value.substring(0, SHOWN) + "… (" + value.length() + " characters)";
    }

    private static ToolException invalid(String text) {
        return new ToolException(ErrorCode.APPROVAL_INVALID, text, ASK_AGAIN);
    }
}
