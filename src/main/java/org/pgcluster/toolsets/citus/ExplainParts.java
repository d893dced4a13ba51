package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.plan.PlanNode;
import org.pgcluster.citus.Citus;
import org.pgcluster.toolsets.citus.CitusExplainQuery.How;
import org.pgcluster.toolsets.citus.ExplainTables.ShardTable;

/** The jobs that a plan sends to nodes: that of the statement itself, and one for each part computed before it. */
final class ExplainParts {
    private static final Pattern SHARD = Pattern.compile("_(\\d{5,18})$");
    private static final int MOST_SHARDS = 64;

    /** What stands in a statement and names no shard: literals, and the comment that Citus puts before it. */
    private static final Pattern NO_NAMES = Pattern.compile("(?s)'(?:[^']|'')*'|/\\*.*?\\*/");

    private static final Pattern SHARDS_NAMED = Pattern.compile("_(\\d{5,18})\\b");

    /**
     * A task as far as the plan shows it; {@code plans} are those of the node that runs it. Where no node planned it, Citus
     * names none either.
     */
    record Task(
            @Nullable String node,
            @Nullable String statement,
            List<PlanNode> plans,
            @Nullable Double ms) {
        Stream<Long> shardIds() {
            String sql = statement;
            return planned() || sql == null
                    ? plans.stream().flatMap(PlanNode::all).flatMap(plan -> shardOf(plan).stream())
                    : SHARDS_NAMED
                            .matcher(NO_NAMES.matcher(sql).replaceAll(""))
                            .results()
                            .map(found -> Long.parseLong(found.group(1)));
        }

        boolean planned() {
            return node != null;
        }
    }

    /** {@code subplan}: its rows go through the coordinator to the rest of the statement. */
    record Part(String name, boolean subplan, long tasks, boolean repartitions, List<Task> shown) {}

    record NodeTasks(@Nullable Integer nodeId, String where, long tasks) {}

    record Told(
            String part,
            How how,
            long tasks,
            List<String> tables,
            List<Long> shards,
            boolean allShardsShown,
            List<NodeTasks> nodes,
            @Nullable Double slowestTaskMs) {}

    private final List<Part> parts = new ArrayList<>();
    private boolean pulls;
    private boolean repartitions;

    static ExplainParts of(Map<?, ?> explained) {
        ExplainParts found = new ExplainParts();
        if (explained.get("Plan") instanceof Map<?, ?> plan) {
            found.walk(plan, "statement", false);
        }
        return found;
    }

    static Optional<Long> shardOf(PlanNode node) {
        var matcher = SHARD.matcher(String.valueOf(node.text("Relation Name")));
        return matcher.find() ? Optional.of(Long.parseLong(matcher.group(1))) : Optional.empty();
    }

    private void walk(Map<?, ?> node, String name, boolean subplan) {
        if (node.get("Distributed Query") instanceof Map<?, ?> distributed) {
            int number = 0;
            for (Map<?, ?> computed : maps(distributed.get("Subplans"))) {
                pulls = true;
                number++;
                for (Map<?, ?> planned : maps(computed.get("PlannedStmt"))) {
                    planIn(planned, (subplan ? name + "." : "subplan ") + number, true);
                }
            }
            if (distributed.get("Job") instanceof Map<?, ?> job) {
                parts.add(part(name, subplan, job));
            }
        }
        if (node.get("INSERT/SELECT method") instanceof String method) {
            repartitions |= method.equals("repartition");
            pulls |= !method.equals("repartition");
        }
        for (Map<?, ?> source : maps(node.get("Select Query"))) {
            planIn(source, "SELECT of the INSERT", true);
        }
        for (Map<?, ?> child : maps(node.get("Plans"))) {
            walk(child, name, subplan);
        }
    }

    private void planIn(Map<?, ?> explained, String name, boolean subplan) {
        if (explained.get("Plan") instanceof Map<?, ?> plan) {
            walk(plan, name, subplan);
        }
    }

    private Part part(String name, boolean subplan, Map<?, ?> job) {
        boolean between = job.get("Dependent Jobs") instanceof List<?>;
        repartitions |= between;
        List<Task> shown =
                maps(job.get("Tasks")).stream().map(ExplainParts::task).toList();
        return new Part(name, subplan, Math.round(PlanNode.number(job, "Task Count")), between, shown);
    }

