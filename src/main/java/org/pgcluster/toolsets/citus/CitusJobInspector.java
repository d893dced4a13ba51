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
    private static final int MOST_TASKS = 200;

    record Input(
            @Says("Only these") Optional<State> state,

            @Says("One job") Optional<Long> job,

            @Says("Their tasks, unfinished first") @Default("false")
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
                    + (troubled == 0 ? "" : " " + Parts.many(troubled, "job") + " with failed or retried tasks.")
                    + leftOut();
        }

        private String leftOut() {
            Rest told = tasksRest;
            return told == null || tasks.size() < MOST_TASKS || told.total() == MOST_TASKS
                    ? ""
                    : " " + tasks.size() + " of " + told.total() + " tasks are shown; job pages its own.";
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
            int ended,
            long total) {}

    private static final String JOBS = """
            WITH wanted AS (
                SELECT *, count(*) OVER () AS total FROM pg_dist_background_job
                 WHERE (?::text IS NULL OR state::text = ?::text) AND (?::bigint IS NULL OR job_id = ?::bigint)
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

    /** What has not ended first. Which nodes a task involves is known since 12.1 only. */
    private static final String TASKS = """
            WITH task AS (
                SELECT *, (status IN ('done', 'cancelled', 'unscheduled'))::int AS ended, count(*) OVER () AS total
                  FROM pg_dist_background_task
                 WHERE job_id = ANY (?::bigint[])
            )
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
                   CASE WHEN task.status <> 'done' THEN nullif(task.message, '') END AS message, task.ended, task.total
              FROM task
             WHERE ?::int IS NULL OR (task.ended, task.task_id) > (?::int, ?::bigint)
             ORDER BY task.job_id DESC, task.ended, task.task_id
             LIMIT ?::bigint
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_job_inspector",
                "Citus background jobs",
                Input.class,
                Output.class,
                "Background jobs such as rebalances, newest first: state, tasks, last error.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Slice<Found> page = jobs(input, citus);
        List<Long> ids = page.rows().stream().map(Found::jobId).toList();
        Slice<TaskFound> tasks =
                input.includeTasks() ? tasks(input, ids, citus) : new Slice<>(List.of(), new Rest(0, 0, null));
        return new Output(
                page.rows().stream().map(job -> job.job(citus)).toList(),
                page.rest(),
                tasks.rows().stream().map(task -> task(task, citus)).toList(),
                tasks.rows().isEmpty() ? null : tasks.rest());
    }

    /** The cursor of an answer about one job is that of its tasks. */
    private static Slice<Found> jobs(Input input, Citus citus) {
        String list = "jobs " + input.state();
        Long job = input.job().orElse(null);
        Object after = Slice.after(list, job == null ? input.cursor() : Optional.empty(), 1)
                .get(0);
        String state =
                input.state().map(one -> one.name().toLowerCase(Locale.ROOT)).orElse(null);
        List<Found> found =
                citus.sql().list(Found.class, JOBS, state, state, job, job, after, after, input.limit() + 1L);
        return Slice.of(list, found, input.limit(), one -> List.of(one.jobId()), Found::total);
    }

    private static Slice<TaskFound> tasks(Input input, List<Long> jobs, Citus citus) {
        boolean one = input.job().isPresent();
        int most = one ? input.limit() : MOST_TASKS;
        String list = "tasks " + jobs;
        List<@Nullable Object> after = Slice.after(list, one ? input.cursor() : Optional.empty(), 2);
        List<TaskFound> found = citus.sql()
                .list(TaskFound.class, TASKS, jobs, after.get(0), after.get(0), after.get(1), one ? most + 1L : most);
        return Slice.of(list, found, most, task -> List.of(task.ended(), task.taskId()), TaskFound::total);
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
