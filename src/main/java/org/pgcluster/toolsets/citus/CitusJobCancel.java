package org.pgcluster.toolsets.citus;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Step;

/** Ends a background job that nobody of this server follows any more. */
public final class CitusJobCancel implements Acts<CitusJobCancel.Input, CitusJobCancel.Looked, CitusJobCancel.Output> {
    record Input(@Says("citus_job_inspector lists them") long jobId) {}

    record Looked(long jobId, boolean over) {}

    record Output(
            long jobId,
            String state,
            long done,
            long tasks,
            long cleanupRecords,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            return "Job " + jobId + " is " + state + ": " + done + " of " + Parts.many(tasks, "task") + " had ended."
                    + (note == null ? "" : " " + note);
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "citus_job_cancel",
                "Cancel a job",
                Input.class,
                Output.class,
                "Cancels a background job of Citus, such as a rebalance; what it finished stays. Plans first; a person"
                        + " approves.");
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Citus citus = Deed.citus(context);
        JobFollowing.Stands now = JobFollowing.stands(input.jobId(), citus)
                .orElseThrow(() -> new ToolException(
                        ErrorCode.NOT_FOUND,
                        "There is no job " + input.jobId() + ".",
                        "citus_job_inspector lists them."));
        return new Plan<>(
                "Cancels job " + input.jobId(),
                new Looked(input.jobId(), now.over()),
                List.of(Plan.check("it has not ended", !now.over(), now.inWords())),
                List.of(Step.statement(Deed.WHERE, "SELECT pg_catalog.citus_job_cancel(" + input.jobId() + ")")),
                new Consequences(
                        "Nothing.",
                        "Nothing moves; a move that runs is rolled back.",
                        "citus_job_inspector",
                        "",
                        "Nothing: a new rebalance is planned afresh.",
                        "Finished tasks stay done, so shards may lie half here and half there, all of them whole. "
                                + Deed.LEFTOVERS,
                        false,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        hands.run((Step.Statement) plan.steps().get(0));
        JobFollowing.Stands now = JobFollowing.awaitEnd(input.jobId(), Deed.citus(context));
        return new Output(
                now.jobId(),
                now.state(),
                now.done(),
                now.tasks(),
                Deed.cleanupRecords(context),
                now.over() ? null : "It has not ended yet; citus_job_inspector shows when it has.");
    }
}
