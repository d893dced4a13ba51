package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Routing;
import org.pgcluster.error.ToolException;
import org.pgcluster.haproxy.HaProxy;
import org.pgcluster.haproxy.Proxy;
import org.pgcluster.haproxy.Server;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.patroni.Settings;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Hands;
import org.pgcluster.toolsets.patroni.PatroniFailover.Output;
import org.pgcluster.toolsets.patroni.PatroniFailover.Stage;

/** Follows a change of leader until all that depends on it has followed: Patroni says 200 long before that. */
final class Following {
    private static final String LEADER = "a new leader on a new timeline";
    private static final String COMMITS = "it takes commits";
    private static final String REPLICAS = "every other member follows it";
    private static final String SYNCHRONOUS = "a standby is synchronous again";
    private static final String CITUS = "pg_dist_node names it";
    private static final String SYNCED = "every node has that metadata";
    private static final String HAPROXY = "HAProxy sends writes to it";
    private static final Set<String> OF_REPLICAS = Set.of(REPLICAS, SYNCHRONOUS);

    private final Group before;
    private final Optional<String> wanted;
    private final Hands hands;
    private final Context context;
    private final long started;
    private final boolean citus;
    private final Set<String> silent;
    private boolean waited;
    private final Map<String, @Nullable Double> stages = new LinkedHashMap<>();

    Following(Group before, Optional<String> wanted, Hands hands, Context context, long started) {
        this.before = before;
        this.wanted = wanted;
        this.hands = hands;
        this.context = context;
        this.started = started;
        this.citus = before.name().chars().allMatch(Character::isDigit);
        this.silent = new TreeSet<>(before.members().stream()
                .filter(member -> member.own().isEmpty())
                .map(Member::name)
                .toList());
        stages.put(LEADER, null);
        boolean synchronous =
                !before.settings().map(Settings::synchronous).orElse("off").equals("off");
        if (synchronous) {
            stages.put(COMMITS, null);
        }
        stages.put(REPLICAS, null);
        if (synchronous) {
            stages.put(SYNCHRONOUS, null);
        }
        if (citus) {
            stages.put(CITUS, null);
            stages.put(SYNCED, null);
        }
        if (!writeServers().isEmpty()) {
            stages.put(HAPROXY, null);
        }
    }

    Output toTheEnd(WriteGap gap) {
        long patience = Math.max(30, 2 * before.settings().map(Settings::ttl).orElse(30L));
        Changing.await(patience, hands, context, "Follows the change of leader", () -> {
            Group now = Changing.group(Optional.of(before.name()), context);
            look(now);
            hands.progress((double) reached(), stages.size(), words());
            return stages.containsValue(null) && !onlyTheSilentAreMissing(now) ? Optional.empty() : Optional.of(true);
        });
        if (stages.get(LEADER) == null) {
            throw NotDone.late(before, patience, context);
        }
        return told(Changing.group(Optional.of(before.name()), context), gap);
    }

    /**
     * Who has not answered since before this began comes back when a person starts it: all that can follow has followed,
     * and more waiting would not make the answer truer.
     */
    private boolean onlyTheSilentAreMissing(Group now) {
        silent.removeIf(name -> now.named(name).flatMap(Member::own).isPresent());
        boolean restReached = stages.entrySet().stream()
                .allMatch(one -> one.getValue() != null || OF_REPLICAS.contains(one.getKey()));
        List<Member> living = now.replicas().stream()
                .filter(member -> !silent.contains(member.name()))
                .toList();
        boolean synchronous = !stages.containsKey(SYNCHRONOUS) || stages.get(SYNCHRONOUS) != null;
        return restReached
                && !silent.isEmpty()
                && living.size() + silent.size() >= before.members().size() - 1
                && follow(living, now.leader().map(Member::timeline).orElse(null))
                && (living.isEmpty() || synchronous);
    }

    private static boolean follow(List<Member> members, @Nullable Integer timeline) {
        return members.stream().allMatch(one -> one.healthy() && Objects.equals(timeline, one.timeline()));
    }

    private Output told(Group now, WriteGap gap) {
        String former = before.leader().map(Member::name).orElse(null);
        String leader = now.leader().map(Member::name).orElse(null);
        String instead = wanted.isEmpty() || wanted.get().equals(leader) ? "" : ", not " + wanted.get() + " as asked";
        List<Stage> told = new ArrayList<>();
        stages.forEach((what, seconds) -> told.add(new Stage(what, seconds)));
        WriteGap.Down down = gap.down();
        return new Output(
                before.name(),
                leader + " leads group " + before.name() + (former == null ? "" : " in place of " + former) + instead
                        + ".",
                leader,
                former,
                now.leader().map(Member::timeline).orElse(null),
                down(gap),
                clientsDown(gap),
                waited,
                down != null && down.atLeast(),
                told,
                List.copyOf(silent));
    }

