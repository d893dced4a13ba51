package org.pgcluster.toolsets.citus;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** How far the newest rebalance is, what moves this moment and what stands in its way. */
public final class CitusRebalanceStatus implements Reads<CitusRebalanceStatus.Input, CitusRebalanceStatus.Output> {
    private static final long BETWEEN_SAMPLES_MS = 1000;
    static final long GPID_OF_ONE_NODE = 10_000_000_000L;

    record Input(
            @Says("List every task") @Default("false") boolean verbose,

            @Says("Most rows") @Default("50") @org.pgcluster.shape.Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(
            @Nullable Job job,
            List<Move> moves,
            List<Task> tasks,
            org.pgcluster.shape.@Nullable Rest rest,
            List<Wait> waits,
            long cleanupRecords,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Job newest = job;
            String moving = !moves.isEmpty()
                    ? Parts.many(moves.size(), "shard") + " being moved now."
                    : unavailable.isEmpty()
                            ? "Nothing moves now."
                            : "What moves now could not be read: not every node answered.";
            if (newest == null) {
                return "There was no rebalance. " + moving;
            }
            return "Rebalance " + newest.jobId() + " is " + newest.state() + ": " + newest.done() + " of "
                    + newest.tasks() + " tasks done"
                    + (newest.retrying() > 0 ? ", " + newest.retrying() + " failed and will be tried again" : "")
                    + (newest.failed() > 0 ? ", " + newest.failed() + " failed for good" : "") + ". " + moving
                    + (waits.isEmpty() ? "" : " It waits for other sessions' locks.");
        }
    }

    record Job(
            long jobId,
            String state,
            String description,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            long tasks,
            long done,
            long running,
            long waiting,
            long retrying,
            long failed,
            long cancelled) {}

    /**
     * {@code bytesPerSecond} is what the target grew by between two looks, over the time between them. A size is missing
     * where its node did not answer.
     */
    record Move(
            long shardId,
            String table,
            String operation,
            String from,
            String to,
            String phase,
            @Nullable Long sourceBytes,
            @Nullable Long targetBytes,
            @Nullable Long bytesPerSecond,
            @Nullable Long lsnDistanceBytes) {}

    record Task(
            long taskId,
            String status,
            String what,
            @Nullable Integer retryCount,
            @Nullable Instant notBefore,
            @Nullable String message) {}

    record Wait(
            double seconds,
            @Nullable String on,
            @Nullable Long blockingGpid,
            @Nullable String blockingQuery) {}

    private record TaskRow(
            long taskId,
            String status,
            String command,
            @Nullable Integer retryCount,
            @Nullable Instant notBefore,
            @Nullable String message) {}

    private record Cleanup(long records) {}

    private record Session(int pid) {}

    private record Progress(
            long shardId,
            String tableName,
            String operation,
            String source,
            String target,
            @Nullable String status,
            long progress,
            @Nullable Long sourceBytes,
            @Nullable Long targetBytes,
            @Nullable Long distance,
            int session) {}

    private static final String JOB = """
            SELECT job.job_id, job.state::text, job.description, job.started_at, job.finished_at,
                   count(task.task_id) AS tasks, count(*) FILTER (WHERE task.status = 'done') AS done,
                   count(*) FILTER (WHERE task.status IN ('running', 'cancelling')) AS running,
                   count(*) FILTER (WHERE task.status IN ('blocked', 'runnable')) AS waiting,
                   count(*) FILTER (WHERE task.status IN ('runnable', 'running') AND task.retry_count > 0) AS retrying,
                   count(*) FILTER (WHERE task.status = 'error') AS failed,
                   count(*) FILTER (WHERE task.status IN ('cancelled', 'unscheduled')) AS cancelled
              FROM pg_dist_background_job AS job
              LEFT JOIN pg_dist_background_task AS task ON task.job_id = job.job_id
             WHERE job.job_id = (SELECT max(job_id) FROM pg_dist_background_job WHERE job_type = 'rebalance')
             GROUP BY 1, 2, 3, 4, 5
            """;

    private static final String TASKS = """
            SELECT task_id, status::text, command, retry_count,
                   CASE WHEN status = 'runnable' AND retry_count > 0 THEN not_before END AS not_before,
                   CASE WHEN status <> 'done' THEN nullif(message, '') END AS message
              FROM pg_dist_background_task
             WHERE job_id = ?::bigint
               AND (?::boolean OR status IN ('running', 'cancelling', 'error')
                    OR (status = 'runnable' AND retry_count > 0))
             ORDER BY task_id
            """;

    private static final String PROGRESS = """
            SELECT shardid AS shard_id, table_name::text, operation_type AS operation,
                   sourcename || ':' || sourceport AS source, targetname || ':' || targetport AS target,
                   status, progress, source_shard_size AS source_bytes, target_shard_size AS target_bytes,
                   pg_wal_lsn_diff(source_lsn, target_lsn)::bigint AS distance, sessionid AS session
              FROM get_rebalance_progress()
             ORDER BY shardid, target
            """;

