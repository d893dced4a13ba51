package org.pgcluster.toolsets.patroni;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
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

    static Plan<Looked> takingBack(Group group, Context context) {
        Optional<Switchover> scheduled = group.scheduled();
        return new Plan<>(
                "Takes back the switchover scheduled in group " + group.name(),
                Looked.of(group, "unschedule", Optional.empty()),
                List.of(
                        Plan.check(
                                "something is scheduled",
                                scheduled.isPresent(),
                                scheduled.map(Switchover::at).orElse("nothing is")),
                        Changing.alone(context)),
                List.of(Step.request(Step.Component.PATRONI, Changing.api(group), "DELETE /switchover", "", PATIENCE)),
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
