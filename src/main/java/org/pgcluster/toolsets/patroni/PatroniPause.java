package org.pgcluster.toolsets.patroni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Settings;
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

/** Tells a group to leave PostgreSQL alone for a while, or to look after it again. */
public final class PatroniPause implements Acts<PatroniPause.Input, PatroniPause.Looked, PatroniPause.Output> {
    private static final long MOST_SECONDS = 120;

    record Input(
            @Says("false resumes") boolean paused,
            @Says("Citus group or a member of it") Optional<String> group) {}

    record Looked(String group, boolean paused, @Nullable String leader) {}

    /** {@code silent} are members that do not answer: they notice it when they are back. */
    record Output(String group, boolean paused, boolean everywhere, List<String> silent) implements InWords {
        @Override
        public String inWords() {
            return "Patroni of group " + group + (paused ? " is paused" : " looks after PostgreSQL again")
                    + (everywhere || !silent.isEmpty() ? "." : "; not every member has noticed yet.")
                    + (silent.isEmpty() ? "" : " Without an answer: " + String.join(", ", silent) + ".");
        }
    }

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.changes(
                "patroni_pause",
                "Pause Patroni",
                Input.class,
                Output.class,
                "Pauses Patroni of one group for maintenance, or resumes it. A person approves first.");
    }

    @Override
    public boolean onDatabase() {
        return false;
    }

    @Override
    public Plan<Looked> plan(Input input, Context context) {
        Group group = Changing.group(input.group(), context);
        return new Plan<>(
                (input.paused() ? "Pauses" : "Resumes") + " Patroni of group " + group.name(),
                new Looked(
                        group.name(),
                        group.paused(),
                        group.leader().map(Member::name).orElse(null)),
                checks(input, group, context),
                List.of(Step.request(
                        Step.Component.PATRONI,
                        Changing.api(group),
                        "PATCH /config",
                        input.paused() ? "{\"pause\":true}" : "{\"pause\":null}",
                        context.cluster().settings().httpTimeout())),
                new Consequences(
                        input.paused() ? "Until it is resumed a dead leader stays dead and nothing is restarted." : "",
                        "",
                        "patroni_cluster_status",
                        "",
                        "patroni_pause with group: " + group.name() + ", paused: " + !input.paused() + ".",
                        "",
                        false,
                        Map.of()));
    }

    private static List<Check> checks(Input input, Group group, Context context) {
        boolean leads =
                group.leader().flatMap(Member::own).map(own -> own.leads()).orElse(false);
        List<Check> checks = new ArrayList<>(Changing.dcs(group));
        checks.add(
                group.paused() == input.paused()
                        ? new Check("it changes something", Verdict.RISKY, "it is so already")
                        : new Check("it changes something", Verdict.HOLDS, "paused is " + group.paused()));
        checks.add(
                leads
                        ? new Check("a leader is there", Verdict.HOLDS, "it says so itself")
                        : new Check(
                                "a leader is there",
                                Verdict.RISKY,
                                input.paused()
                                        ? "none says so itself: while paused nobody takes over"
                                        : "none says so itself: Patroni fails over at once"));
        checks.add(Changing.alone(context));
        return checks;
    }

    @Override
    public Output act(Input input, Plan<Looked> plan, Hands hands, Context context) {
        Changing.agreed((Step.Request) plan.steps().get(0), hands);
        String name = plan.looked().group();
        long started = System.nanoTime();
        Noticed end = Changing.await(MOST_SECONDS, hands, context, "Members notice it", () -> {
                    Group now = Changing.group(Optional.of(name), context);
                    boolean all = now.members().stream()
                            .flatMap(member -> member.own().stream())
                            .allMatch(own -> own.paused() == input.paused());
                    boolean late = System.nanoTime() - started > 3_000_000_000L * loop(now);
                    return all || late ? Optional.of(new Noticed(now, all)) : Optional.empty();
                })
                .orElseGet(() -> new Noticed(Changing.group(Optional.of(name), context), false));
        Group now = end.group();
        List<String> silent = now.members().stream()
                .filter(member -> member.own().isEmpty())
                .map(Member::name)
                .toList();
        return new Output(name, now.paused(), end.byAll() && silent.isEmpty(), silent);
    }

    private record Noticed(Group group, boolean byAll) {}

    private static long loop(Group group) {
        return group.settings().map(Settings::loopWait).orElse(10L);
    }
}
