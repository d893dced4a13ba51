package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
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

/** Makes a broken replica anew from its leader: its data folder is erased first. */
public final class PatroniReinitialize
        implements Acts<PatroniReinitialize.Input, PatroniReinitialize.Looked, PatroniReinitialize.Output> {
    /** A copy of a terabyte takes hours; whoever waits can ask for the operation's progress meanwhile. */
    private static final long PATIENCE_SECONDS = 24 * 3600;

    record Input(
            @Says("Replica to erase and copy anew") String member,
            @Says("Its group, where names repeat") Optional<String> group) {}

    record Looked(
            String group,
            String member,
            String role,
            @Nullable String leader) {}

    record Output(String member, String state, @Nullable Integer timeline, double seconds) implements InWords {
        @Override
        public String inWords() {
            return member + " was copied anew in " + seconds + " s and is " + state + " on timeline " + timeline + ".";
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.destroys(
                "patroni_reinitialize",
                "Reinitialize a replica",
                Input.class,
                Output.class,
                "Erases a broken replica and copies it anew from its leader. A person approves first.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Group group = Changing.groupOf(input.group(), Optional.of(input.member()), context);
        Member member = Changing.member(group, input.member());
        Optional<Member> leader = group.leader();
        boolean leads = leader.map(member::equals).orElse(false);
        List<Check> checks = new ArrayList<>(Changing.dcs(group));
        checks.add(Plan.check(
                "it does not lead", !leads, leads ? "it does; a leader is never erased" : "it is " + member.role()));
        checks.add(Plan.check(
                "it answers",
                member.own().isPresent(),
                member.own().isPresent() ? "it is " + member.state() : String.valueOf(member.silence())));
        boolean source = leader.map(Member::healthy).orElse(false);
        checks.add(new Check(
                "its leader can be copied",
                source ? Verdict.HOLDS : leader.isEmpty() ? Verdict.FAILS : Verdict.RISKY,
                source
                        ? leader.map(Member::name).orElse("") + " runs"
                        : leader.isEmpty() ? "nobody leads, so Patroni refuses" : "no leader says that it runs"));
        boolean only = group.replicas().stream().filter(Member::healthy).count() == 1 && member.healthy();
        checks.add(
                only
                        ? new Check("another replica remains", Verdict.RISKY, "until the copy is done there is none")
                        : new Check(
                                "another replica remains",
                                Verdict.HOLDS,
                                group.replicas().size() + " replicas"));
        checks.add(Changing.alone(context));
        return new Plan<>(
                "Erases " + member.name() + " of group " + group.name() + " and copies it anew",
                new Looked(
                        group.name(),
                        member.name(),
                        leads ? "leader" : "replica", // whether it is the synchronous one changes by itself
                        leader.map(Member::name).orElse(null)),
                checks,
                List.of(Step.request(
                        Step.Component.PATRONI,
                        Objects.requireNonNullElse(member.api(), "unknown"),
                        "POST /reinitialize",
                        "{}",
                        context.cluster().settings().httpTimeout().multipliedBy(4))),
                new Consequences(
                        "The leader is read once as a whole; its clients feel the load.",
                        "All data of the member.",
                        "operation_status, patroni_member_list",
                        "",
                        "None: the old copy is gone.",
                        "A copy that breaks off is tried again by Patroni.",
                        true,
                        Map.of()));
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        long started = System.nanoTime();
        Object before = own(plan, context).map(OwnView::startedAt).orElse(null);
        Changing.agreed((Step.Request) plan.steps().get(0), hands);
        Optional<Member> back =
                Changing.await(PATIENCE_SECONDS, hands, context, input.member() + " is being copied", () -> {
                    Group group = Changing.group(Optional.of(plan.looked().group()), context);
                    return group.named(input.member())
                            .filter(member -> member.healthy()
                                    && member.own().map(OwnView::replayed).orElse(null) != null
                                    && !Objects.equals(
                                            member.own().map(OwnView::startedAt).orElse(null), before));
                });
        double seconds = Math.round((System.nanoTime() - started) / 1e8) / 10.0;
        return back.map(member -> new Output(member.name(), member.state(), member.timeline(), seconds))
                .orElseThrow(() -> new ToolException(
                        ErrorCode.OUTCOME_UNKNOWN,
                        input.member() + " was not back after " + seconds + " s; it may still be copied.",
                        "patroni_member_list shows its state; do not repeat patroni_reinitialize."));
    }

    private static Optional<OwnView> own(Plan<Looked> plan, Context context) {
        return Changing.group(Optional.of(plan.looked().group()), context)
                .named(plan.looked().member())
                .flatMap(Member::own);
    }
}
