package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
import org.pgcluster.toolsets.patroni.BySql.Said;
import org.pgcluster.toolsets.patroni.ReplicationSql.Receiving;
import org.pgcluster.toolsets.patroni.ReplicationSql.Sender;
import org.pgcluster.toolsets.patroni.ReplicationSql.Slot;

/** How far each replica is behind, by three witnesses. */
public final class PatroniReplicationLag implements Reads<PatroniReplicationLag.Input, PatroniReplicationLag.Output> {
    private static final long WORTH_A_WORD = 1 << 20;

    record Input(@Says("Citus group or a member of it") Optional<String> group) {}

    record Output(
            List<Lag> replicas,
            List<SlotRow> slots,
            List<String> remarks,
            List<String> unobserved,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            Optional<Lag> worst = replicas.stream()
                    .filter(lag -> lag.bytes() != null)
                    .max((one, other) -> Long.compare(one.known(), other.known()));
            long unknown = replicas.stream().filter(lag -> lag.bytes() == null).count();
            return replicas.size()
                    + (replicas.size() == 1 ? " replica" : " replicas")
                    + worst.map(lag -> lag.known() == 0
                                    ? ", none known to be behind"
                                    : ", the furthest behind is " + lag.member() + " with " + lag.bytes() + " bytes")
                            .orElse("")
                    + (unknown == 0 ? "." : "; of " + unknown + " nobody knows.");
        }
    }

    /**
     * {@code bytes} is the largest that a witness knows. {@code restBytes} are the positions that leader and replica tell,
     * {@code dcsBytes} what Patroni wrote up to a loop ago, {@code sqlBytes} pg_stat_replication on the leader.
     * {@code sqlSeconds} is the last measured delay, {@code restSeconds} the age of the last replayed commit.
     * {@code notReplayedBytes} and {@code receiver} are by SQL on the replica itself.
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
            @Nullable Long notReplayedBytes,
            @Nullable String receiver,
            @Nullable String streaming,
            @Nullable String sync,
            boolean replayPaused) {
        long known() {
            return bytes == null ? -1 : bytes;
        }
    }

    /** {@code member} is whose it is by its name; an inactive one keeps WAL until the disk is full. */
    record SlotRow(
            String group,
            String slot,
            String kind,
            boolean active,
            @Nullable String walStatus,
            @Nullable Long keepsBytes,
            @Nullable String member) {}

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
        List<SlotRow> slots = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        BySql bySql = BySql.of(asked.groups(), context);
        for (Group group : asked.groups()) {
            Said leads = bySql.leader(group);
            leads.failure()
                    .ifPresent(e ->
                            unavailable.add(new Unavailable("postgres", "leader of group " + group.name(), e.text())));
            leads.slots().forEach(one -> slots.add(row(group, one)));
            for (Member replica : group.replicas()) {
                Said its = bySql.replica(group, replica);
                its.failure().ifPresent(e -> unavailable.add(new Unavailable("postgres", replica.name(), e.text())));
                Lag lag = lag(group, replica, leads.senders(), its.receiving());
                lags.add(lag);
                remark(group, lag, leads.senders().isPresent(), remarks);
            }
        }
        slots.forEach(slot -> remark(slot, remarks));
        return new Output(lags, slots, remarks, asked.unobserved(), unavailable);
    }

    /** Patroni makes a slot for each member, and writes what a slot's name may not have as an underscore. */
    private static SlotRow row(Group group, Slot slot) {
        String member = group.members().stream()
                .map(Member::name)
                .filter(name -> name.toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9_]", "_")
                        .equals(slot.name()))
                .findFirst()
                .orElse(null);
        return new SlotRow(
                group.name(), slot.name(), slot.kind(), slot.active(), slot.walStatus(), slot.keepsBytes(), member);
    }

    private static Lag lag(Group group, Member replica, Optional<List<Sender>> senders, Optional<Receiving> receiving) {
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
                receiving.map(Receiving::notReplayed).orElse(null),
                receiving.map(Receiving::receiver).orElse(null),
                sender.map(Sender::state).orElse(null),
                sender.map(Sender::sync)
                        .orElseGet(() -> replica.dcs().map(DcsView.Row::role).orElse(null)),
                receiving
                        .map(Receiving::paused)
                        .orElseGet(() -> own.map(OwnView::replayPaused).orElse(false)));
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
            remarks.add(lag.member() + " receives nothing from its leader: it is not in pg_stat_replication"
                    + ("none".equals(lag.receiver()) ? ", and no receiver runs there" : ""));
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
        Long notReplayed = lag.notReplayedBytes();
        if (notReplayed != null && notReplayed >= WORTH_A_WORD && !lag.replayPaused()) {
            remarks.add(lag.member() + " has received " + notReplayed
                    + " bytes that it did not replay yet: look at its disk, or at a query that holds its replay up");
        }
        if (lag.replayPaused()) {
            remarks.add(lag.member() + " receives but does not replay: its replay is paused");
        }
    }

    private static void remark(SlotRow slot, List<String> remarks) {
        Long keeps = slot.keepsBytes();
        if (!slot.active() && keeps != null) {
            remarks.add("slot " + slot.slot() + " of group " + slot.group() + " is not used and keeps " + keeps
                    + " bytes of WAL"
                    + (slot.member() == null
                            ? ": no member has that name, so find its owner"
                            : ": that member does not stream"));
        }
    }
}
