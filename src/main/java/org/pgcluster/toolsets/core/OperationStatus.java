package org.pgcluster.toolsets.core;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;
import org.pgcluster.tool.Server.Followed;

/** How far an act is that went on after its call was answered. */
public final class OperationStatus implements Reads<OperationStatus.Input, OperationStatus.Output> {
    record Input(
            @Says("As the act's answer named it") String operation,

            @Says("Wait this long for its end") @Default("0") @Range(min = 0, max = 600)
            int waitSeconds) {}

    record Output(
            String operation,
            String tool,
            String cluster,
            String state,
            long seconds,
            String progress,
            @Nullable String outcome)
            implements InWords {
        @Override
        public String inWords() {
            return tool + " on " + cluster + " is " + state + " after " + seconds + " s."
                    + (outcome == null ? " " + progress : outcome.contains("\n") ? "" : " " + outcome);
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                        "operation_status",
                        "Follow an operation",
                        Input.class,
                        Output.class,
                        "How far a running act is, and how it ended. Also finds what an earlier server left running.")
                .ofServer();
    }

    @Override
    public Output read(Input input, Context context) {
        return output(
                context.server().await(input.operation(), Duration.ofSeconds(input.waitSeconds()), context.call()));
    }

    static Output output(Followed followed) {
        return new Output(
                followed.operation(),
                followed.tool(),
                followed.cluster(),
                followed.state(),
                followed.seconds(),
                followed.progress(),
                followed.outcome().orElse(null));
    }
}
