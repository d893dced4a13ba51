package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.snapshot.CitusState;
import org.pgcluster.snapshot.CitusState.Task;
import org.pgcluster.snapshot.Snapshot;

/** Whether shards lie where they should, and whether what moves them gets on. */
final class CitusPlacement implements Check {
    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("citus.shards_unwanted", "a node should hold no shards and holds some"),
                new Kind("citus.placement_skewed", "one node holds far more or fewer shards than its share"),
                new Kind("citus.cannot_be_moved", "shards should move and a table without identity cannot"),
                new Kind("citus.job_blocked", "a job that moves shards waits behind a session"),
                new Kind("citus.job_retrying", "a job that moves shards fails and tries again"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        snapshot.citus().ifPresent(citus -> {
            Map<Long, List<Task>> jobs = new TreeMap<>();
            citus.tasks()
                    .forEach(task -> jobs.computeIfAbsent(task.jobId(), x -> new ArrayList<>())
                            .add(task));
            jobs.values().forEach(tasks -> job(tasks, findings));
            Map<Integer, Long> shards = new TreeMap<>();
            citus.placed().stream().forEach(one -> shards.put(one.groupId(), one.shards()));
            unwanted(citus, shards, findings);
            skewed(citus, shards, findings);
            if (!findings.isEmpty()) {
                identity(citus, findings);
            }
        });
        return findings;
    }

    /** Several tasks of one job fail for one reason: the first that is held up speaks for all. */
    private static void job(List<Task> tasks, List<Finding> findings) {
        Task task = tasks.stream()
                .filter(one -> one.blockers() != null)
                .findFirst()
                .orElseGet(() -> tasks.stream()
                        .filter(one -> one.retries() > 0)
                        .findFirst()
                        .orElse(tasks.get(0)));
        if (task.blockers() != null) {
            findings.add(Found.warning(
                            "citus.job_blocked",
                            "job " + task.jobId(),
                            "Job " + task.jobId() + " does not get on: its task " + task.taskId()
                                    + " waits behind session " + task.blockers())
                    .sure(task.stillBlocked() ? Sure.CERTAIN : Sure.LIKELY)
                    .read("state", task.jobState())
                    .read("pg_blocking_pids", task.blockers())
                    .read("still_blocked_later", task.stillBlocked())
                    .read("job_seconds", task.jobSeconds())
                    .next("citus_rebalance_status", Map.of("verbose", true))
                    .byHand("SELECT pid, state, xact_start, query FROM pg_stat_activity WHERE pid IN ("
                            + task.blockers() + ")")
                    .advice("End what blocks it, or cancel the job: citus_job_cancel keeps the moves that are done."));
        } else if (task.retries() > 0) {
            findings.add(Found.warning(
                            "citus.job_retrying",
                            "job " + task.jobId(),
                            "Job " + task.jobId() + " fails and tries again: its task " + task.taskId() + " has been"
                                    + " retried " + (task.retries() == 1 ? "once" : task.retries() + " times"))
                    .read("state", task.jobState())
                    .read("task_state", task.taskState())
                    .read("retries", task.retries())
                    .read("message", task.message())
                    .next("citus_job_inspector", Map.of("include_tasks", true))
                    .byHand("SELECT citus_job_cancel(" + task.jobId() + ")")
                    .advice("Its message says why; it tries for up to half an hour a task. Without enough disk: free"
                            + " some, or lower citus.desired_percent_disk_available_after_move."));
        }
    }

    private static void unwanted(CitusState citus, Map<Integer, Long> shards, List<Finding> findings) {
        boolean moving = !citus.tasks().isEmpty();
        for (CitusNode node : citus.nodes()) {
            long held = shards.getOrDefault(node.groupId(), 0L);
            if (node.isAsked() && !node.shouldHaveShards() && node.groupId() != 0 && held > 0) {
                findings.add(Found.warning(
                                "citus.shards_unwanted",
                                node.where(),
                                node.where() + " is marked to hold no shards and holds " + held
                                        + (moving ? "; a job is moving them" : " that nothing moves away"))
                        .read("shouldhaveshards", false)
                        .read("shards", held)
                        .next("citus_rebalance_plan")
                        .byHand("SELECT citus_set_node_property('" + node.host() + "', " + node.port()
                                + ", 'shouldhaveshards', true)")
                        .advice("A drain that failed leaves that behind. Drain it again if it is to go; else set the"
                                + " property back (citus_set_node_property)."));
            }
        }
    }

    /** A share differs by a shard or two with every table; a node with less than half of it, or twice it, has another reason. */
    private static void skewed(CitusState citus, Map<Integer, Long> shards, List<Finding> findings) {
        List<CitusNode> holders = citus.nodes().stream()
                .filter(node -> node.holdsShards() && node.groupId() != 0)
                .toList();
        long all = holders.stream()
                .mapToLong(node -> shards.getOrDefault(node.groupId(), 0L))
                .sum();
        if (holders.size() < 2 || all < 2L * holders.size()) {
            return;
        }
        double share = (double) all / holders.size();
        List<String> told = holders.stream()
                .map(node -> node.where() + " " + shards.getOrDefault(node.groupId(), 0L))
                .toList();
        boolean skewed = holders.stream()
                .mapToLong(node -> shards.getOrDefault(node.groupId(), 0L))
                .anyMatch(held -> held * 2 < share || held > share * 2);
        boolean empty = holders.stream().anyMatch(node -> shards.getOrDefault(node.groupId(), 0L) == 0);
        if (skewed) {
            String title = "Shards are spread unevenly: " + String.join(", ", told);
            Found found = empty
                    ? Found.warning("citus.placement_skewed", "placements", title)
                    : Found.notice("citus.placement_skewed", "placements", title)
                            .sure(Sure.LIKELY); // by their sizes it may be even
            findings.add(found.read("shards", told)
                    .read("share", Math.round(share))
                    .next("citus_rebalance_plan")
                    .byHand("SELECT * FROM get_rebalance_table_shards_plan()")
                    .advice("A node that was just added is empty until a rebalance: citus_rebalance_execute."));
        }
    }

    private static void identity(CitusState citus, List<Finding> findings) {
        for (String table : citus.withoutIdentity()) {
            findings.add(Found.notice(
                            "citus.cannot_be_moved",
                            table,
                            "Table " + table + " has neither primary key nor replica identity: moving its shards is"
                                    + " refused")
                    .read("relreplident", "default, without a key")
                    .next("citus_validate_rebalance_prereqs", Map.of("table", table))
                    .byHand("ALTER TABLE " + table + " REPLICA IDENTITY FULL")
                    .advice("Add a key, or move with shard_transfer_mode block_writes, which stops writes meanwhile."));
        }
    }
}
