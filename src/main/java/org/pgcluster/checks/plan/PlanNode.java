package org.pgcluster.checks.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One node of a plan as EXPLAIN's JSON tells it. Figures of EXPLAIN are averages of one loop; {@code processes} is how
 * many run the node side by side. {@code mayStopEarly}: what is above need not read it to its end.
 */
public record PlanNode(Map<?, ?> figures, List<PlanNode> children, int depth, double processes, boolean mayStopEarly) {
    /** These read all that is below them before they give their first row. */
    private static final Set<String> READS_ALL = Set.of("Sort", "Hash", "ModifyTable", "LockRows");

    public static PlanNode root(Map<?, ?> figures) {
        return of(figures, 0, 1, false);
    }

    private static PlanNode of(Map<?, ?> figures, int depth, double processes, boolean mayStopEarly) {
        List<PlanNode> children = new ArrayList<>();
        if (figures.get("Plans") instanceof List<?> plans) {
            for (Object plan : plans) {
                if (plan instanceof Map<?, ?> child) {
                    children.add(of(
                            child,
                            depth + 1,
                            processesBelow(figures, child, processes),
                            mayStop(figures, child, mayStopEarly)));
                }
            }
        }
        return new PlanNode(figures, List.copyOf(children), depth, processes, mayStopEarly);
    }

    /** Counted, not computed from the workers: the leader takes part or not. */
    private static double processesBelow(Map<?, ?> gather, Map<?, ?> child, double processes) {
        boolean gathers = String.valueOf(gather.get("Node Type")).startsWith("Gather");
        double once = number(gather, "Actual Loops") / processes;
        return gathers && once > 0 ? Math.max(1, number(child, "Actual Loops") / once) : processes;
    }

    private static boolean mayStop(Map<?, ?> figures, Map<?, ?> child, boolean above) {
        String type = String.valueOf(figures.get("Node Type"));
        boolean inner = "Inner".equals(child.get("Parent Relationship"));
        boolean oneMatch = Boolean.TRUE.equals(figures.get("Inner Unique"))
                || Set.of("Semi", "Anti").contains(String.valueOf(figures.get("Join Type")));
        boolean asked = Set.of("InitPlan", "SubPlan").contains(String.valueOf(child.get("Parent Relationship")));
        boolean all =
                READS_ALL.contains(type) || (type.equals("Aggregate") && !"Sorted".equals(figures.get("Strategy")));
        return type.equals("Limit") || type.equals("Merge Join") || asked || (inner && oneMatch) || (above && !all);
    }

    public Stream<PlanNode> all() {
        return Stream.concat(Stream.of(this), children.stream().flatMap(PlanNode::all));
    }

    public double number(String name) {
        return number(figures, name);
    }

    public static double number(Map<?, ?> figures, String name) {
        return figures.get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    @Nullable
    public String text(String name) {
        Object value = figures.get(name);
        return value == null ? null : String.valueOf(value);
    }

    public String type() {
        return String.valueOf(text("Node Type"));
    }

    public boolean is(String name, String value) {
        return value.equals(text(name));
    }

    /** A part that is computed by itself and used by name elsewhere. */
    public boolean initPlan() {
        return is("Parent Relationship", "InitPlan");
    }

    public boolean measured() {
        return figures.containsKey("Actual Loops");
    }

    public boolean neverExecuted() {
        return measured() && loops() == 0;
    }

    public double loops() {
        return number("Actual Loops");
    }

    /** In all loops together; servers before 18 round the average that this comes from. */
    public double allRows() {
        return number("Actual Rows") * loops();
    }

    public double removed(String by) {
        return number("Rows Removed by " + by) * loops();
    }

    /** Milliseconds of the clock: loops of parallel processes pass at the same time. */
    public double milliseconds() {
        return number("Actual Total Time") * loops() / processes;
    }

    /** The table as a tool takes it. */
    public String table() {
        String schema = text("Schema");
        return (schema == null ? "" : schema + ".") + text("Relation Name");
    }

    public String alias() {
        String alias = text("Alias");
        return alias == null ? String.valueOf(text("Relation Name")) : alias;
    }
}
