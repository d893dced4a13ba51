package org.pgcluster.toolsets.citus;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.citus.Citus;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Step;

/** Follows a background job of Citus to its end, and stops it when the operation is stopped. */
final class JobFollowing {
    private static final long EVERY_NANOS = 1_000_000_000L;
    private static final int MOST_SILENCES = 120;
    private static final int SECONDS_TO_STOP = 60;

    /** A job as it stands; {@code message} is the last error of a task. */
    record Stands(
            long jobId,
            String state,
            long tasks,
            long done,
            long running,
            long retrying,
            long failed,
            @Nullable String message) {
        private Stands shown(Citus citus) {
            return new Stands(jobId, state, tasks, done, running, retrying, failed, citus.said(message));
        }

        boolean over() {
            return state.equals("finished") || state.equals("cancelled") || state.equals("failed");
        }

        String inWords() {
            return "job " + jobId + " is " + state + ", " + done + " of " + Parts.many(tasks, "task") + " done";
        }
    }

    private static final String STANDS = """
            SELECT job.job_id, job.state::text, count(task.task_id) AS tasks,
                   count(*) FILTER (WHERE task.status = 'done') AS done,
                   count(*) FILTER (WHERE task.status IN ('running', 'cancelling')) AS running,
                   count(*) FILTER (WHERE task.status IN ('runnable', 'running') AND task.retry_count > 0) AS retrying,
                   count(*) FILTER (WHERE task.status = 'error') AS failed,
                   (array_agg(task.message ORDER BY task.task_id)
                       FILTER (WHERE task.message <> '' AND task.status IN ('error', 'runnable', 'running')
                               AND (task.status = 'error' OR task.retry_count > 0)))[1] AS message
              FROM pg_dist_background_job AS job
              LEFT JOIN pg_dist_background_task AS task ON task.job_id = job.job_id
             WHERE job.job_id = ?::bigint
             GROUP BY 1, 2
            """;

    private JobFollowing() {}

    static Optional<Stands> stands(long jobId, Citus citus) {
        return citus.sql().ifAny(Stands.class, STANDS, jobId).map(now -> now.shown(citus));
    }

    /** Answers how a job ended that finished; throws where it failed, was cancelled or the operation was stopped. */
    static Stands toItsEnd(long jobId, Step.Statement stop, Hands hands, Context context) {
        int silences = 0;
        while (!context.call().cancelled()) {
            try {
                Stands now = stands(jobId, Deed.citus(context)).orElseThrow(() -> gone(jobId));
                silences = 0;
                if (now.over()) {
                    return ended(now);
                }
                hands.progress((double) now.done(), (double) now.tasks(), told(now));
            } catch (ToolException e) {
                boolean passes = e.code() == ErrorCode.CONNECTION_FAILED || e.code() == ErrorCode.TIMEOUT;
                if (!passes || ++silences > MOST_SILENCES) {
                    throw e;
                }
                hands.progress(0, 0, "The job cannot be read: " + e.text());
            }
            LockSupport.parkNanos(EVERY_NANOS);
        }
        return stopped(jobId, stop, hands, context);
    }

    private static Stands ended(Stands now) {
        String last = now.message();
        return switch (now.state()) {
            case "finished" -> now;
            case "failed" ->
                throw new ToolException(
                        ErrorCode.UPSTREAM_ERROR,
                        "It failed: " + now.inWords() + (last == null ? "." : "; " + last.strip()),
                        Deed.diskFull(last) + "What was moved stays moved. citus_job_inspector shows each task. "
                                + Deed.LEFTOVERS);
            default ->
                throw new ToolException(
                        ErrorCode.CONFLICT,
                        "Somebody cancelled it: " + now.inWords() + ".",
                        "What was moved stays moved. Ask before it is started again.");
        };
    }

    /** Citus ends a job a moment after it was told to; a call that was stopped reads nothing, so this has its own. */
    private static Stands stopped(long jobId, Step.Statement stop, Hands hands, Context context) {
        // The stop of the operation also cancels what its connection runs; that must not meet the next statement.
        LockSupport.parkNanos(EVERY_NANOS);
        Citus citus = Citus.of(context.cluster(), Call.within(Duration.ofSeconds(SECONDS_TO_STOP)));
        Stands before = stands(jobId, citus).orElseThrow(() -> gone(jobId));
        if (!before.over()) {
            hands.run(stop);
        }
        Stands now = awaitEnd(jobId, citus);
        if (now.state().equals("finished")) {
            return now;
        }
        throw new ToolException(
                ErrorCode.CONFLICT,
                "Stopped: " + now.inWords() + ".",
                Deed.diskFull(now.message()) + "Finished moves stay; one that ran was rolled back. " + Deed.LEFTOVERS);
    }

    static Stands awaitEnd(long jobId, Citus citus) {
        Stands now = stands(jobId, citus).orElseThrow(() -> gone(jobId));
        for (int i = 0; i < SECONDS_TO_STOP / 2 && !now.over(); i++) {
            LockSupport.parkNanos(EVERY_NANOS);
            now = stands(jobId, citus).orElseThrow(() -> gone(jobId));
        }
        return now;
    }

    private static String told(Stands now) {
        String message = now.message();
        return now.done() + " of " + Parts.many(now.tasks(), "task") + " done, " + now.running() + " running"
                + (now.retrying() == 0 ? "" : "; " + now.retrying() + " failed and tried again")
                + (message == null ? "" : ": " + message.strip());
    }

    private static ToolException gone(long jobId) {
        return new ToolException(
                ErrorCode.OUTCOME_UNKNOWN,
                "Job " + jobId + " is not in pg_dist_background_job any more.",
                "citus_shard_distribution shows where the shards lie now.");
    }
}
