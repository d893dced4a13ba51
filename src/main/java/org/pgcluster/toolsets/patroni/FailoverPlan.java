package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.patroni.Settings;
import org.pgcluster.shape.JsonText;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.patroni.PatroniFailover.Input;
import org.pgcluster.toolsets.patroni.PatroniFailover.Kind;
import org.pgcluster.toolsets.patroni.PatroniFailover.Looked;

/** Who would lead, what that could cost, and whether Patroni would do it. Only what it would refuse fails. */
final class FailoverPlan {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Input input;
    private final Group group;
    private final Optional<Member> leader;
    private final boolean failover;
    private final Candidates candidates;
    private final Optional<String> candidate;

    private FailoverPlan(Input input, Group group) {
        this.input = input;
        this.group = group;
        this.leader = group.leader();
        this.failover = input.kind() == Kind.FAILOVER || (input.kind() == Kind.AUTO && leader.isEmpty());
        this.candidates = new Candidates(group, failover);
        this.candidate = failover ? input.candidate().or(candidates::best) : input.candidate();
    }

    static Plan<Looked> of(Input input, Group group, Context context) {
        return new FailoverPlan(input, group).plan(context);
    }

    private Plan<Looked> plan(Context context) {
        List<Check> checks = new ArrayList<>(Changing.dcs(group));
        checks.addAll(List.of(leading(), pause()));
        checks.addAll(candidates.checks(candidate));
        input.scheduledAt().ifPresent(at -> checks.add(ScheduledSwitchover.time(at)));
        group.scheduled().map(ScheduledSwitchover::replaced).ifPresent(checks::add);
        checks.add(Changing.alone(context));
        String who = candidate.or(candidates::best).orElse("nobody");
        String from = leader.map(Member::name).orElse("nobody");
        return new Plan<>(
                (failover ? "Fails over" : "Switches over") + " group " + group.name() + " from " + from + " to "
                        + successor()
                        + input.scheduledAt().map(at -> " at " + at).orElse(""),
                Looked.of(group, failover ? "failover" : "switchover", candidate),
                checks,
                List.of(step()),
                consequences(who, from));
    }

    private String successor() {
        return candidate.orElseGet(() -> candidates
                .best()
                .map(best -> best + " (Patroni chooses; this is whom it would choose now)")
                .orElse("whom Patroni chooses (none that answers could lead)"));
    }

    private Consequences consequences(String who, String from) {
        long loop = group.settings().map(Settings::loopWait).orElse(10L);
        return new Consequences(
                "Writes to the group stop for some seconds (a loop is " + loop
                        + " s); all sessions of the old leader end with an error and must connect again.",
                candidates.atRisk(who),
                "operation_status, patroni_cluster_status",
                input.scheduledAt().isPresent()
                        ? "patroni_failover with group: " + group.name() + ", unschedule: true."
                        : "",
                leader.isEmpty() ? "" : "Switch back once " + from + " is a replica without lag again.",
                "",
                failover || candidates.mayLose(who),
                Map.of());
    }

    private Check leading() {
        String what = "the leader is who it should be";
        String found = leader.map(Member::name).orElse("nobody leads");
        if (input.leader().isPresent() && !input.leader().get().equals(found)) {
            return new Check(what, Verdict.FAILS, "not " + input.leader().get() + ": " + candidates.inWords());
        }
        if (leader.isEmpty()) {
            return new Check(
                    what,
                    failover ? Verdict.RISKY : Verdict.FAILS,
                    "nobody leads" + (failover ? "" : "; kind: failover is for that. " + candidates.inWords()));
        }
        if (leader.get().own().isEmpty()) {
            return new Check(
                    what,
                    Verdict.UNKNOWN,
                    found + " by the DCS, and it does not answer itself: if it is dead, Patroni fails over once its"
                            + " ttl of " + group.settings().map(Settings::ttl).orElse(30L) + " s is over, with or"
                            + " without this");
        }
        if (!leader.get().own().map(OwnView::leads).orElse(false)) {
            return new Check(
                    what,
                    Verdict.RISKY,
                    found + " by the DCS, and it says of itself: "
                            + leader.get().state() + ", "
                            + leader.get().own().map(OwnView::role).orElse("unknown")
                            + "; it is being changed, or Patroni has lost its DCS");
        }
        return new Check(
                what,
                failover ? Verdict.RISKY : Verdict.HOLDS,
                found + (failover ? " leads: a switchover would be safe" : ""));
    }

    private Check pause() {
        String what = "Patroni would do it";
        if (!group.paused()) {
            return new Check(what, Verdict.HOLDS, "it is not paused");
        }
        if (input.scheduledAt().isPresent()) {
            return new Check(what, Verdict.FAILS, "it is paused and schedules nothing; " + candidates.inWords());
        }
        return !failover && candidate.isEmpty()
                ? new Check(what, Verdict.FAILS, "it is paused: a candidate must be named; " + candidates.inWords())
                : new Check(what, Verdict.RISKY, "it is paused: nobody takes over if this goes wrong");
    }

    private Step step() {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        if (!failover) {
            body.put("leader", leader.map(Member::name).orElse(""));
        }
        candidate.ifPresent(name -> body.put("candidate", name));
        input.scheduledAt().ifPresent(at -> body.put("scheduled_at", at));
        return Step.request(
                Step.Component.PATRONI,
                Changing.api(group),
                failover ? "POST /failover" : "POST /switchover",
                JsonText.write(body),
                PATIENCE);
    }
}
