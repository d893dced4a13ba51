package org.pgcluster.dispatch;

import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.cluster.Components;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.http.Reply;
import org.pgcluster.tool.Hands.Said;
import org.pgcluster.tool.Step;

/** Sends what an approved plan asks of Patroni, HAProxy and PgBouncer. Confined to an operation. */
record Requests(Cluster cluster) {
    private static final int FINE = 200;

    Said send(Step.Request step, Call call) {
        Components components = cluster.components();
        return switch (step.to()) {
            case PATRONI -> {
                int space = step.words().indexOf(' ');
                Reply reply = components
                        .patroni()
                        .change(
                                step.words().substring(0, space),
                                step.where(),
                                step.words().substring(space + 1),
                                step.body(),
                                step.patience(),
                                call);
                yield new Said(
                        reply.status(),
                        reply.isHtml() ? reply.inShort() : reply.body().strip());
            }
            case HAPROXY ->
                new Said(
                        FINE,
                        components
                                .haproxy()
                                .change(
                                        step.where(),
                                        new HaProxy.Request(step.words(), step.body()),
                                        step.patience(),
                                        call));
            case PGBOUNCER -> {
                components.pgbouncer().change(step.where(), step.words(), step.patience(), call);
                yield new Said(FINE, "");
            }
        };
    }
}
