package org.pgcluster.snapshot;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.pgcluster.call.Call;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Identity;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.snapshot.CitusState.MissingCopy;
import org.pgcluster.snapshot.CitusState.Placed;
import org.pgcluster.snapshot.CitusState.Task;

/** Asks the coordinator for its metadata alone, so that no node that hangs can hold it up. */
final class CitusReading {
    private static final String PLACED = """
            SELECT place.groupid AS group_id, count(*) AS shards
              FROM pg_dist_placement AS place
              JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
              JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
             WHERE part.partmethod = 'h'
             GROUP BY place.groupid
             ORDER BY place.groupid
            """;

    private static final String MISSING_COPIES = """
            SELECT shard.logicalrelid::regclass::text AS table_name, node.nodeid AS node_id
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
             CROSS JOIN pg_dist_node AS node
             WHERE part.partmethod = 'n' AND part.repmodel = 't' AND node.noderole = 'primary' AND node.isactive
               AND node.groupid <> 0 -- the coordinator gets its copies when they are first needed
               AND NOT EXISTS (SELECT FROM pg_dist_placement AS place
                                WHERE place.shardid = shard.shardid AND place.groupid = node.groupid)
             ORDER BY 1, 2
             LIMIT 50
            """;

    private static final String WITHOUT_IDENTITY = """
            SELECT shell.oid::regclass::text AS name
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE {missing}
             ORDER BY 1
             LIMIT 20
            """.replace("{missing}", Identity.MISSING);

    private static final String TASKS = """
            SELECT job.job_id, job.state::text AS job_state, task.task_id, task.status::text AS task_state,
                   coalesce(task.retry_count, 0)::bigint AS retries, left(task.message, 300) AS message,
                   nullif(array_to_string(pg_blocking_pids(task.pid), ', '), '') AS blockers,
                   coalesce(extract(epoch FROM clock_timestamp() - job.started_at), 0)::bigint AS job_seconds,
                   false AS still_blocked
              FROM pg_dist_background_job AS job
              JOIN pg_dist_background_task AS task ON task.job_id = job.job_id
             WHERE job.state IN ('scheduled', 'running', 'failing')
               AND (task.pid IS NOT NULL OR task.retry_count > 0 OR task.status = 'error')
             ORDER BY job.job_id, task.task_id
             LIMIT 20
            """;

    private static final String KNOWS_JOBS =
            "SELECT to_regclass('pg_catalog.pg_dist_background_task') IS NOT NULL AS known";

    private record Known(boolean known) {}

    private record Name(String name) {}

    /** Empty where there is no Citus; silence where it could not be asked. */
    record Read(Optional<CitusState> state, Optional<Unread> silence) {}

    static final Read NOTHING = new Read(Optional.empty(), Optional.empty());

    private CitusReading() {}

    static Read of(Cluster cluster, Call call, Pause pause) {
        try {
            Sql sql = cluster.reservedSql(call);
            if (!sql.capabilities().has("citus")) {
                return NOTHING;
            }
            return new Read(Optional.of(state(cluster, sql, pause)), Optional.empty());
        } catch (ToolException e) {
            return new Read(Optional.empty(), Optional.of(Unread.of("citus", "metadata", e)));
        }
    }

    static CitusState state(Cluster cluster, Sql sql, Pause pause) {
        return new CitusState(
                Citus.nodes(sql),
                sql.list(Placed.class, PLACED),
                sql.list(MissingCopy.class, MISSING_COPIES),
                sql.list(Name.class, WITHOUT_IDENTITY).stream().map(Name::name).toList(),
                tasks(sql, pause).stream()
                        .map(task -> task.saying(cluster::shown))
                        .toList());
    }

    private static List<Task> tasks(Sql sql, Pause pause) {
        if (!sql.one(Known.class, KNOWS_JOBS).known()) {
            return List.of();
        }
        List<Task> first = sql.list(Task.class, TASKS);
        if (first.stream().allMatch(task -> task.blockers() == null)) {
            return first;
        }
        pause.untilSecondLook();
        List<Task> later = sql.list(Task.class, TASKS);
        return first.stream()
                .map(task -> task.andLater(later.stream()
                        .anyMatch(again -> again.taskId() == task.taskId()
                                && again.blockers() != null
                                && Objects.equals(again.blockers(), task.blockers()))))
                .toList();
    }
}