    private static Task task(Map<?, ?> task) {
        List<PlanNode> plans = new ArrayList<>();
        Double ms = null;
        if (task.get("Remote Plan") instanceof List<?> remote) {
            for (Object one : remote) {
                for (Map<?, ?> explained : maps(one)) {
                    if (explained.get("Plan") instanceof Map<?, ?> plan) {
                        plans.add(PlanNode.root(plan));
                    }
                    if (explained.get("Execution Time") instanceof Number time) {
                        ms = Math.round(10 * time.doubleValue()) / 10.0;
                    }
                }
            }
        }
        Object statement = task.get("Query");
        Object node = task.get("Node");
        return new Task(
                node == null ? null : address(node.toString()),
                statement == null ? null : statement.toString(),
                plans,
                ms);
    }

    private static String address(String node) {
        return node.replaceAll("^host=(\\S+) port=(\\d+).*", "$1:$2");
    }

    static List<Map<?, ?>> maps(@Nullable Object list) {
        List<Map<?, ?>> maps = new ArrayList<>();
        if (list instanceof List<?> all) {
            all.forEach(one -> {
                if (one instanceof Map<?, ?> map) {
                    maps.add(map);
                }
            });
        }
        return maps;
    }

    List<Part> all() {
        return parts;
    }

    long tasks() {
        return parts.stream().mapToLong(Part::tasks).sum();
    }

    How how() {
        if (repartitions) {
            return How.REPARTITION;
        }
        if (pulls) {
            return How.PULL_TO_COORDINATOR;
        }
        return parts.isEmpty() ? How.LOCAL : tasks() > 1 ? How.FAN_OUT : How.ROUTER;
    }

    List<Long> shardIds() {
        return parts.stream()
                .flatMap(part -> part.shown().stream())
                .flatMap(Task::shardIds)
                .distinct()
                .sorted()
                .toList();
    }

    List<String> statements() {
        return parts.stream()
                .flatMap(part -> part.shown().stream())
                .map(task -> (task.node() == null ? "not planned" : task.node()) + ": " + task.statement())
                .toList();
    }

    /** Those that no node planned. */
    List<Task> unplanned() {
        return parts.stream()
                .flatMap(part -> part.shown().stream())
                .filter(task -> !task.planned())
                .toList();
    }

    boolean allShown() {
        return parts.stream().allMatch(part -> part.shown().size() == part.tasks());
    }

    List<Told> told(Citus citus, Map<Long, ShardTable> tables, ExplainPlacements placements) {
        return parts.stream().map(part -> told(part, citus, tables, placements)).toList();
    }

    private static Told told(Part part, Citus citus, Map<Long, ShardTable> tables, ExplainPlacements placements) {
        TreeSet<Long> shards = new TreeSet<>();
        TreeSet<String> names = new TreeSet<>();
        Map<String, Long> nodes = new LinkedHashMap<>();
        for (Task task : part.shown()) {
            nodes.merge(placements.where(task), 1L, Long::sum);
            task.shardIds().forEach(shard -> {
                ShardTable table = tables.get(shard);
                if (table != null) {
                    shards.add(shard);
                    names.add(table.inWords());
                }
            });
        }
        return new Told(
                part.name(),
                part.repartitions() ? How.REPARTITION : part.tasks() > 1 ? How.FAN_OUT : How.ROUTER,
                part.tasks(),
                List.copyOf(names),
                shards.stream().limit(MOST_SHARDS).toList(),
                part.shown().size() == part.tasks() && shards.size() <= MOST_SHARDS,
                nodes.entrySet().stream()
                        .map(one -> new NodeTasks(nodeId(citus, one.getKey()), one.getKey(), one.getValue()))
                        .toList(),
                part.shown().stream()
                        .map(Task::ms)
                        .filter(java.util.Objects::nonNull)
                        .max(Double::compare)
                        .orElse(null));
    }

    /** Citus calls the node it runs on by citus.local_hostname, which is no name in the metadata. */
    private static @Nullable Integer nodeId(Citus citus, String where) {
        return citus.nodes().stream()
                .filter(node ->
                        node.where().equals(where) || (node.groupId() == 0 && where.equals("localhost:" + node.port())))
                .map(org.pgcluster.citus.CitusNode::nodeId)
                .findFirst()
                .orElse(null);
    }
}
