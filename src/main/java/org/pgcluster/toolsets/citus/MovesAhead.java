package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Identity;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Plan.Check;

/** What the rebalancer would move, and what a move of that needs. */
record MovesAhead(List<Move> moves) {
    record Move(
            long shardId,
            String table,
            int colocationId,
            @Nullable String rangeFrom,
            @Nullable Long bytes,
            String source,
            String target) {
        long knownBytes() {
            Long known = bytes;
            return known == null ? 0 : known;
        }
    }

    record Planned(
            long shardId,
            String table,
            int colocationId,
            @Nullable String rangeFrom,
            String source,
            String target) {}

    private record Strategy(String name, boolean preferred) {}

    /** Tables that move online only once they have a replica identity. */
    record Stuck(int colocationId, String tables) {}

    static final String NEEDS_ALL =
            "The rebalancer plans only when every node answers and the reading role sees every schema: ";

    private static final String MOVES = """
            SELECT plan.shardid AS shard_id, plan.table_name::text AS "table", part.colocationid AS colocation_id,
                   shard.shardminvalue AS range_from,
                   plan.sourcename || ':' || plan.sourceport AS source, plan.targetname || ':' || plan.targetport AS target
              FROM get_rebalance_table_shards_plan(relation => ?::oid::regclass, rebalance_strategy => ?::name,
                                                   drain_only => ?::boolean) AS plan
              JOIN pg_dist_shard AS shard ON shard.shardid = plan.shardid
              JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
             ORDER BY part.colocationid, plan.shardid
            """;

    private static final String STUCK = """
            SELECT part.colocationid AS colocation_id,
                   string_agg(shell.oid::regclass::text, ', ' ORDER BY shell.oid::regclass::text) AS tables
              FROM pg_dist_partition AS part
              JOIN pg_class AS shell ON shell.oid = part.logicalrelid
             WHERE {missing}
             GROUP BY 1 ORDER BY 1
            """.replace("{missing}", Identity.MISSING);

    static MovesAhead ask(Citus citus, String strategy, boolean drainOnly) {
        Citus.Forwarded<Planned> planned = planned(citus, null, strategy, drainOnly);
        ToolException failed = planned.failed();
        if (failed != null) {
            throw failed.withHint(NEEDS_ALL
                    + "citus_worker_health shows which does not, citus_lock_inspector whether somebody holds a shard.");
        }
        return of(citus, planned.rows());
    }

    /** Of one table's colocation group, or of the whole cluster. */
    static Citus.Forwarded<Planned> planned(Citus citus, @Nullable Long table, String strategy, boolean drainOnly) {
        return citus.forwarded(Planned.class, MOVES, table, strategy, drainOnly);
    }

    static MovesAhead of(Citus citus, List<Planned> planned) {
        return new MovesAhead(sized(citus, planned));
    }

    /** The rebalancer's own plan tells sizes that nobody maintains, mostly 0: the nodes know better. */
    private static List<Move> sized(Citus citus, List<Planned> planned) {
        if (planned.isEmpty()) {
            return List.of();
        }
        Map<Long, Long> bytes = new TreeMap<>();
        citus.everywhere(
                        ListShards.Size.class,
                        ListShards.SIZES,
                        planned.stream().map(Planned::shardId).toList())
                .rows()
                .forEach(size -> {
                    Long known = size.bytes();
                    if (known != null) {
                        bytes.merge(size.shardId(), known, Math::max);
                    }
                });
        return planned.stream()
                .map(one -> new Move(
                        one.shardId(),
                        one.table(),
                        one.colocationId(),
                        one.rangeFrom(),
                        bytes.get(one.shardId()),
                        one.source(),
                        one.target()))
                .toList();
    }

    /** The one that is asked for, or the cluster's own. */
    static String strategy(Citus citus, @Nullable String wanted) {
        List<Strategy> known = citus.sql()
                .list(
                        Strategy.class,
                        "SELECT name::text, default_strategy AS preferred FROM pg_dist_rebalance_strategy ORDER BY name");
        for (Strategy one : known) {
            if (wanted == null ? one.preferred() : one.name().equals(wanted)) {
                return one.name();
            }
        }
        throw ToolException.invalidInput(
                "`strategy` is one of "
                        + String.join(", ", known.stream().map(Strategy::name).toList()) + ", not \"" + wanted + "\".",
                null);
    }

    long bytes() {
        return moves.stream().mapToLong(Move::knownBytes).sum();
    }

    long groups() {
        return moves.stream()
                .map(move -> move.colocationId() + " " + move.rangeFrom() + " " + move.source())
                .distinct()
                .count();
    }

    /** What leaves each node and what comes to it. */
    Map<String, String> byNode() {
        Map<String, String> lines = new TreeMap<>();
        Map<String, long[]> sums = new TreeMap<>();
        for (Move move : moves) {
            long[] sum = sums.computeIfAbsent(move.source() + " to " + move.target(), key -> new long[2]);
            sum[0]++;
            sum[1] += move.knownBytes();
        }
        sums.forEach((way, sum) -> lines.put(way, Parts.many(sum[0], "shard") + ", " + Parts.bytes(sum[1])));
        return lines;
    }

    String inWords() {
        return moves.isEmpty()
                ? "Nothing has to move."
                : Parts.many(groups(), "shard group") + " (" + Parts.many(moves.size(), "shard") + ", "
                        + Parts.bytes(bytes()) + unknown() + ") move.";
    }

    private String unknown() {
        long unknown = moves.stream().filter(move -> move.bytes() == null).count();
        return unknown == 0 ? "" : " and " + Parts.many(unknown, "shard") + " of unknown size";
    }

    List<Check> checks(Citus citus, TransferMode mode) {
        List<Check> checks = new ArrayList<>(Deed.judged(MoveFacts.ofCluster(citus)));
        checks.addAll(identities(citus, mode));
        var facts = MoveFacts.ask(citus);
        for (CitusNode node : citus.nodes()) {
            long comes = sum(node.where(), false);
            if (comes > 0 || sum(node.where(), true) > 0 || touches(node.where())) {
                long grows = Math.max(0, comes - sum(node.where(), true));
                checks.addAll(Deed.judged(MoveFacts.ofNode(citus, node, facts, mode.logical(), grows)));
            }
        }
        return checks;
    }

    private boolean touches(String where) {
        return moves.stream()
                .anyMatch(move -> move.source().equals(where) || move.target().equals(where));
    }

    private long sum(String where, boolean leaving) {
        return moves.stream()
                .filter(move -> (leaving ? move.source() : move.target()).equals(where))
                .mapToLong(Move::knownBytes)
                .sum();
    }

    static List<Stuck> stuck(Citus citus) {
        return citus.sql().list(Stuck.class, STUCK);
    }

    /** In mode auto one table without identity stops the whole rebalance, also of groups that do not move. */
    static List<Check> identities(Citus citus, TransferMode mode) {
        List<Check> checks = new ArrayList<>();
        for (Stuck one : stuck(citus)) {
            Deed.identities(List.of(one.tables()), mode)
                    .forEach(check -> checks.add(new Check(
                            "every table of colocation group " + one.colocationId() + " has a replica identity",
                            check.verdict(),
                            check.found())));
        }
        return checks;
    }
}
