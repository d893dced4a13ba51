package org.pgcluster.toolsets.patroni;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgcluster.error.ToolException;
import org.pgcluster.patroni.DcsView.Switchover;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;
import org.pgcluster.tool.Plan;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Consequences;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Step;
import org.pgcluster.toolsets.patroni.PatroniFailover.Looked;
import org.pgcluster.toolsets.patroni.PatroniFailover.Output;

/** A switchover that waits for its time: written into the DCS, read back from there, taken back. */
final class ScheduledSwitchover {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private ScheduledSwitchover() {}

    static Check time(String at) {
        try {
            boolean future = OffsetDateTime.parse(at).toInstant().isAfter(Instant.now());
            return Plan.check("the time is to come", future, at);
        } catch (DateTimeException e) {
            throw ToolException.invalidInput(
                    "`scheduled_at` takes a time with its zone, not \"" + at + "\".",
                    "2026-11-21T02:30:00+00:00 is one.");
        }
    }

    /** Patroni remembers one request only. */
    static Check replaced(Switchover waiting) {
        return new Check("none is scheduled yet", Verdict.RISKY, words(waiting) + ": this takes its place");
    }

    private static String words(Switchover waiting) {
        return "one waits for " + waiting.at() + (waiting.to() == null ? "" : " to " + waiting.to());
    }

    private static Check something(Group group) {
        String what = "something is scheduled";
        return group.dcsSilence() == null
                ? Plan.check(
                        what,
                        group.scheduled().isPresent(),
                        group.scheduled().map(ScheduledSwitchover::words).orElse("nothing is"))
                : new Check(what, Verdict.UNKNOWN, "only the DCS knows it");
    }

    static Plan<Looked> takingBack(Group group, Context context) {
        List<Check> checks = new ArrayList<>(Changing.dcs(group));
        checks.add(something(group));
        checks.add(Changing.alone(context));
        return new Plan<>(
                "Takes back the switchover scheduled in group " + group.name(),
                Looked.of(group, "unschedule", Optional.empty()),
                checks,
                List.of(Step.request(Step.Component.PATRONI, Changing.api(group), "DELETE /switchover", "", PATIENCE)),
                new Consequences(
                        "",
                        "",
                        "patroni_cluster_status",
                        "",
                        "patroni_failover with group: " + group.name() + ", scheduled_at.",
                        "",
                        false,
                        Map.of()));
    }

    /** Sets it or takes it back. */
    static Output written(Looked looked, Step.Request step, Hands hands, Context context) {
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
                null,
                false,
                false,
                List.of(),
                List.of());
    }
}
