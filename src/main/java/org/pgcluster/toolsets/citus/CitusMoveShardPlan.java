package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.Identity;
import org.pgcluster.citus.Round;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Plan.Verdict;
import org.pgcluster.tool.Reads;

/** What moving one shard would take along, and whether it would work. */
public final class CitusMoveShardPlan implements Reads<CitusMoveShardPlan.Input, CitusMoveShardPlan.Output> {
    record Input(
            @Says("list_shards shows them") long shardId,
            @Says("Where it lies") Optional<String> sourceHost,

            @Says("With source_host") @Range(min = 1, max = 65_535)
            OptionalInt sourcePort,

            @Says("Host, host:port or node id") String targetHost,

            @Says("Where nodes share a host") @Range(min = 1, max = 65_535)
            OptionalInt targetPort) {}

    record Output(
            String statement,
            String from,
            String to,
            List<Shard> shards,
            long bytes,
            boolean online,
            List<MoveFacts.Check> checks,
            String locks,
            String undo,
            List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            long failing = checks.stream()
                    .filter(check -> check.verdict() == Verdict.FAILS)
                    .count();
            return "Moves " + Parts.many(shards.size(), "colocated shard") + size() + " from "
                    + from
                    + " to " + to + (online ? ", online." : ", blocking writes.")
                    + (failing == 0 ? "" : " It would fail: " + Parts.many(failing, "precondition") + " not met.");
        }

