package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.CitusNode;
import org.pgcluster.citus.NodeState;
import org.pgcluster.citus.Placements;
import org.pgcluster.citus.Round;
import org.pgcluster.snapshot.Unavailable;

/** What the advisor judges: the metadata, and what every node said at the same moment. Immutable. */
record AdvisorFacts(
        List<CitusNode> nodes,
        Round<NodeState> states,
        Round<GroupSize> groups,
        Round<LockWait> waits,
        Metadata metadata,
        List<Fault> faults,
        List<Job> jobs,
        @Nullable String statementTracking,
        List<Unavailable> unavailable) {
    record GroupSize(
            int colocationId,
            long bytes,
            long ranges,
            long largest,
            @Nullable String largestFrom,
            long unknown,
            long neverAnalyzed,
            @Nullable String neverAnalyzedTable) {}

    record Metadata(
            boolean coordinatorRegistered,
            long cleanupRecords,
            long shards,
            @Nullable String lastUpgradeVersion,
            @Nullable String extensionVersion,
            @Nullable String statementTracking) {}

    /** A thing that is wrong in the metadata, by the table or node that it concerns. */
    record Fault(
            String kind,
            String subject,
            long count,
            @Nullable String detail) {}

    record Job(
            long jobId,
            String jobType,
            String state,
            long failed,
            long retrying,
            @Nullable String message) {
        private Job shown(Citus citus) {
            return new Job(jobId, jobType, state, failed, retrying, citus.said(message));
        }
    }

    private static final String GROUPS =
            "WITH " + Placements.sized("part.partkey IS NOT NULL AND part.partmethod = 'h'") + """
            , ranges AS (
                SELECT sized.colocationid, sized.shardminvalue, coalesce(sum(sized.bytes), 0) AS bytes,
                       count(*) FILTER (WHERE sized.bytes IS NULL) AS unknown,
                       count(*) FILTER (WHERE relation.relkind = 'r' AND sized.bytes > 1048576
                           AND pg_stat_get_last_analyze_time(rel) IS NULL
                           AND pg_stat_get_last_autoanalyze_time(rel) IS NULL) AS stale,
                       min(root::regclass::text) FILTER (WHERE relation.relkind = 'r' AND sized.bytes > 1048576
                           AND pg_stat_get_last_analyze_time(rel) IS NULL
                           AND pg_stat_get_last_autoanalyze_time(rel) IS NULL) AS stale_table
                  FROM sized LEFT JOIN pg_class AS relation ON relation.oid = sized.rel
                 GROUP BY 1, 2)
            SELECT colocationid AS colocation_id, sum(bytes)::bigint AS bytes, count(*) AS ranges,
                   max(bytes)::bigint AS largest,
                   (array_agg(shardminvalue ORDER BY bytes DESC, shardminvalue))[1] AS largest_from,
                   sum(unknown)::bigint AS unknown, sum(stale)::bigint AS never_analyzed,
                   min(stale_table) AS never_analyzed_table
              FROM ranges
             GROUP BY 1
            """;

    private static final String METADATA = """
            SELECT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) AS coordinator_registered,
                   (SELECT count(*) FROM pg_dist_cleanup) AS cleanup_records,
                   (SELECT count(*) FROM pg_dist_shard) AS shards,
                   (SELECT metadata ->> 'last_upgrade_version' FROM pg_dist_node_metadata LIMIT 1) AS last_upgrade_version,
                   (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS extension_version,
                   current_setting('citus.stat_statements_track', true) AS statement_tracking
            """;

    static final String HALF_DRAINED = "half drained";

    /** Ranges of a hash table must join without gap or overlap from the smallest to the largest integer. */
    private static final String FAULTS = """
            WITH ranges AS (
                SELECT shard.logicalrelid, shard.shardminvalue::bigint AS low, shard.shardmaxvalue::bigint AS high,
                       lag(shard.shardmaxvalue::bigint) OVER (PARTITION BY shard.logicalrelid
                           ORDER BY shard.shardminvalue::bigint) AS before
                  FROM pg_dist_shard AS shard
                  JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid AND part.partmethod = 'h')
            SELECT 'hash ranges' AS kind, logicalrelid::regclass::text AS subject, count(*) AS count,
                   'low ' || min(low) || ', high ' || max(high) AS detail
              FROM ranges
             GROUP BY logicalrelid
            HAVING min(low) <> -2147483648 OR max(high) <> 2147483647
                OR count(*) FILTER (WHERE before IS NOT NULL AND before + 1 <> low) > 0
            UNION ALL
            SELECT 'no placement', shard.logicalrelid::regclass::text, count(*), 'shard ' || min(shard.shardid)
              FROM pg_dist_shard AS shard
             WHERE NOT EXISTS (SELECT FROM pg_dist_placement AS place WHERE place.shardid = shard.shardid)
             GROUP BY shard.logicalrelid
            UNION ALL
            SELECT 'no node', 'group ' || place.groupid, count(*), 'shard ' || min(place.shardid)
              FROM pg_dist_placement AS place
             WHERE NOT EXISTS (SELECT FROM pg_dist_node AS node WHERE node.groupid = place.groupid)
             GROUP BY place.groupid
            UNION ALL
            SELECT 'no table', 'oid ' || part.logicalrelid::oid, count(*), NULL
              FROM pg_dist_partition AS part
             WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = part.logicalrelid)
             GROUP BY part.logicalrelid
            UNION ALL
            SELECT 'apart', part.logicalrelid::regclass::text, count(*), 'shard ' || min(mine.shardid)
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS mine ON mine.logicalrelid = part.logicalrelid
              JOIN pg_dist_placement AS here ON here.shardid = mine.shardid
              JOIN (SELECT part.colocationid, shard.shardminvalue, min(place.groupid) AS low, max(place.groupid) AS high
                      FROM pg_dist_partition AS part
                      JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
                      JOIN pg_dist_placement AS place ON place.shardid = shard.shardid
                     WHERE part.partmethod = 'h' AND part.repmodel = 's' AND part.colocationid <> 0
                     GROUP BY 1, 2) AS range ON range.colocationid = part.colocationid
                   AND range.shardminvalue = mine.shardminvalue AND range.low <> range.high
             WHERE part.partmethod = 'h' AND part.repmodel = 's' AND here.groupid <> range.low
             GROUP BY part.logicalrelid
            UNION ALL
            SELECT 'no copy', part.logicalrelid::regclass::text, count(*), string_agg(node.nodename || ':' || node.nodeport, ', '
                   ORDER BY node.nodeid)
              FROM pg_dist_partition AS part
              JOIN pg_dist_shard AS shard ON shard.logicalrelid = part.logicalrelid
             CROSS JOIN pg_dist_node AS node
             WHERE part.repmodel = 't' AND node.isactive AND node.noderole = 'primary' AND node.groupid <> 0
               AND node.nodecluster = current_setting('citus.cluster_name')
               AND NOT EXISTS (SELECT FROM pg_dist_placement AS place
                                WHERE place.shardid = shard.shardid AND place.groupid = node.groupid)
             GROUP BY part.logicalrelid
            UNION ALL
            SELECT 'half drained', node.nodename || ':' || node.nodeport, count(*), 'node ' || node.nodeid
              FROM pg_dist_node AS node
              JOIN pg_dist_placement AS place ON place.groupid = node.groupid
              JOIN pg_dist_shard AS shard ON shard.shardid = place.shardid
              JOIN pg_dist_partition AS part ON part.logicalrelid = shard.logicalrelid AND part.repmodel <> 't'
             WHERE node.groupid <> 0 AND node.noderole = 'primary' AND NOT node.shouldhaveshards
               AND node.nodecluster = current_setting('citus.cluster_name')
               AND NOT EXISTS (SELECT FROM pg_dist_background_job
                                WHERE state IN ('scheduled', 'running', 'cancelling', 'failing'))
             GROUP BY node.nodeid, node.nodename, node.nodeport
             ORDER BY kind, subject
            """;

    private static final String JOBS = """
            SELECT job.job_id, job.job_type::text, job.state::text,
                   count(*) FILTER (WHERE task.status = 'error') AS failed,
                   count(*) FILTER (WHERE task.status IN ('runnable', 'running') AND task.retry_count > 0) AS retrying,
                   (array_agg(task.message ORDER BY task.task_id)
                       FILTER (WHERE task.message <> '' AND task.status IN ('error', 'runnable', 'running')))[1] AS message
              FROM pg_dist_background_job AS job
              LEFT JOIN pg_dist_background_task AS task ON task.job_id = job.job_id
             WHERE job.state IN ('running', 'failing', 'scheduled', 'cancelling')
                OR (job.state = 'failed' AND job.finished_at > now() - interval '1 day')
             GROUP BY 1, 2, 3
             ORDER BY 1
            """;

    /** A group of which a size is unknown is not judged, which an empty list must not hide. */
    List<Unavailable> unavailableForSkew() {
        List<Unavailable> all = new ArrayList<>(unavailable);
        groups.rows().stream()
                .filter(group -> group.unknown() > 0)
                .map(GroupSize::colocationId)
                .distinct()
                .sorted()
                .forEach(group -> all.add(new Unavailable(
                        "citus",
                        "colocation group " + group,
                        "the size of a shard could not be read, as somebody holds it exclusively or its table is gone,"
                                + " so that its skew is not judged; citus_lock_inspector shows who waits")));
        return all;
    }

    static AdvisorFacts of(Citus citus) {
        var both = citus.atOnce(
                asking -> asking.allAtOnce(
                        List.of(NodeState::ask, other -> other.everywhere(GroupSize.class, GROUPS), LockWait::ask)),
                asking -> asking.sql().list(Fault.class, FAULTS)); // with many shards it takes as long as the nodes do
        List<Round<?>> rounds = both.one();
        @SuppressWarnings("unchecked") // in the order of the questions
        Round<NodeState> states = (Round<NodeState>) rounds.get(0);
        @SuppressWarnings("unchecked")
        Round<GroupSize> groups = (Round<GroupSize>) rounds.get(1);
        @SuppressWarnings("unchecked")
        Round<LockWait> waits = (Round<LockWait>) rounds.get(2);
        Metadata metadata = citus.sql().one(Metadata.class, METADATA);
        return new AdvisorFacts(
                citus.nodes(),
                states,
                groups,
                waits,
                metadata,
                new ArrayList<>(both.other()),
                citus.sql().list(Job.class, JOBS).stream()
                        .map(job -> job.shown(citus))
                        .toList(),
                metadata.statementTracking(),
                Parts.unavailable(states, groups));
    }
}
