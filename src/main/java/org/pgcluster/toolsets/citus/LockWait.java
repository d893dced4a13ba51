package org.pgcluster.toolsets.citus;

import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;

/** One backend that waits for another, as their node sees it. A prepared transaction has no pid, only its name. */
record LockWait(
        long waitingGpid,
        int waitingPid,
        @Nullable String waitingQuery,
        double seconds,
        @Nullable Long since,
        @Nullable String lock,
        @Nullable String on,
        @Nullable Long blockingGpid,
        int blockingPid,
        @Nullable String blockingState,
        @Nullable String blockingQuery,
        @Nullable String prepared) {
    /**
     * A prepared transaction is known by the lock that it holds on its own number. Citus marks locks of its own on a shard by
     * advisory classes 4 (its metadata) and 5 (its rows).
     */
    private static final String ASK = """
            WITH gpids AS MATERIALIZED (
                SELECT activity.pid, activity.state, activity.query, activity.query_start,
                       coalesce(nullif(own.global_pid, 0), here.nodeid::bigint * 10000000000 + activity.pid) AS gpid
                  FROM pg_stat_activity AS activity
                  LEFT JOIN get_all_active_transactions() AS own ON own.process_id = activity.pid
                 CROSS JOIN (SELECT coalesce((SELECT nodeid FROM pg_dist_node AS node
                                               JOIN pg_dist_local_group AS grp ON grp.groupid = node.groupid
                                              WHERE node.noderole = 'primary' LIMIT 1), 0) AS nodeid) AS here)
            SELECT waiting.gpid AS waiting_gpid, waiting.pid AS waiting_pid, left(waiting.query, 500) AS waiting_query,
                   round(extract(epoch FROM clock_timestamp() - coalesce(asked.waitstart, waiting.query_start))::numeric,
                         3) AS seconds,
                   (extract(epoch FROM coalesce(asked.waitstart, waiting.query_start)) * 1000000)::bigint AS since,
                   asked.mode AS lock,
                   CASE WHEN asked.relation IS NOT NULL THEN asked.relation::regclass::text
                        WHEN asked.locktype = 'advisory' AND asked.objsubid IN (4, 5)
                        THEN 'shard ' || ((asked.classid::bigint << 32) | asked.objid::bigint)
                        WHEN asked.locktype = 'advisory' THEN 'Citus or advisory lock of class ' || asked.objsubid
                        ELSE asked.locktype END AS "on",
                   session.gpid AS blocking_gpid, blocker.pid AS blocking_pid, session.state AS blocking_state,
                   left(session.query, 500) AS blocking_query, ready.gid AS prepared
              FROM gpids AS waiting
             CROSS JOIN LATERAL (SELECT DISTINCT pid FROM unnest(pg_blocking_pids(waiting.pid)) AS blocking(pid)) AS blocker
              LEFT JOIN gpids AS session ON session.pid = blocker.pid
              LEFT JOIN LATERAL (SELECT * FROM pg_locks AS held
                                  WHERE held.pid = waiting.pid AND NOT held.granted LIMIT 1) AS asked ON true
              LEFT JOIN LATERAL (
                   SELECT string_agg(DISTINCT tx.gid, ', ') AS gid
                     FROM pg_locks AS held
                     JOIN pg_locks AS itself ON itself.virtualtransaction = held.virtualtransaction
                          AND itself.locktype = 'transactionid' AND itself.pid IS NULL
                     JOIN pg_prepared_xacts AS tx ON tx.transaction = itself.transactionid
                    WHERE blocker.pid = 0 AND held.granted AND held.pid IS NULL AND held.locktype = asked.locktype
                      AND held.database IS NOT DISTINCT FROM asked.database
                      AND held.relation IS NOT DISTINCT FROM asked.relation
                      AND held.transactionid IS NOT DISTINCT FROM asked.transactionid
                      AND held.classid IS NOT DISTINCT FROM asked.classid
                      AND held.objid IS NOT DISTINCT FROM asked.objid) AS ready ON true
             WHERE waiting.pid IN (SELECT pid FROM pg_locks WHERE NOT granted)
            """;

    static Round<LockWait> ask(Citus citus) {
        return citus.everywhere(LockWait.class, ASK).map(wait -> wait.shown(citus));
    }

    private LockWait shown(Citus citus) {
        return new LockWait(
                waitingGpid,
                waitingPid,
                citus.shown(waitingQuery),
                seconds,
                since,
                lock,
                on,
                blockingGpid,
                blockingPid,
                blockingState,
                citus.shown(blockingQuery),
                prepared);
    }
}
