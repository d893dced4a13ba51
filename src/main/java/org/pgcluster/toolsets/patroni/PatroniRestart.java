package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
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

/** Restarts PostgreSQL of one member in place, now or at a time; Patroni itself keeps the time. */
public final class PatroniRestart implements Acts<PatroniRestart.Input, PatroniRestart.Looked, PatroniRestart.Output> {
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final String NONE = "none";

    record Input(
            @Says("Member to restart") String member,

            @Says("Only where settings wait for it") @Default("false")
            boolean pendingOnly,

            @Says("Later, with zone; none takes back") Optional<String> scheduledAt,

            @Says("Its group, where names repeat") Optional<String> group) {
        Input {
            if (scheduledAt.filter(NONE::equals).isPresent() && pendingOnly) {
                throw ToolException.invalidInput("`scheduled_at`: none goes without `pending_only`.", null);
            }
        }

        boolean takesBack() {
            return scheduledAt.filter(NONE::equals).isPresent();
        }
    }

    record Looked(
            String group,
            String member,
            String role,
            boolean pendingRestart,
            @Nullable String scheduled) {}

    record Output(
            String member,
            String state,
            @Nullable Instant startedAt,
            boolean pendingRestart,
            @Nullable String scheduled,
            boolean takenBack,
            double seconds)
            implements InWords {
        @Override
        public String inWords() {
            String later = scheduled == null
                    ? takenBack ? "No restart is scheduled for it any more. " : ""
                    : "Its restart is scheduled for " + scheduled + ". ";
            return later + "PostgreSQL of "
                    + member + " is " + state + ", started at " + startedAt
                    + (pendingRestart ? "; settings still wait for a restart." : ".");
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "patroni_restart",
                "Restart a member",
                Input.class,
                Output.class,
                "Restarts PostgreSQL of one Patroni member, now or later. A person approves first.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Group group = Changing.groupOf(input.group(), Optional.of(input.member()), context);
        Member member = Changing.member(group, input.member());
        boolean pending = member.own().map(OwnView::pendingRestart).orElse(false)
                || member.dcs().map(row -> row.pendingRestart()).orElse(false);
        boolean leads = group.leader().map(member::equals).orElse(false);
        Looked looked = new Looked(
                group.name(),
                member.name(),
                leads ? "leader" : "replica", // whether it is the synchronous one changes by itself
                pending,
                member.dcs().map(DcsView.Row::scheduledRestart).orElse(null));
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "it answers",
                member.own().isPresent(),
                member.own().isPresent() ? "it is " + member.state() : String.valueOf(member.silence())));
        if (input.takesBack()) {
            checks.add(Plan.check(
                    "something is scheduled",
                    looked.scheduled() != null,
                    looked.scheduled() == null ? "nothing is" : looked.scheduled()));
        } else {
            checks.add(
                    leads
                            ? new Check("it is a replica", Verdict.RISKY, "it leads: writes are down until it is back")
                            : new Check("it is a replica", Verdict.HOLDS, "it is " + member.role()));
            checks.add(pending(input, pending, member));
            input.scheduledAt().ifPresent(at -> checks.addAll(schedule(at, group, looked)));
        }
        checks.add(Changing.alone(context));
        return new Plan<>(
                summary(input, looked),
                looked,
                checks,
                List.of(step(input, member, context)),
                consequences(input, leads));
    }

    private static String summary(Input input, Looked looked) {
        String which = looked.member() + ", " + looked.role() + " of group " + looked.group();
        return input.takesBack()
                ? "Takes back the restart scheduled for " + which
                : "Restarts PostgreSQL of " + which + (input.pendingOnly() ? ", if settings still wait for it" : "")
                        + input.scheduledAt().map(at -> ", at " + at).orElse("");
    }

    /** Patroni keeps one for each member, and none while it is paused. */
    private static List<Check> schedule(String at, Group group, Looked looked) {
        return List.of(
                ScheduledSwitchover.time(at),
                Plan.check("Patroni would schedule it", !group.paused(), group.paused() ? "it is paused" : "yes"),
                Plan.check(
                        "nothing is scheduled for it yet",
                        looked.scheduled() == null,
                        looked.scheduled() == null ? "nothing is" : looked.scheduled() + "; take it back first"));
    }

    private static Step step(Input input, Member member, Context context) {
        String where = Objects.requireNonNullElse(member.api(), "unknown");
        Duration soon = context.cluster().settings().httpTimeout().multipliedBy(4);
        if (input.takesBack()) {
            return Step.request(Step.Component.PATRONI, where, "DELETE /restart", "", soon);
        }
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        if (input.pendingOnly()) {
            body.put("restart_pending", true);
        }
        input.scheduledAt().ifPresent(at -> body.put("schedule", at));
        return Step.request(
                Step.Component.PATRONI,
                where,
                "POST /restart",
                JsonText.write(body),
                input.scheduledAt().isPresent() ? soon : PATIENCE);
    }

    private static Consequences consequences(Input input, boolean leads) {
        boolean later = input.scheduledAt().isPresent();
        String stop = later ? "patroni_restart with scheduled_at: none." : "";
        if (input.takesBack()) {
            return new Consequences(
                    "", "", "patroni_member_list", "", "patroni_restart with scheduled_at.", "", false, Map.of());
        }
        return new Consequences(
                leads ? "All of the group's sessions end; writes wait for seconds." : "Its sessions end.",
                "",
                "patroni_member_list",
                stop,
                later ? stop : "None: what ran there has failed.",
                "",
                false,
                Map.of());
    }

    private static Check pending(Input input, boolean pending, Member member) {
        String reasons =
                String.join(", ", member.dcs().map(row -> row.restartReasons()).orElse(List.of()));
        if (pending) {
            return new Check("settings wait for it", Verdict.HOLDS, reasons.isEmpty() ? "yes" : reasons);
        }
        return new Check(
                "settings wait for it",
                input.pendingOnly() ? Verdict.FAILS : Verdict.HOLDS,
                "none; it restarts as it is");
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        long started = System.nanoTime();
        Optional<String> name = Optional.of(plan.looked().group());
        Instant before = startedAt(Changing.group(name, context), input.member());
        Changing.agreed((Step.Request) plan.steps().get(0), hands);
        Optional<Member> back = input.scheduledAt().isPresent()
                ? Optional.of(noted(input, name, hands, context))
                : Changing.await(60, hands, context, input.member() + " comes back", () -> {
                    Member now = Changing.member(Changing.group(name, context), input.member());
                    boolean again = now.healthy() && !Objects.equals(startedAt(now), before);
                    return again ? Optional.of(now) : Optional.empty();
                });
        Member now = back.orElseThrow(() -> new ToolException(
                ErrorCode.OUTCOME_UNKNOWN,
                "Patroni agreed, and " + input.member() + " was not back after 60 s.",
                "patroni_member_list shows its state; do not repeat patroni_restart."));
        return new Output(
                now.name(),
                now.state(),
                startedAt(now),
                now.own().map(OwnView::pendingRestart).orElse(false),
                now.dcs().map(DcsView.Row::scheduledRestart).orElse(null),
                input.takesBack(),
                Math.round((System.nanoTime() - started) / 1e8) / 10.0);
    }

    /** The other members tell of it once they have read the DCS; a time that has come meanwhile is not told any more. */
    private static Member noted(Input input, Optional<String> group, Hands hands, Context context) {
        boolean wanted = !input.takesBack();
        return Changing.await(10, hands, context, "the schedule of " + input.member() + " is seen", () -> {
                    Member now = Changing.member(Changing.group(group, context), input.member());
                    boolean seen = now.dcs().map(DcsView.Row::scheduledRestart).isPresent();
                    return seen == wanted ? Optional.of(now) : Optional.empty();
                })
                .orElseGet(() -> Changing.member(Changing.group(group, context), input.member()));
    }

    private static @Nullable Instant startedAt(Member member) {
        return member.own().map(OwnView::startedAt).orElse(null);
    }

    private static @Nullable Instant startedAt(Group group, String member) {
        return group.named(member).map(PatroniRestart::startedAt).orElse(null);
    }
}
