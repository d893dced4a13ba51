package org.pgcluster.toolsets.core;

import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Stops an act that this server runs. Stopping is always safe to ask for, so it needs no approval. */
public final class OperationCancel implements Reads<OperationCancel.Input, OperationStatus.Output> {
    record Input(@Says("As the act's answer named it") String operation) {}

    @Override
    public Declaration<Input, OperationStatus.Output> declaration() {
        return Declaration.reads(
                        "operation_cancel",
                        "Stop an operation",
                        Input.class,
                        OperationStatus.Output.class,
                        "Asks a running act to stop and says what became of it. What is done already stays done.")
                .ofServer()
                .steers();
    }

    @Override
    public OperationStatus.Output read(Input input, Context context) {
        return OperationStatus.output(context.server().cancel(input.operation(), context.call()));
    }
}
