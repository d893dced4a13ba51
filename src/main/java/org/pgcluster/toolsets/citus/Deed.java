package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Plan.Check;
import org.pgcluster.tool.Plan.Verdict;

/** What the acts on Citus say and ask in the same way. */
final class Deed {
    static final String WHERE = "coordinator";

    static final String LEFTOVERS =
            "citus_leftovers lists what is left; Citus removes what it recorded by itself, citus_cleanup_orphaned at once.";

    private static final String PLACEMENTS = """
            SELECT node.nodeid AS node_id, node.nodename || ':' || node.nodeport AS "where",
                   node.shouldhaveshards AS takes_shards,
                   count(place.placementid) FILTER (WHERE part.repmodel IS DISTINCT FROM 't') AS shards,
                   count(place.placementid) FILTER (WHERE part.repmodel = 't') AS reference_copies
              FROM pg_dist_node AS node
              LEFT JOIN pg_dist_placement AS place ON place.groupid = node.groupid
              LEFT JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
              LEFT JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid
             WHERE node.noderole = 'primary' AND node.nodecluster = current_setting('citus.cluster_name')
             GROUP BY 1, 2, 3 ORDER BY 1
            """;

    /** How many shards a node holds, copies of reference tables apart. */
    record Held(int nodeId, String where, boolean takesShards, long shards, long referenceCopies) {}

    private record Count(long count) {}

    private Deed() {}

    static Citus citus(Context context) {
        return Citus.of(context.cluster(), context.call());
    }

    static List<Held> placements(Context context) {
        return citus(context).sql().list(Held.class, PLACEMENTS);
    }

    static List<Check> judged(List<MoveFacts.Check> facts) {
        List<Check> checks = new ArrayList<>();
        for (MoveFacts.Check fact : facts) {
            checks.add(new Check(
                    fact.what(), fact.verdict(), fact.found() + (fact.mend() == null ? "" : "; " + fact.mend())));
        }
        return checks;
    }

    static Check better(String what, boolean holds, String found) {
        return new Check(what, holds ? Verdict.HOLDS : Verdict.RISKY, found);
    }

    /** Of one colocation group, whose tables all move along. */
    static List<Check> identities(List<String> without, TransferMode mode) {
        if (without.isEmpty()) {
            return List.of(new Check("every table that moves along has a replica identity", Verdict.HOLDS, "yes"));
        }
        String none = "none on " + String.join(", ", without);
        return List.of(new Check(
                "every table that moves along has a replica identity",
                switch (mode) {
                    case AUTO -> Verdict.FAILS;
                    case FORCE_LOGICAL -> Verdict.RISKY;
                    case BLOCK_WRITES -> Verdict.HOLDS;
                },
                switch (mode) {
                    case AUTO ->
                        none + "; citus_validate_rebalance_prereqs says how to give it one, or choose"
                                + " shard_transfer_mode block_writes";
                    case FORCE_LOGICAL -> none + "; UPDATE and DELETE on it fail meanwhile";
                    case BLOCK_WRITES -> none + "; block_writes needs none";
                }));
    }

    /** Citus refuses to change placements while a job moves them. */
    static Check noJob(Citus citus) {
        List<String> running = citus
                .sql()
                .list(
                        Job.class,
                        "SELECT job_id FROM pg_dist_background_job"
                                + " WHERE state IN ('scheduled', 'running', 'cancelling', 'failing') ORDER BY job_id")
                .stream()
                .map(job -> String.valueOf(job.jobId()))
                .toList();
        return new Check(
                "no background job is unfinished",
                running.isEmpty() ? Verdict.HOLDS : Verdict.FAILS,
                running.isEmpty()
                        ? "none"
                        : "job " + String.join(", ", running) + "; follow it with citus_job_inspector");
    }

    private record Job(long jobId) {}

    /** Splits and concurrent conversions decode with a plugin that newer servers refuse until they are told. */
    static List<Check> decoders(Citus citus) {
        List<Check> checks = new ArrayList<>();
        var round = MoveFacts.ask(citus);
        for (CitusNode node : citus.nodes()) {
            round.of(node.nodeId()).ifPresent(facts -> {
                String allowed = facts.decoders();
                if ("?".equals(allowed)) {
                    checks.add(new Check(
                            node.where() + " lets Citus decode",
                            Verdict.UNKNOWN,
                            "output_plugin_libraries is hidden from this role: it lacks pg_read_all_settings"));
                } else if (allowed != null) {
                    boolean holds = List.of(allowed.replace("'", "").split("\\s*,\\s*", -1))
                            .contains("citus");
                    checks.add(new Check(
                            node.where() + " lets Citus decode",
                            holds ? Verdict.HOLDS : Verdict.FAILS,
                            "output_plugin_libraries = " + allowed
                                    + (holds ? "" : "; add citus with ALTER SYSTEM on every server and reload")));
                }
            });
        }
        return checks;
    }

    static long cleanupRecords(Context context) {
        return citus(context)
                .sql()
                .one(Count.class, "SELECT count(*) AS count FROM pg_dist_cleanup")
                .count();
    }

    static boolean has(Citus citus, String signature) {
        return citus.sql()
                .one(Known.class, "SELECT to_regprocedure(?) IS NOT NULL AS known", "pg_catalog." + signature)
                .known();
    }

    private record Known(boolean known) {}

    static void need(Citus citus, String signature, String since) {
        if (!has(citus, signature)) {
            throw new ToolException(
                    ErrorCode.UNSUPPORTED, "This Citus has no " + signature + ".", "Citus " + since + " has it.");
        }
    }

    static String literal(String text) {
        String quoted = "'" + text.replace("'", "''") + "'";
        return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    static String at(CitusNode node) {
        return literal(node.host()) + ", " + node.port();
    }

    static String named(CitusNode node) {
        return node.nodeId() + " " + node.where();
    }

    static CitusNode primary(Citus citus, int groupId) {
        return citus.nodes().stream()
                .filter(node -> node.groupId() == groupId && node.primary())
                .findFirst()
                .orElseThrow(() ->
                        new ToolException(ErrorCode.NOT_FOUND, "Group " + groupId + " has no primary.", "list_nodes"));
    }

    /** Citus passes on a full disk of a node as an error like any other. */
    static String diskFull(@Nullable String message) {
        return message != null && (message.contains("No space left") || message.contains("could not extend file"))
                ? "A disk of the target is full: list_nodes has what is free on the data directories, tablespaces apart. "
                : "";
    }

    /** The same error with what is left behind. */
    static ToolException leaving(ToolException failed, String left) {
        return failed.code() == ErrorCode.OUTCOME_UNKNOWN
                ? failed
                : failed.withHint(left
                        + Optional.ofNullable(failed.hint())
                                .map(hint -> " " + hint)
                                .orElse(""));
    }
}
