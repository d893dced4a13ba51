package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ToolException;
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

/** How far each replica is behind, by three witnesses. */
public final class PatroniReplicationLag implements Reads<PatroniReplicationLag.Input, PatroniReplicationLag.Output> {
    private static final long WORTH_A_WORD = 1 << 20;

    record Input(@Says("Citus group or a member of it") Optional<String> group) {}

    record Output(List<Lag> replicas, List<String> remarks, List<String> unobserved, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Optional<Lag> worst = replicas.stream()
                    .filter(lag -> lag.bytes() != null)
                    .max((one, other) -> Long.compare(one.known(), other.known()));
            long unknown = replicas.stream().filter(lag -> lag.bytes() == null).count();
            return replicas.size()
                    + (replicas.size() == 1 ? " replica" : " replicas")
                    + worst.map(lag -> ", the furthest behind is " + lag.member() + " with " + lag.bytes() + " bytes")
                            .orElse("")
                    + (unknown == 0 ? "." : "; of " + unknown + " nobody knows.");
        }
    }

    /**
     * {@code bytes} is the largest that a witness knows. {@code restBytes} are the positions that leader and replica tell,
     * {@code dcsBytes} what Patroni wrote up to a loop ago, {@code sqlBytes} pg_stat_replication on the leader.
     * {@code sqlSeconds} is the last measured delay, {@code restSeconds} the age of the last replayed commit.
     */
    record Lag(
            String group,
            String member,
            @Nullable Long bytes,
            @Nullable Long restBytes,
            @Nullable Long notReceivedBytes,
            @Nullable Long dcsBytes,
            @Nullable Long sqlBytes,
            @Nullable Long notSentBytes,
            @Nullable Double sqlSeconds,
            @Nullable Double restSeconds,
            @Nullable String streaming,
            @Nullable String sync,
            boolean replayPaused) {
        long known() {
            return bytes == null ? -1 : bytes;
        }
    }

    record Sender(
            String name,
            String state,
            String sync,
            @Nullable Long notSent,
            @Nullable Long notReplayed,
            @Nullable Double seconds) {}

    private static final String SENDERS = """
            SELECT application_name AS name, coalesce(state, 'hidden') AS state, coalesce(sync_state, 'hidden') AS sync,
                   greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn))::bigint AS not_sent,
                   greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint AS not_replayed,
                   extract(epoch FROM replay_lag)::float8 AS seconds
              FROM pg_catalog.pg_stat_replication
             ORDER BY application_name, pid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "patroni_replication_lag",
                "Replication lag",
                Input.class,
                Output.class,
                "How far each replica is behind, in bytes and seconds, by Patroni and by SQL on the leader, and why they"
                        + " differ. Bytes decide.");
    }

    @Override
    public Output read(Input input, Context context) {
        Asked asked = Asked.of(input.group(), context);
        List<Unavailable> unavailable = new ArrayList<>(asked.unavailable());
        List<Lag> lags = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        for (Group group : asked.groups()) {
            Optional<List<Sender>> senders = senders(group, context, unavailable);
            for (Member replica : group.replicas()) {
                Lag lag = lag(group, replica, senders);
                lags.add(lag);
                remark(group, lag, senders.isPresent(), remarks);
            }
        }
        return new Output(lags, remarks, asked.unobserved(), unavailable);
    }

    private static Optional<List<Sender>> senders(Group group, Context context, List<Unavailable> unavailable) {
        try {
            return Optional.of(Leaders.sql(group, context).list(Sender.class, SENDERS));
        } catch (ToolException e) {
            unavailable.add(new Unavailable("postgres", "leader of group " + group.name(), e.text()));
            return Optional.empty();
        }
    }

    private static Lag lag(Group group, Member replica, Optional<List<Sender>> senders) {
        Optional<Sender> sender = senders.flatMap(all ->
                all.stream().filter(one -> one.name().equals(replica.name())).findFirst());
        Optional<OwnView> own = replica.own();
        Long leads = group.leader().flatMap(Member::own).map(OwnView::location).orElse(null);
        Long rest = behind(leads, own.map(OwnView::replayed).orElse(null));
        Long sql = sender.map(Sender::notReplayed).orElse(null);
        Long dcs = replica.lagBytes();
        return new Lag(
                group.name(),
                replica.name(),
                largest(rest, sql == null && rest == null ? dcs : sql),
                rest,
                behind(leads, own.map(OwnView::received).orElse(null)),
                dcs,
                sql,
                sender.map(Sender::notSent).orElse(null),
                sender.map(Sender::seconds).orElse(null),
                own.map(view -> seconds(view, rest)).orElse(null),
                sender.map(Sender::state).orElse(null),
                sender.map(Sender::sync)
                        .orElseGet(() -> replica.dcs().map(DcsView.Row::role).orElse(null)),
                own.map(OwnView::replayPaused).orElse(false));
    }

    private static @Nullable Long behind(@Nullable Long leader, @Nullable Long replica) {
        return leader == null || replica == null ? null : (Long) Math.max(0, leader - replica);
    }

    private static @Nullable Long largest(@Nullable Long one, @Nullable Long other) {
        return one == null ? other : other == null ? one : (Long) Math.max(one, other);
    }

    /** On an idle leader the last commit grows old while nothing is missing. */
    private static @Nullable Double seconds(OwnView own, @Nullable Long behind) {
        Instant replayed = own.replayedAt();
        if (behind == null || replayed == null) {
            return null;
        }
        double age = Duration.between(replayed, Instant.now()).toMillis() / 1000.0;
        return behind == 0 ? 0.0 : (Double) Math.max(0, age);
    }

    private static void remark(Group group, Lag lag, boolean asked, List<String> remarks) {
        Long bytes = lag.bytes();
        Double seconds = lag.sqlSeconds();
        if (asked && lag.streaming() == null) {
            remarks.add(lag.member() + " receives nothing from its leader: it is not in pg_stat_replication");
        }
        if (bytes == null) {
            return;
        }
        if (bytes >= WORTH_A_WORD && seconds != null && seconds < 1) {
            remarks.add(lag.member() + " is " + bytes + " bytes behind though the last measured delay is " + seconds
                    + " s: that is measured only when the replica answers, so bytes decide");
        }
        Long dcs = lag.dcsBytes();
        if (dcs != null && Math.abs(dcs - bytes) >= WORTH_A_WORD) {
            long loop = group.settings().map(settings -> settings.loopWait()).orElse(10L);
            remarks.add(
                    "Patroni's own figure for " + lag.member() + " (" + dcs + ") was written up to " + loop + " s ago");
        }
        if (lag.replayPaused()) {
            remarks.add(lag.member() + " receives but does not replay: its replay is paused");
        }
    }
}
