package org.pgcluster.toolsets.citus;

import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;

/** A second name, which clients of another server know. */
public final class CitusRebalanceShards
        implements Acts<CitusRebalanceExecute.Input, CitusRebalanceExecute.Looked, CitusRebalanceExecute.Output> {
    private final CitusRebalanceExecute same = new CitusRebalanceExecute();

    @Override
    public Declaration<CitusRebalanceExecute.Input, CitusRebalanceExecute.Output> declaration() {
        return Declaration.changes(
                "citus_rebalance_shards",
                "Rebalance shards",
                CitusRebalanceExecute.Input.class,
                CitusRebalanceExecute.Output.class,
                "The same as citus_rebalance_execute.");
    }

    @Override
    public Plan<CitusRebalanceExecute.Looked> plan(CitusRebalanceExecute.Input input, Context context) {
        return same.plan(input, context);
    }

    @Override
    public CitusRebalanceExecute.Output act(
            CitusRebalanceExecute.Input input, Plan<CitusRebalanceExecute.Looked> plan, Hands hands, Context context) {
        return same.act(input, plan, hands, context);
    }
}