    /** Clients of a worker come by the metadata, those of the coordinator by HAProxy. */
    private @Nullable Double clientsDown(WriteGap gap) {
        Double through = stages.get(citus && !before.name().equals("0") ? CITUS : HAPROXY);
        Double own = down(gap);
        return through == null || own == null ? null : (Double) Math.max(own, gap.secondsUntil(at(through)));
    }

    private long reached() {
        return stages.values().stream().filter(Objects::nonNull).count();
    }

    private String words() {
        List<String> open = new ArrayList<>();
        stages.forEach((what, seconds) -> {
            if (seconds == null) {
                open.add(what);
            }
        });
        return open.isEmpty() ? "All has followed." : "Still to come: " + String.join(", ", open);
    }

    private void look(Group now) {
        Optional<Member> leader = now.leader()
                .filter(member -> member.own().map(own -> own.leads()).orElse(false));
        String former = before.leader().map(Member::name).orElse("");
        Integer old = before.leader().map(Member::timeline).orElse(null);
        if (leader.isEmpty() || leader.get().name().equals(former)) {
            return;
        }
        Integer timeline = leader.get().timeline();
        if (timeline == null || (old != null && timeline <= old)) {
            return;
        }
        reach(LEADER, true);
        commits(leader.get());
        List<Member> others = now.replicas();
        reach(
                REPLICAS,
                others.size() >= before.members().size() - 1 && follow(others, timeline));
        reach(SYNCHRONOUS, !now.synchronousStandbys().isEmpty());
        reach(HAPROXY, stages.containsKey(HAPROXY) && routed(leader.get()));
        if (citus && (stages.get(CITUS) == null || stages.get(SYNCED) == null)) {
            Named row = named(leader.get());
            reach(CITUS, row.named());
            reach(SYNCED, row.named() && row.synced());
        }
    }

    /** In quorum and strict mode a new primary lets every commit wait until a standby is there again. */
    private void commits(Member leader) {
        if (!stages.containsKey(COMMITS) || stages.get(COMMITS) != null) {
            return;
        }
        try {
            boolean takes = ReplicationSql.takesCommits(leader, context);
            waited |= !takes;
            reach(COMMITS, takes);
        } catch (ToolException e) {
            stages.remove(COMMITS); // this login does not reach it by SQL, and the other stages tell enough
        }
    }

    /** Null where no primary was ever seen. */
    private @Nullable Double down(WriteGap gap) {
        WriteGap.Down down = gap.down();
        Double commits = stages.get(COMMITS);
        if (down == null) {
            return null;
        }
        return waited && commits != null ? Math.max(down.seconds(), gap.secondsUntil(at(commits))) : down.seconds();
    }

    private long at(double stage) {
        return started + (long) (stage * 1e9);
    }

    private void reach(String stage, boolean reached) {
        if (reached && stages.containsKey(stage) && stages.get(stage) == null) {
            stages.put(stage, Math.round((System.nanoTime() - started) / 1e8) / 10.0);
        }
    }

    record Named(boolean named, boolean synced) {}

    private static final String NAMED = """
            SELECT coalesce(bool_or(nodename || ':' || nodeport = ?), false) AS named,
                   coalesce(bool_and(metadatasynced), false) AS synced
              FROM pg_catalog.pg_dist_node
             WHERE groupid = ?::int AND noderole = 'primary'
            """;

    private Named named(Member leader) {
        return context.sql().one(Named.class, NAMED, leader.address().orElse(""), before.name());
    }

    private List<Server> writeServers() {
        List<Server> found = new ArrayList<>();
        for (Proxy proxy : proxies()) {
            for (Proxy.Back back : proxy.backs()) {
                List<Server> servers = proxy.of(back.name());
                if (Routing.purpose(back.name(), servers, List.of(before)) == Routing.Purpose.WRITES) {
                    servers.stream()
                            .filter(server ->
                                    Routing.member(server, List.of(before)).isPresent())
                            .forEach(found::add);
                }
            }
        }
        return found;
    }

    private List<Proxy> proxies() {
        if (!context.cluster().components().hasHaproxy()) {
            return List.of();
        }
        HaProxy haproxy = context.cluster().components().haproxy();
        return haproxy.read(haproxy.instances(), Duration.ofSeconds(2), context.call())
                .proxies();
    }

    private boolean routed(Member leader) {
        List<Server> servers = writeServers();
        return !servers.isEmpty()
                && servers.stream()
                        .allMatch(server -> server.serves()
                                == Routing.member(server, List.of(before))
                                        .map(member -> member.name().equals(leader.name()))
                                        .orElse(false));
    }
}
