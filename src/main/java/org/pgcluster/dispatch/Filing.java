package org.pgcluster.dispatch;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.config.Approval;
import org.pgcluster.config.Mode;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.guard.Approver;
import org.pgcluster.guard.Draft;
import org.pgcluster.guard.Requested;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Problems;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Server.Filed;
import org.pgcluster.tool.Tool;

/** Files the request for an act that is not called yet. Threads share it. */
final class Filing {
    private static final Map<String, String> WORDS_FOR_ACTS =
            Map.of("rebalance", "citus_rebalance_execute", "move_shard", "citus_move_shard_execute");

    private final Workshop workshop;
    private final Approvals approvals;

    Filing(Workshop workshop, Approvals approvals) {
        this.workshop = workshop;
        this.approvals = approvals;
    }

    Filed file(
            String action, Map<String, @Nullable Object> arguments, Optional<Duration> life, Call call, String client) {
        Listed listed = workshop.catalogue().visible(WORDS_FOR_ACTS.getOrDefault(action, action));
        if (!listed.act()) {
            throw ToolException.invalidInput("`action` names an act; " + action + " only reads.", null);
        }
        Request request = new Request(listed.name(), arguments, call, client, Optional.empty());
        return file(Catalogue.load(listed), listed, life, request);
    }

    private <I extends Record, O extends Record & InWords> Filed file(
            Tool<I, O> tool, Listed listed, Optional<Duration> life, Request request) {
        if (!(tool instanceof Acts<I, ?, O> act)) {
            throw new IllegalStateException(listed.name() + " is listed as an act and is none");
        }
        Problems problems = new Problems();
        Map<String, @Nullable Object> arguments =
                Synonyms.resolved(listed, act.declaration().input().names(), request.arguments(), problems);
        Envelope envelope = Envelope.open(arguments, listed, problems);
        workshop.clusters().judge(envelope.cluster(), true, problems);
        I input = act.declaration().input().bind(envelope.rest(), problems);
        Cluster cluster = workshop.clusters().choose(envelope.cluster(), true);
        return filed(new Wanted<>(act, act.declaration(), listed, input, envelope, cluster, request), life);
    }

    private <I extends Record, S extends Record, O extends Record & InWords> Filed filed(
            Wanted<I, S, O> wanted, Optional<Duration> life) {
        approvals.mayBePlanned(wanted);
        if (wanted.cluster().settings().mode() == Mode.PLAN) {
            throw new ToolException(
                    ErrorCode.NOT_ALLOWED,
                    "mode: plan only plans, so an approval could never be used.",
                    "Call " + wanted.declared().name()
                            + " itself: it answers the plan and the commands with which a person runs it by hand.");
        }
        Draft draft = approvals.draft(wanted, approvals.plan(wanted));
        Requested requested = approvals.request(wanted, draft, life);
        boolean self = wanted.cluster().settings().approval() == Approval.SELF;
        if (self) {
            approvals.approve(wanted, requested, draft, new Approver("the assistant", Approver.How.SELF), life);
        }
        return new Filed(
                requested.name(),
                requested.file().toString(),
                approvals.command(requested),
                workshop.host(),
                requested.expires().toString(),
                self ? Optional.of(requested.name()) : Optional.empty(),
                draft.planText());
    }
}
