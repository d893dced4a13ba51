package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Which worker to clone when a node is added by a copy of a whole server instead of by moving shards. */
public final class CitusSnapshotSourceAdvisor
        implements Reads<CitusSnapshotSourceAdvisor.Input, CitusSnapshotSourceAdvisor.Output> {
    record Input(
            @Says("What to halve") @Default("by_disk_size") Strategy strategy,

            @Says("Nodes") Optional<List<String>> excludeNodes) {}

    enum Strategy {
        BY_DISK_SIZE,
        BY_SHARD_COUNT
    }

    /** {@code percentAfter}: the share of the largest node if the clone takes half of this one. Known where all sizes are. */
    record Candidate(
            int nodeId,
            String where,
            long shards,
            long bytes,
            @Nullable Long unknownSizes,
            @Nullable Double percentOfBytes,
            @Nullable Double percentAfter,
            @Nullable Long asynchronousStandbys,
            @Nullable Long synchronousStandbys,
            @Nullable Long replayLagBytes,
            long diskFreeBytes) {}

    /** A clone that is registered, and how Citus would split its primary; {@code why} where that is not known. */
    record Clone(
            int nodeId,
            String where,
            String primary,
            long shardsStay,
            long shardsGo,
            @Nullable Long bytesStay,
            @Nullable Long bytesGo,
            @Nullable String why) {}

    record Output(
            @Nullable String source,
            List<Candidate> candidates,
            List<Clone> clones,
            List<String> steps,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            return source == null
                    ? "No worker that answers and is not excluded holds data: nothing to clone."
                    : "Clone " + source
                            + ": it carries most, and a clone takes half of its shards without copying them."
                            + " Half is an estimate until a clone is registered."
                            + Parts.unread(candidates, Candidate::unknownSizes)
                            + (candidates.stream().anyMatch(one -> one.asynchronousStandbys() == null)
                                    ? " Standbys are hidden from this role: it lacks pg_read_all_stats."
                                    : "")
                            + Parts.partial(unavailable);
        }
    }

    record Carried(
            long shards,
            long bytes,
            long unknown,
            @Nullable Long asynchronous,
            @Nullable Long synchronous,
            @Nullable Long lag,
            long diskFree) {}

    private record Group(int highest) {}

    private static final String CARRIED = "WITH " + Placements.sized("part.repmodel <> 't'") + """
            SELECT count(shardid) AS shards, coalesce(sum(bytes), 0)::bigint AS bytes,
                   count(shardid) FILTER (WHERE bytes IS NULL) AS unknown,
                   CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN (
                        SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'async')
                   END AS asynchronous,
                   CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN (
                        SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state <> 'async')
                   END AS synchronous,
                   CASE WHEN NOT pg_is_in_recovery()
                        THEN (SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint FROM pg_stat_replication)
                   END AS lag,
                   (SELECT available_disk_size FROM citus_local_disk_space_stats()) AS disk_free
              FROM sized
            """;

    /** A clone gets the next group of the sequence, which knows nothing of groups that somebody chose, as Patroni does. */
    private static final String GROUP_IN_USE = """
            SELECT max(groupid) AS highest FROM pg_dist_node
            HAVING CASE WHEN has_sequence_privilege('pg_catalog.pg_dist_groupid_seq', 'USAGE, SELECT')
                        THEN coalesce(pg_sequence_last_value('pg_catalog.pg_dist_groupid_seq'), 0) < max(groupid) END
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_snapshot_source_advisor",
                "Snapshot source advisor",
                Input.class,
                Output.class,
                "Which worker to clone to scale out without moving shards (Citus 13.2+), the split of a clone, the steps.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        if (!citus.features().splitPlan()) {
            throw new ToolException(
                    ErrorCode.UNSUPPORTED,
                    "This Citus cannot split a node by a clone; 13.2 is the first that can.",
                    "citus_add_node and citus_rebalance_execute move shards to a new node in every version.");
        }
        Round<Carried> carried = citus.everywhere(Carried.class, CARRIED);
        Set<Integer> excluded = input.excludeNodes().orElse(List.of()).stream()
                .map(name -> citus.node(name).nodeId())
                .collect(Collectors.toSet());
        List<Candidate> candidates = candidates(citus, carried, input.strategy(), excluded);
        Optional<Candidate> best = candidates.stream().findFirst().filter(one -> one.bytes() > 0);
        List<Clone> clones = Clones.read(citus);
        return new Output(
                best.map(one -> one.nodeId() + " " + one.where()).orElse(null),
                candidates,
                clones,
                best.map(one -> steps(citus, citus.node(String.valueOf(one.nodeId())), one, clones))
                        .orElse(List.of()),
                Parts.unavailable(carried.silent()));
    }

    private static List<Candidate> candidates(
            Citus citus, Round<Carried> carried, Strategy strategy, Set<Integer> excluded) {
        ToLongFunction<Candidate> load = strategy == Strategy.BY_DISK_SIZE ? Candidate::bytes : Candidate::shards;
        Map<CitusNode, Carried> holding = new LinkedHashMap<>();
        for (CitusNode node : citus.nodes()) {
            if (node.holdsShards()) {
                carried.of(node.nodeId()).ifPresent(one -> holding.put(node, one));
            }
        }
        boolean known = carried.complete() && holding.values().stream().allMatch(one -> one.unknown() == 0);
        long all = known ? holding.values().stream().mapToLong(Carried::bytes).sum() : 0;
        return holding.entrySet().stream()
                .filter(one -> !excluded.contains(one.getKey().nodeId()))
                .map(one -> candidate(one.getKey(), one.getValue(), holding, all))
                .sorted(Comparator.comparingLong(load).reversed().thenComparing(Candidate::nodeId))
                .toList();
    }

    private static Candidate candidate(CitusNode node, Carried own, Map<CitusNode, Carried> holding, long all) {
        long largestAfter = holding.entrySet().stream()
                .mapToLong(one -> one.getKey().nodeId() == node.nodeId()
                        ? (own.bytes() + 1) / 2
                        : one.getValue().bytes())
                .max()
                .orElse(0);
        return new Candidate(
                node.nodeId(),
                node.where(),
                own.shards(),
                own.bytes(),
                own.unknown() == 0 ? null : Long.valueOf(own.unknown()),
                percent(own.bytes(), all),
                percent(largestAfter, all),
                own.asynchronous(),
                own.synchronous(),
                own.lag(),
                own.diskFree());
    }

    private static @Nullable Double percent(long part, long all) {
        return all == 0 ? null : Math.round(part * 1000.0 / all) / 10.0;
    }

    private static boolean onlySynchronous(Candidate candidate) {
        Long asynchronous = candidate.asynchronousStandbys();
        Long synchronous = candidate.synchronousStandbys();
        return asynchronous != null && synchronous != null && asynchronous == 0 && synchronous > 0;
    }

    private static String ownGroup(Group group) {
        return "SELECT setval('pg_catalog.pg_dist_groupid_seq', " + group.highest()
                + "); as superuser: the groups here were"
                + " chosen, not counted, and the clone would get one that has a primary, so that its promotion fails"
                + " after it has left recovery.";
    }

    private static List<String> steps(Citus citus, CitusNode source, Candidate candidate, List<Clone> clones) {
        List<String> steps = new ArrayList<>();
        if (clones.isEmpty()) {
            steps.add("Make an asynchronous streaming standby of " + source.where()
                    + " (pg_basebackup -R); Citus refuses a"
                    + " synchronous one"
                    + (onlySynchronous(candidate) ? ", as all of its standbys are now." : ".")
                    + " It needs room for all of " + Parts.bytes(candidate.bytes()) + " at first.");
            citus.sql().list(Group.class, GROUP_IN_USE).forEach(group -> steps.add(ownGroup(group)));
            steps.add("SELECT citus_add_clone_node('<its host>', <its port>, '" + source.host() + "', " + source.port()
                    + ");");
            steps.add("citus_snapshot_source_advisor again: it then has the split that Citus would make.");
        }
        String clone = clones.isEmpty()
                ? "<clone's node id>"
                : String.valueOf(clones.get(0).nodeId());
        steps.add("SELECT citus_promote_clone_and_rebalance(clone_nodeid => " + clone
                + "); writes to the source wait until the clone has caught up (catchup_timeout_seconds, 300).");
        steps.add("To give up before that: SELECT citus_remove_clone_node_with_nodeid(" + clone + ");");
        return steps;
    }
}
