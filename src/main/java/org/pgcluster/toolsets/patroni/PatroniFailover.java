package org.pgcluster.toolsets.patroni;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.DcsView.Switchover;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Step;

/** Makes another member the leader, now or later, and follows the change to its real end. */
public final class PatroniFailover
        implements Acts<PatroniFailover.Input, PatroniFailover.Looked, PatroniFailover.Output> {
    record Input(
            @Says("Who is to lead; default: Patroni's choice")
            Optional<String> candidate,

            @Says("Who leads now, to be sure") Optional<String> leader,

            @Says("auto: switchover where somebody leads") @Default("auto")
            Kind kind,

            @Says("Later, with time zone") Optional<String> scheduledAt,

            @Says("Take back what is scheduled") @Default("false")
            boolean unschedule,

            @Says("Citus group or a member of it") Optional<String> group) {
        Input {
            if (unschedule && (candidate.isPresent() || scheduledAt.isPresent() || leader.isPresent())) {
                throw ToolException.invalidInput("`unschedule` goes with `group` only.", null);
            }
            if (scheduledAt.isPresent() && kind == Kind.FAILOVER) {
                throw ToolException.invalidInput("A failover cannot be scheduled.", "kind: switchover can.");
            }
        }
    }

    enum Kind {
        AUTO,
        SWITCHOVER,
        FAILOVER
    }

    record Looked(
            String group,
            String kind,
            @Nullable String leader,
            @Nullable Integer timeline,
            @Nullable String candidate,
            List<String> members,
            boolean paused,
            @Nullable String scheduled) {
        static Looked of(Group group, String kind, Optional<String> candidate) {
            return new Looked(
                    group.name(),
                    kind,
                    group.leader().map(Member::name).orElse(null),
                    group.leader().map(Member::timeline).orElse(null),
                    candidate.orElse(null),
                    group.members().stream()
                            .map(member -> member.name() + (member.mayNeverLead() ? " nofailover" : ""))
                            .sorted()
                            .toList(),
                    group.paused(),
                    group.scheduled().map(Switchover::at).orElse(null));
        }
    }

    /**
     * {@code writesDownSeconds} is how long no member was a primary that takes commits; {@code clientsDownSeconds} how long
     * it took until HAProxy, or for a worker Citus' metadata, led to it. {@code silent} are members that have not answered
     * since before it began.
     */
    record Output(
            String group,
            String outcome,
            @Nullable String leader,
            @Nullable String formerLeader,
            @Nullable Integer timeline,
            @Nullable Double writesDownSeconds,
            @Nullable Double clientsDownSeconds,
            boolean commitsWaited,
            boolean nobodyLedBefore,
            List<Stage> stages,
            List<String> silent)
            implements InWords {
        @Override
        public String inWords() {
            List<String> open = stages.stream()
                    .filter(stage -> stage.afterSeconds() == null)
                    .map(Stage::what)
                    .toList();
            return outcome
                    + down()
                    + (open.isEmpty() ? "" : " Not yet: " + String.join(", ", open) + ".")
                    + (silent.isEmpty()
                            ? ""
                            : " Without an answer since before this began: " + String.join(", ", silent) + ".");
        }

        private String down() {
            if (writesDownSeconds == null) {
                return "";
            }
            return " Writes were down for " + (nobodyLedBefore ? "at least " : "about ") + writesDownSeconds + " s"
                    + (nobodyLedBefore ? " (no leader answered when this began)" : "")
                    + (commitsWaited ? ", at the end because commits waited for a standby" : "")
                    + (clientsDownSeconds == null
                            ? "."
                            : ", for clients that come through other servers " + clientsDownSeconds + " s.");
        }
    }

    /** {@code afterSeconds} since the request; none where it had not come about when the waiting ended. */
    record Stage(String what, @Nullable Double afterSeconds) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "patroni_failover",
                "Switch over or fail over",
                Input.class,
                Output.class,
                "Makes another member lead, now or later. Plans first: who, what could be lost, what clients feel. Follows it"
                        + " to its end. A person approves.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Group group = Changing.groupOf(input.group(), input.candidate().or(input::leader), context);
        return input.unschedule()
                ? ScheduledSwitchover.takingBack(group, context)
                : FailoverPlan.of(input, group, context);
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Step.Request step = (Step.Request) plan.steps().get(0);
        Looked looked = plan.looked();
        if (input.unschedule() || input.scheduledAt().isPresent()) {
            return ScheduledSwitchover.written(looked, step, hands, context);
        }
        Group before = Changing.group(Optional.of(looked.group()), context);
        try (var gap = WriteGap.watch(before, context)) {
            long started = System.nanoTime();
            Hands.Said said = sent(step, before, hands, context);
            if (!said.agreed() && !NotDone.isOpen(said)) {
                throw NotDone.refused(said, before, context);
            }
            return new Following(before, Optional.ofNullable(looked.candidate()), hands, context, started)
                    .toTheEnd(gap);
        }
    }

    private static Hands.Said sent(Step.Request step, Group before, Hands hands, Context context) {
        try {
            return hands.send(step);
        } catch (ToolException e) {
            throw e.code() == ErrorCode.OUTCOME_UNKNOWN ? NotDone.unknown(e, before, context) : e;
        }
    }
}
