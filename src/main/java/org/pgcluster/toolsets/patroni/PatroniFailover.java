package org.pgcluster.toolsets.patroni;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.DcsView.Switchover;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Settings;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Acts;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;

/** Makes another member the leader, now or later, and follows the change to its real end. */
public final class PatroniFailover
        implements Acts<PatroniFailover.Input, PatroniFailover.Looked, PatroniFailover.Output> {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

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
            @Nullable String scheduled) {}

    record Output(
            String group,
            String outcome,
            @Nullable String leader,
            @Nullable String formerLeader,
            @Nullable Integer timeline,
            @Nullable Double writesDownSeconds,
            List<Stage> stages)
            implements InWords {
        @Override
        public String inWords() {
            List<String> open = stages.stream()
                    .filter(stage -> stage.afterSeconds() == null)
                    .map(Stage::what)
                    .toList();
            return outcome
                    + (writesDownSeconds == null ? "" : " Writes were down for about " + writesDownSeconds + " s.")
                    + (open.isEmpty() ? "" : " Not yet: " + String.join(", ", open) + ".");
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
        Group group = Changing.group(input.group().or(input::candidate).or(input::leader), context);
        return input.unschedule() ? unscheduling(group, context) : changing(input, group, context);
    }

    private static Plan<Looked> unscheduling(Group group, Context context) {
        Optional<Switchover> scheduled = group.scheduled();
        return new Plan<>(
                "Takes back the switchover scheduled in group " + group.name(),
                looked(group, "unschedule", null, scheduled),
                List.of(
                        Plan.check(
                                "something is scheduled",
                                scheduled.isPresent(),
                                scheduled.map(Switchover::at).orElse("nothing is")),
                        Changing.alone(context)),
                List.of(Step.request(
                        Step.Component.PATRONI, Changing.api(group), "DELETE /switchover", "", Duration.ofSeconds(20))),
                new Consequences(
                        "",
                        "",
                        "patroni_cluster_status",
                        "",
                        "patroni_failover with scheduled_at.",
                        "",
                        false,
                        Map.of()));
    }

    private static Plan<Looked> changing(Input input, Group group, Context context) {
        Optional<Member> leader = group.leader();
        boolean failover = input.kind() == Kind.FAILOVER || (input.kind() == Kind.AUTO && leader.isEmpty());
        Candidates candidates = new Candidates(group, failover);
        Optional<String> candidate = failover ? input.candidate().or(candidates::best) : input.candidate();
        List<Check> checks = new ArrayList<>(candidates.checks(candidate));
        checks.add(leading(input, leader, failover));
        checks.add(pause(input, group, candidate, failover));
        input.scheduledAt().ifPresent(at -> checks.add(time(at)));
        checks.add(Changing.alone(context));
        String who = candidate.or(candidates::best).orElse("nobody");
        String from = leader.map(Member::name).orElse("nobody");
        long loop = group.settings().map(Settings::loopWait).orElse(10L);
        return new Plan<>(
                (failover ? "Fails over" : "Switches over") + " group " + group.name() + " from " + from + " to " + who
                        + (candidate.isPresent() ? "" : " (Patroni chooses; this is whom it would choose now)")
                        + input.scheduledAt().map(at -> " at " + at).orElse(""),
                looked(group, failover ? "failover" : "switchover", candidate.orElse(null), group.scheduled()),
                checks,
                List.of(step(input, group, failover, candidate)),
                new Consequences(
                        "Writes to the group stop for some seconds (a loop is " + loop
                                + " s); all sessions of the old leader end" + " with an error and must connect again.",
                        candidates.atRisk(who),
                        "operation_status, patroni_cluster_status",
                        input.scheduledAt().isPresent() ? "patroni_failover with unschedule." : "",
                        "Switch back once " + from + " is a replica without lag again.",
                        "",
                        failover || candidates.mayLose(who),
                        Map.of()));
    }

    private static Looked looked(Group group, String kind, @Nullable String candidate, Optional<Switchover> scheduled) {
        return new Looked(
                group.name(),
                kind,
                group.leader().map(Member::name).orElse(null),
                group.leader().map(Member::timeline).orElse(null),
                candidate,
                group.members().stream()
                        .map(member -> member.name() + (member.hasTag("nofailover") ? " nofailover" : ""))
                        .sorted()
                        .toList(),
                group.paused(),
                scheduled.map(Switchover::at).orElse(null));
    }

    private static Check leading(Input input, Optional<Member> leader, boolean failover) {
        String what = "the leader is who it should be";
        String found = leader.map(Member::name).orElse("nobody leads");
        if (input.leader().isPresent() && !input.leader().get().equals(found)) {
            return new Check(what, Verdict.FAILS, "not " + input.leader().get() + ": " + found);
        }
        if (leader.isEmpty()) {
            return new Check(
                    what,
                    failover ? Verdict.RISKY : Verdict.FAILS,
                    "nobody leads" + (failover ? "" : "; kind: failover"));
        }
        boolean speaks = leader.get().own().isPresent();
        return speaks
                ? new Check(
                        what,
                        failover ? Verdict.RISKY : Verdict.HOLDS,
                        found + (failover ? " leads: a switchover would be safe" : ""))
                : new Check(what, Verdict.UNKNOWN, found + " by the DCS, and it does not answer itself");
    }

    private static Check pause(Input input, Group group, Optional<String> candidate, boolean failover) {
        String what = "Patroni would do it";
        if (!group.paused()) {
            return new Check(what, Verdict.HOLDS, "it is not paused");
        }
        if (input.scheduledAt().isPresent()) {
            return new Check(what, Verdict.FAILS, "it is paused and schedules nothing");
        }
        return !failover && candidate.isEmpty()
                ? new Check(what, Verdict.FAILS, "it is paused: a candidate must be named")
                : new Check(what, Verdict.RISKY, "it is paused: nobody takes over if this goes wrong");
    }

    private static Check time(String at) {
        String what = "the time is to come";
        try {
            boolean future = OffsetDateTime.parse(at).toInstant().isAfter(Instant.now());
            return Plan.check(what, future, at);
        } catch (DateTimeException e) {
            throw ToolException.invalidInput(
                    "`scheduled_at` takes a time with its zone, not \"" + at + "\".",
                    "2026-11-21T02:30:00+00:00 is one.");
        }
    }

    private static Step step(Input input, Group group, boolean failover, Optional<String> candidate) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        if (!failover) {
            body.put("leader", group.leader().map(Member::name).orElse(""));
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

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Step.Request step = (Step.Request) plan.steps().get(0);
        Looked looked = plan.looked();
        if (input.unschedule() || input.scheduledAt().isPresent()) {
            Hands.Said said = Changing.agreed(step, hands);
            Group now = Changing.group(Optional.of(looked.group()), context);
            String scheduled = now.scheduled().map(Switchover::at).orElse("nothing");
            return new Output(
                    looked.group(),
                    "Patroni says: " + said.text() + ". Scheduled is now: " + scheduled + ".",
                    now.leader().map(Member::name).orElse(null),
                    null,
                    now.leader().map(Member::timeline).orElse(null),
                    null,
                    List.of());
        }
        Group before = Changing.group(Optional.of(looked.group()), context);
        try (var gap = WriteGap.watch(before, context)) {
            long started = System.nanoTime();
            Hands.Said said = hands.send(step);
            if (!said.agreed()) {
                throw notDone(said, before, context);
            }
            return new Following(before, hands, context, started).toTheEnd(gap);
        }
    }

    /** Its own words, and what each member says of itself: one of them knows why. */
    private static ToolException notDone(Hands.Said said, Group before, Context context) {
        List<String> members = new ArrayList<>();
        Group now = before;
        try {
            now = Changing.group(Optional.of(before.name()), context);
        } catch (ToolException e) {
            members.add("they cannot be asked again: " + e.text());
        }
        now.members()
                .forEach(member -> members.add(member.name() + " is " + member.role() + ", " + member.state()
                        + (member.lagBytes() == null ? "" : ", " + member.lagBytes() + " bytes behind")
                        + (member.hasTag("nofailover") ? ", nofailover" : "")));
        ErrorCode code = said.status() == 401 || said.status() == 403
                ? ErrorCode.PERMISSION_DENIED
                : said.status() < 500 ? ErrorCode.PRECONDITION_FAILED : ErrorCode.UPSTREAM_ERROR;
        return new ToolException(
                code,
                "Patroni did not do it (" + said.status() + "): " + said.text() + ". Members: "
                        + String.join("; ", members) + ".",
                code == ErrorCode.PERMISSION_DENIED
                        ? "Set patroni_user and patroni_password."
                        : "patroni_cluster_status shows who leads.");
    }
}
