package org.pgcluster.toolsets.postgres.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.plan.PlanNode;

/** The plans of shards that Citus shows inside its own. */
final class DistributedPlan {
    private DistributedPlan() {}

    static boolean isOne(PlanNode root) {
        return root.all().anyMatch(DistributedPlan::isCitus);
    }

    private static boolean isCitus(PlanNode node) {
        return String.valueOf(node.text("Custom Plan Provider")).startsWith("Citus");
    }

    static List<PlanNode> of(PlanNode root) {
        List<PlanNode> plans = new ArrayList<>();
        root.all()
                .filter(DistributedPlan::isCitus)
                .forEach(node -> collect(node.figures().get("Distributed Query"), false, plans));
        return plans;
    }

    /** Under "Remote Plan", whatever lists stand around it; subplans of Citus lie deeper in the same tree. */
    private static void collect(@Nullable Object json, boolean remote, List<PlanNode> plans) {
        if (json instanceof List<?> list) {
            list.forEach(one -> collect(one, remote, plans));
        } else if (json instanceof Map<?, ?> map && remote && map.get("Plan") instanceof Map<?, ?> figures) {
            plans.add(PlanNode.root(figures));
        } else if (json instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                collect(entry.getValue(), Objects.equals(entry.getKey(), "Remote Plan"), plans);
            }
        }
    }
}
