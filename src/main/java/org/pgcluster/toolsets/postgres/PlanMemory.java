package org.pgcluster.toolsets.postgres;

import java.util.List;
import java.util.Map;
import org.pgcluster.checks.plan.PlanNode;

/** Where a sort went, and how much memory would have held it. */
final class PlanMemory {
    /** Rows in memory are larger than on the tape that the figure is about. */
    private static final double LARGER_IN_MEMORY = 2.5;

    private PlanMemory() {}

    /** Kilobytes that the sort wrote, in all its processes; zero where it stayed in memory. */
    static long sortedOnDisk(PlanNode node) {
        double kilobytes = onDisk(node.figures());
        if (node.figures().get("Workers") instanceof List<?> workers) {
            for (Object worker : workers) {
                kilobytes += worker instanceof Map<?, ?> figures ? onDisk(figures) : 0;
            }
        }
        return Math.round(kilobytes);
    }

    private static double onDisk(Map<?, ?> figures) {
        double kilobytes =
                "Disk".equals(figures.get("Sort Space Type")) ? PlanNode.number(figures, "Sort Space Used") : 0;
        for (String groups : List.of("Full-sort Groups", "Pre-sorted Groups")) {
            if (figures.get(groups) instanceof Map<?, ?> group
                    && group.get("Sort Space Disk") instanceof Map<?, ?> disk) {
                kilobytes += PlanNode.number(disk, "Peak Sort Space Used");
            }
        }
        return kilobytes;
    }

    static long workMemFor(long kilobytesOnDisk) {
        return rounded(kilobytesOnDisk * LARGER_IN_MEMORY);
    }

    static long hashMemFor(double kilobytes) {
        return rounded(kilobytes);
    }

    private static long rounded(double kilobytes) {
        long megabytes = 4;
        while (megabytes * 1024 < kilobytes) {
            megabytes *= 2;
        }
        return megabytes;
    }
}
