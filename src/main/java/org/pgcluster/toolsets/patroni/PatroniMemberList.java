package org.pgcluster.toolsets.patroni;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.patroni.DcsView;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.OwnView;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Every member, as the DCS has it and as it describes itself. */
public final class PatroniMemberList implements Reads<PatroniMemberList.Input, PatroniMemberList.Output> {
    record Input(@Says("Citus group or a member of it") Optional<String> group) {}

    record Output(List<Row> members, List<String> unobserved, List<Unavailable> unavailable) implements InWords {
        @Override
        public String inWords() {
            long silent =
                    members.stream().filter(member -> member.ownRole() == null).count();
            long restarts = members.stream().filter(Row::pendingRestart).count();
            return members.size() + " members"
                    + (silent == 0 ? ", all answer" : ", " + silent + " do not answer themselves")
                    + (restarts == 0 ? "." : "; " + restarts + (restarts == 1 ? " waits" : " wait") + " for a restart")
                    + (restarts == 0 ? "" : noReason() ? ": patroni_config shows for what." : ".");
        }

        /** Patroni before 3.3 tells none. */
        private boolean noReason() {
            return members.stream()
                    .anyMatch(
                            one -> one.pendingRestart() && one.restartReasons().isEmpty());
        }
    }

    record Row(
            String group,
            String member,
            String role,
            @Nullable String ownRole,
            String state,
            @Nullable String address,
            @Nullable String api,
            @Nullable Integer timeline,
            @Nullable Long lagBytes,
            List<String> tags,
            boolean pendingRestart,
            List<String> restartReasons,
            @Nullable String scheduledRestart,
            @Nullable Instant startedAt,
            @Nullable Long dcsAgeSeconds,
            @Nullable String postgres,
            @Nullable String patroni) {}

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "patroni_member_list",
                "Patroni members",
                Input.class,
                Output.class,
                "Every Patroni member: role by the DCS and by itself, state, addresses, timeline, tags, restarts"
                        + " that wait, start time, versions.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.group(), context);
        List<Row> rows = new ArrayList<>();
        for (Group group : asked.groups()) {
            group.members().forEach(member -> rows.add(row(group, member)));
        }
        return new Output(rows, asked.unobserved(), asked.unavailable());
    }

    private static Row row(Group group, Member member) {
        Optional<OwnView> own = member.own();
        Optional<DcsView.Row> dcs = member.dcs();
        return new Row(
                group.name(),
                member.name(),
                member.role(),
                own.map(OwnView::role).orElse(null),
                member.state(),
                member.address().orElse(null),
                member.api(),
                member.timeline(),
                member.lagBytes(),
                dcs.map(DcsView.Row::tags).orElse(List.of()),
                dcs.map(DcsView.Row::pendingRestart).orElse(false)
                        || own.map(OwnView::pendingRestart).orElse(false),
                dcs.map(DcsView.Row::restartReasons).orElse(List.of()),
                dcs.map(DcsView.Row::scheduledRestart).orElse(null),
                own.map(OwnView::startedAt).orElse(null),
                own.map(OwnView::dcsAgeSeconds).orElse(null),
                own.map(OwnView::postgresVersion).orElse(null),
                own.map(OwnView::patroniVersion).orElse(null));
    }
}
