package org.pgcluster.toolsets.citus;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Slice;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Background jobs and how far their tasks are. */
public final class CitusJobInspector implements Reads<CitusJobInspector.Input, CitusJobInspector.Output> {
    record Input(
            @Says("Only these") Optional<State> state,

            @Says("List their tasks, unfinished first") @Default("false")
            boolean includeTasks,

            @Says("Most rows") @Default("50") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    enum State {
        SCHEDULED,
        RUNNING,
        FINISHED,
        CANCELLING,
        CANCELLED,
        FAILING,
        FAILED
    }

    record Output(
            List<Job> jobs,
            Rest rest,
            List<Task> tasks,
            @Nullable Rest tasksRest) implements InWords {
        @Override
        public String inWords() {
            if (jobs.isEmpty()) {
                return "No background jobs.";
            }
            Job newest = jobs.get(0);
            long troubled = jobs.stream()
                    .filter(job -> job.retrying() > 0 || job.failedTasks() > 0)
                    .count();
            return Parts.many(rest.total(), "job") + "; the newest, " + newest.jobId() + " (" + newest.jobType()
                    + "), is "
                    + newest.state() + " with " + newest.doneTasks() + " of " + newest.taskCount() + " tasks done."
                    + (troubled == 0 ? "" : " " + Parts.many(troubled, "job") + " with failed or retried tasks.");
        }
    }

    /** {@code retrying} tasks failed before and will be tried again, for about half an hour. */
    record Job(
            long jobId,
            String jobType,
            String state,
            String description,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            long taskCount,
            long doneTasks,
            long runningTasks,
            long waitingTasks,
            long retrying,
            long failedTasks,
            @Nullable String lastMessage) {}

    record Task(
            long jobId,
            long taskId,
            String status,
            String what,
            @Nullable Integer pid,
            @Nullable Integer retryCount,
            @Nullable Instant notBefore,
            List<Integer> nodesInvolved,
            List<Long> dependsOn,
            @Nullable String message) {}

    private record Found(
            long jobId,
            String jobType,
            String state,
            String description,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            long taskCount,
            long doneTasks,
            long runningTasks,
            long waitingTasks,
            long retrying,
            long failedTasks,
            @Nullable String lastMessage,
            long total) {
        Job job(Citus citus) {
            return new Job(
                    jobId,
                    jobType,
                    state,
                    description,
                    startedAt,
                    finishedAt,
                    taskCount,
                    doneTasks,
                    runningTasks,
                    waitingTasks,
                    retrying,
                    failedTasks,
                    TaskWords.error(lastMessage, citus));
        }
    }

    private record TaskFound(
            long jobId,
            long taskId,
            String status,
            String command,
            @Nullable Integer pid,
            @Nullable Integer retryCount,
            @Nullable Instant notBefore,
            List<Integer> nodesInvolved,
            List<Long> dependsOn,
            @Nullable String message,
            long total) {}

    private static final String JOBS = """
            WITH wanted AS (
                SELECT *, count(*) OVER () AS total FROM pg_dist_background_job
                 WHERE ?::text IS NULL OR state::text = ?::text
            ), page AS (
                SELECT * FROM wanted WHERE ?::bigint IS NULL OR job_id < ?::bigint
                 ORDER BY job_id DESC LIMIT ?::bigint
            )
            SELECT page.job_id, page.job_type::text, page.state::text, page.description, page.started_at, page.finished_at,
                   count(task.task_id) AS task_count,
                   count(*) FILTER (WHERE task.status = 'done') AS done_tasks,
                   count(*) FILTER (WHERE task.status IN ('running', 'cancelling')) AS running_tasks,
                   count(*) FILTER (WHERE task.status IN ('blocked', 'runnable')) AS waiting_tasks,
                   count(*) FILTER (WHERE task.status IN ('runnable', 'running') AND task.retry_count > 0) AS retrying,
                   count(*) FILTER (WHERE task.status = 'error') AS failed_tasks,
                   (array_agg(task.message ORDER BY task.task_id)
                       FILTER (WHERE task.message <> '' AND (task.status = 'error' OR task.retry_count > 0)
                               AND task.status <> 'done'))[1] AS last_message,
                   page.total
              FROM page
              LEFT JOIN pg_dist_background_task AS task ON task.job_id = page.job_id
             GROUP BY 1, 2, 3, 4, 5, 6, page.total
             ORDER BY page.job_id DESC
            """;

    /** At most 200, what has not ended first. Which nodes a task involves is known since 12.1 only. */
    private static final String TASKS = """
            SELECT task.job_id, task.task_id, task.status::text, task.command, task.pid, task.retry_count,
                   CASE WHEN task.status = 'runnable' AND task.retry_count > 0 THEN task.not_before END AS not_before,
                   coalesce((
                       SELECT array_agg(node::int)
                         FROM jsonb_array_elements_text(
                              CASE jsonb_typeof(to_jsonb(task) -> 'nodes_involved')
                                   WHEN 'array' THEN to_jsonb(task) -> 'nodes_involved' ELSE '[]' END) AS node), '{}')
                       AS nodes_involved,
                   (SELECT coalesce(array_agg(depends_on ORDER BY depends_on), '{}')
                      FROM pg_dist_background_task_depend AS depend
                     WHERE depend.job_id = task.job_id AND depend.task_id = task.task_id) AS depends_on,
                   CASE WHEN task.status <> 'done' THEN nullif(task.message, '') END AS message, count(*) OVER () AS total
              FROM pg_dist_background_task AS task
             WHERE task.job_id = ANY (?::bigint[])
             ORDER BY task.job_id DESC, task.status IN ('done', 'cancelled', 'unscheduled'), task.task_id
             LIMIT 200
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_job_inspector",
                "Citus background jobs",
                Input.class,
                Output.class,
                "Background jobs (rebalances, moves), newest first: state, tasks done and retried, last error.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        String list = "jobs " + input.state();
        Object after = Slice.after(list, input.cursor(), 1).get(0);
        String state =
                input.state().map(one -> one.name().toLowerCase(Locale.ROOT)).orElse(null);
        List<Found> found = citus.sql().list(Found.class, JOBS, state, state, after, after, input.limit() + 1L);
        Slice<Found> page = Slice.of(list, found, input.limit(), one -> List.of(one.jobId()), Found::total);
        List<Found> shown = page.rows();
        List<TaskFound> tasks = input.includeTasks()
                ? citus.sql()
                        .list(
                                TaskFound.class,
                                TASKS,
                                shown.stream().map(Found::jobId).toList())
                : List.of();
        return new Output(
                shown.stream().map(job -> job.job(citus)).toList(),
                page.rest(),
                tasks.stream().map(task -> task(task, citus)).toList(),
                tasks.isEmpty() ? null : new Rest(tasks.size(), tasks.get(0).total(), null));
    }

    private static Task task(TaskFound task, Citus citus) {
        return new Task(
                task.jobId(),
                task.taskId(),
                task.status(),
                TaskWords.of(task.command(), citus),
                task.pid(),
                task.retryCount(),
                task.notBefore(),
                task.nodesInvolved(),
                task.dependsOn(),
                TaskWords.error(task.message(), citus));
    }
}