        private String size() {
            boolean all = shards.stream().allMatch(shard -> shard.bytes() != null);
            return bytes == 0 && !all ? " of unknown size" : " with " + (all ? "" : "at least ") + Parts.bytes(bytes);
        }
    }

    record Shard(long shardId, String table, @Nullable Long bytes) {}

    private record Found(long shardId, String tableName, String kind, int colocationId, List<Integer> groups) {}

    private static final String SHARDS = """
            WITH asked AS (
                SELECT shard.shardid, shard.shardminvalue, shard.logicalrelid, part.colocationid
                  FROM pg_dist_shard AS shard JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
                 WHERE shard.shardid = ?::bigint)
            SELECT shard.shardid AS shard_id, shard.logicalrelid::regclass::text AS table_name,
                   CASE WHEN part.repmodel = 't' THEN 'reference' WHEN part.colocationid = 0 THEN 'citus_local'
                        ELSE 'moves' END AS kind,
                   part.colocationid AS colocation_id,
                   (SELECT coalesce(array_agg(groupid ORDER BY groupid), '{}') FROM pg_dist_placement AS place
                     WHERE place.shardid = shard.shardid) AS groups
              FROM asked
              JOIN pg_dist_partition AS part ON part.logicalrelid = asked.logicalrelid
                   OR (part.colocationid = asked.colocationid AND asked.colocationid <> 0)
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
                   AND shard.shardminvalue IS NOT DISTINCT FROM asked.shardminvalue
             ORDER BY shard.shardid <> asked.shardid, shard.shardid
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_move_shard_plan",
                "Shard move plan",
                Input.class,
                Output.class,
                "What moving a shard takes along, how many bytes, whether it runs online, what would make it fail.");
    }

    @Override
    public Output read(Input input, Context context) {
        return read(input, context, Optional.empty());
    }

    /** By a mode that somebody chose, else online where the tables' identities allow it. */
    static Output read(Input input, Context context, Optional<TransferMode> mode) {
        Citus citus = Citus.of(context.cluster(), context.call());
        List<Found> found = citus.sql().list(Found.class, SHARDS, input.shardId());
        if (found.isEmpty()) {
            throw new ToolException(
                    ErrorCode.NOT_FOUND, "There is no shard " + input.shardId() + ".", "list_shards shows them.");
        }
        Found shard = found.get(0);
        CitusNode target = node(citus, input.targetHost(), input.targetPort(), "target");
        CitusNode source = source(citus, input, shard);
        Citus.Both<Round<ListShards.Size>, Round<MoveFacts>> both = citus.atOnce(
                asking -> asking.everywhere(
                        ListShards.Size.class,
                        ListShards.SIZES,
                        found.stream().map(Found::shardId).toList()),
                MoveFacts::ask);
        List<Shard> shards = new ArrayList<>();
        found.forEach(
                one -> shards.add(new Shard(one.shardId(), one.tableName(), size(both.one(), source, one.shardId()))));
        long bytes = shards.stream()
                .flatMap(one -> Optional.ofNullable(one.bytes()).stream())
                .mapToLong(Long::longValue)
                .sum();
        List<String> stuck = Identity.missingInGroup(citus, shard.colocationId());
        boolean online = mode.map(TransferMode::logical).orElse(stuck.isEmpty());
        List<MoveFacts.Check> checks = checks(citus, shard, source, target, both.other(), online, bytes);
        shards.stream()
                .filter(one -> one.bytes() == null)
                .map(CitusMoveShardPlan::unread)
                .forEach(checks::add);
        if (!stuck.isEmpty()) {
            checks.add(identity(stuck, mode));
        }
        String word = mode.map(TransferMode::word).orElse(stuck.isEmpty() ? "auto" : "block_writes");
        return new Output(
                statement(shard.shardId(), source, target, word),
                source.nodeId() + " " + source.where(),
                target.nodeId() + " " + target.where(),
                shards,
                bytes,
                online,
                checks,
                online
                        ? "Writes to these shards wait only for the final switch; DDL on their tables waits throughout."
                        : "Writes to these shards wait for the whole copy, because an online move is not possible.",
                statement(shard.shardId(), target, source, word),
                Parts.unavailable(both.one(), both.other()));
    }

    private static String statement(long shardId, CitusNode from, CitusNode to, String mode) {
        return "SELECT citus_move_shard_placement(" + shardId + ", " + from.nodeId() + ", " + to.nodeId() + ", '" + mode
                + "')";
    }

    private static @Nullable Long size(Round<ListShards.Size> sizes, CitusNode source, long shardId) {
        return sizes.byNode().getOrDefault(source.nodeId(), List.of()).stream()
                .filter(one -> one.shardId() == shardId)
                .findFirst()
                .flatMap(one -> Optional.ofNullable(one.bytes()))
                .orElse(null);
    }

    private static CitusNode source(Citus citus, Input input, Found shard) {
        if (input.sourceHost().isPresent()) {
            return node(citus, input.sourceHost().get(), input.sourcePort(), "source");
        }
        return citus.nodes().stream()
                .filter(node -> node.primary() && shard.groups().contains(node.groupId()))
                .findFirst()
                .orElseThrow(() -> new ToolException(
                        ErrorCode.PRECONDITION_FAILED,
                        "Shard " + shard.shardId() + " lies on no registered node.",
                        "citus_leftovers and citus_worker_health say more."));
    }

    private static CitusNode node(Citus citus, String host, OptionalInt port, String which) {
        if (port.isPresent()) {
            return citus.node(host + ":" + port.getAsInt());
        }
        List<CitusNode> there =
                citus.nodes().stream().filter(node -> node.host().equals(host)).toList();
        if (there.size() > 1) {
            throw ToolException.invalidInput(
                    "Several nodes are on " + host + ": `" + which + "_port` tells which, one of "
                            + String.join(
                                    ", ",
                                    there.stream()
                                            .map(node -> String.valueOf(node.port()))
                                            .toList()) + ".",
                    null);
        }
        return there.isEmpty() ? citus.node(host) : there.get(0);
    }

    private static List<MoveFacts.Check> checks(
            Citus citus,
            Found shard,
            CitusNode source,
            CitusNode target,
            Round<MoveFacts> facts,
            boolean online,
            long bytes) {
        List<MoveFacts.Check> checks = new ArrayList<>();
        must(checks, "Its table has shards that move", shard.kind().equals("moves"), shard.kind());
        must(checks, "The source holds it", shard.groups().contains(source.groupId()), source.where());
        must(checks, "The target does not hold it yet", !shard.groups().contains(target.groupId()), target.where());
        must(
                checks,
                "The target takes shards",
                target.shouldHaveShards(),
                target.shouldHaveShards() ? "yes" : "shouldhaveshards is false");
        must(checks, "The target is an active primary", target.isAsked(), target.isAsked() ? "yes" : target.role());
        checks.addAll(MoveFacts.ofCluster(citus));
        checks.addAll(MoveFacts.ofNode(citus, source, facts, online, 0));
        checks.addAll(MoveFacts.ofNode(citus, target, facts, online, bytes));
        return checks;
    }

    private static MoveFacts.Check unread(Shard shard) {
        return new MoveFacts.Check(
                "The size of shard " + shard.shardId() + " is known",
                Verdict.UNKNOWN,
                "its node does not answer, somebody holds it exclusively, or its table is gone",
                "citus_worker_health and citus_lock_inspector say more; who holds it holds up the move as well");
    }

    private static MoveFacts.Check identity(List<String> stuck, Optional<TransferMode> mode) {
        TransferMode chosen = mode.orElse(TransferMode.BLOCK_WRITES);
        return new MoveFacts.Check(
                "Every table that moves along has a replica identity",
                mode.isPresent() && chosen == TransferMode.AUTO ? Verdict.FAILS : Verdict.RISKY,
                "none on " + String.join(", ", stuck),
                chosen == TransferMode.FORCE_LOGICAL
                        ? "UPDATE and DELETE on these shards fail while they move"
                        : (mode.isPresent() && chosen == TransferMode.AUTO
                                        ? "shard_transfer_mode block_writes moves them and blocks writes"
                                        : "the move blocks writes")
                                + "; citus_validate_rebalance_prereqs says what would avoid that");
    }

    private static void must(List<MoveFacts.Check> checks, String what, boolean holds, String found) {
        checks.add(new MoveFacts.Check(what, holds ? Verdict.HOLDS : Verdict.FAILS, found, null));
    }
}