    private static final String SESSIONS = """
            SELECT pid FROM pg_stat_activity
             WHERE state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()
               AND query ~* '(citus_(move|copy|split|drain|schema_move)|rebalance_table_shards|isolate_tenant)'
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_rebalance_status",
                "Rebalance status",
                Input.class,
                Output.class,
                "How far the newest rebalance is: shards moving, phase, bytes, rate, WAL distance, retries, errors, who blocks it.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        Optional<Job> job = citus.sql().ifAny(Job.class, JOB);
        List<TaskRow> rows = job.map(one -> citus.sql().list(TaskRow.class, TASKS, one.jobId(), input.verbose()))
                .orElse(List.of());
        var page = org.pgcluster.citus.Page.of(
                "rebalance tasks " + input.verbose(),
                rows,
                row -> List.of(row.taskId()),
                input.limit(),
                0,
                input.cursor());
        long began = System.nanoTime();
        var both = citus.atOnce(asking -> asking.forwarded(Progress.class, PROGRESS), LockWait::ask);
        Citus.Forwarded<Progress> first = both.one();
        long looked = System.nanoTime();
        boolean quick = (looked - began) / 1_000_000 < BETWEEN_SAMPLES_MS;
        long between = 0;
        List<Progress> later = List.of();
        if (!first.rows().isEmpty() && quick) {
            pause(context.call());
            later = citus.forwarded(Progress.class, PROGRESS).rows();
            between = (System.nanoTime() - looked) / 1_000_000;
        }
        return new Output(
                job.orElse(null),
                moves(first.rows(), later, between),
                page.rows().stream().map(row -> task(row, citus)).toList(),
                job.isPresent() ? page.rest() : null,
                waits(citus, both.other(), first),
                citus.sql()
                        .one(Cleanup.class, "SELECT count(*) AS records FROM pg_dist_cleanup")
                        .records(),
                Parts.unavailable(
                        both.other().complete() ? first.silent() : both.other().silent()));
    }

    private static Task task(TaskRow row, Citus citus) {
        return new Task(
                row.taskId(),
                row.status(),
                TaskWords.of(row.command(), citus),
                row.retryCount(),
                row.notBefore(),
                TaskWords.error(row.message(), citus));
    }

    /** Ends early when the call is cancelled. */
    private static void pause(Call call) {
        CountDownLatch stopped = new CountDownLatch(1);
        try (var handle = call.onCancel(stopped::countDown)) {
            if (stopped.await(BETWEEN_SAMPLES_MS, TimeUnit.MILLISECONDS)) {
                throw new ToolException(ErrorCode.CANCELLED, "The call was cancelled between two looks.", null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException(ErrorCode.CANCELLED, "The call was cancelled between two looks.", null);
        }
    }

    private static List<Move> moves(List<Progress> first, List<Progress> later, long milliseconds) {
        List<Move> moves = new ArrayList<>();
        for (Progress one : later.isEmpty() ? first : later) {
            Long rate = null;
            for (Progress before : first) {
                if (!later.isEmpty()
                        && before.shardId() == one.shardId()
                        && before.target().equals(one.target())) {
                    rate = rate(before.targetBytes(), one.targetBytes(), milliseconds);
                }
            }
            moves.add(new Move(
                    one.shardId(),
                    one.tableName(),
                    one.operation(),
                    one.source(),
                    one.target(),
                    one.progress() == 0 ? "waiting" : one.progress() == 2 ? "done" : String.valueOf(one.status()),
                    one.sourceBytes(),
                    one.targetBytes(),
                    rate,
                    one.distance()));
        }
        return moves;
    }

    private static @Nullable Long rate(@Nullable Long before, @Nullable Long now, long milliseconds) {
        return before == null || now == null ? null : Math.max(0, now - before) * 1000 / milliseconds;
    }

    /**
     * The session of a move lies on the server that was asked. Where Citus could not tell which those are, a session that
     * runs one of its functions is taken for one.
     */
    private static List<Wait> waits(Citus citus, Round<LockWait> round, Citus.Forwarded<Progress> moving) {
        List<Integer> sessions = moving.failed() == null
                ? moving.rows().stream().map(Progress::session).distinct().toList()
                : citus.sql().list(Session.class, SESSIONS).stream()
                        .map(Session::pid)
                        .toList();
        return round.rows().stream()
                .filter(wait -> sessions.contains((int) (wait.waitingGpid() % GPID_OF_ONE_NODE)))
                .map(wait -> new Wait(wait.seconds(), wait.on(), wait.blockingGpid(), wait.blockingQuery()))
                .distinct()
                .toList();
    }
}
