package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
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

/** Restarts PostgreSQL of one member in place. */
public final class PatroniRestart implements Acts<PatroniRestart.Input, PatroniRestart.Looked, PatroniRestart.Output> {
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    record Input(
            @Says("Member to restart") String member,

            @Says("Only where settings wait for it") @Default("false")
            boolean pendingOnly,

            @Says("Its group, where names repeat") Optional<String> group) {}

    record Looked(String group, String member, String role, boolean pendingRestart) {}

    record Output(String member, String state, @Nullable Instant startedAt, boolean pendingRestart, double seconds)
            implements InWords {
        @Override
        public String inWords() {
            return "PostgreSQL of " + member + " is " + state + ", started at " + startedAt
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
                "Restarts PostgreSQL of one Patroni member in place. Plans first: role, waiting settings, whom it"
                        + " disconnects. A person approves.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Group group = Changing.group(input.group().or(() -> Optional.of(input.member())), context);
        Member member = Changing.member(group, input.member());
        Optional<OwnView> own = member.own();
        boolean pending = own.map(OwnView::pendingRestart).orElse(false)
                || member.dcs().map(row -> row.pendingRestart()).orElse(false);
        boolean leads = group.leader().map(member::equals).orElse(false);
        List<Check> checks = new ArrayList<>();
        checks.add(Plan.check(
                "it answers",
                own.isPresent(),
                own.isPresent() ? "it is " + member.state() : String.valueOf(member.silence())));
        checks.add(
                leads
                        ? new Check("it is a replica", Verdict.RISKY, "it leads: writes are down until it is back")
                        : new Check("it is a replica", Verdict.HOLDS, "it is " + member.role()));
        checks.add(pending(input, pending, member));
        checks.add(Changing.alone(context));
        return new Plan<>(
                "Restarts PostgreSQL of " + member.name() + ", " + member.role() + " of group " + group.name(),
                new Looked(group.name(), member.name(), member.role(), pending),
                checks,
                List.of(Step.request(
                        Step.Component.PATRONI,
                        Objects.requireNonNullElse(member.api(), "unknown"),
                        "POST /restart",
                        input.pendingOnly() ? "{\"restart_pending\":true}" : "{}",
                        PATIENCE)),
                new Consequences(
                        leads ? "All of the group's sessions end; writes wait for seconds." : "Its sessions end.",
                        "",
                        "patroni_member_list",
                        "",
                        "None: what ran there has failed.",
                        "",
                        false,
                        Map.of()));
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
        Instant before = startedAt(Changing.group(Optional.of(plan.looked().group()), context), input.member());
        Changing.agreed((Step.Request) plan.steps().get(0), hands);
        Changing.await(60, hands, context, input.member() + " comes back", () -> {
            Member now =
                    Changing.member(Changing.group(Optional.of(plan.looked().group()), context), input.member());
            boolean back = now.healthy()
                    && !Objects.equals(now.own().map(OwnView::startedAt).orElse(null), before);
            return back ? Optional.of(now) : Optional.empty();
        });
        Member now = Changing.member(Changing.group(Optional.of(plan.looked().group()), context), input.member());
        return new Output(
                now.name(),
                now.state(),
                now.own().map(OwnView::startedAt).orElse(null),
                now.own().map(OwnView::pendingRestart).orElse(false),
                Math.round((System.nanoTime() - started) / 1e8) / 10.0);
    }

    private static @Nullable Instant startedAt(Group group, String member) {
        return group.named(member).flatMap(Member::own).map(OwnView::startedAt).orElse(null);
    }
}
