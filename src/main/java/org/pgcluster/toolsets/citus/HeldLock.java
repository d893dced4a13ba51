package org.pgcluster.toolsets.citus;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Round.Told;

/** What a session that waits or blocks holds or asks for on one node. */
record HeldLock(
        long globalPid,
        String node,
        String lockType,
        @Nullable String relation,
        String mode,
        boolean granted) {
    record Several(List<HeldLock> shown, @Nullable Long leftOut) {}

    record Found(long gpid, String lockType, @Nullable String relation, String mode, boolean granted, long total) {}

    private static final String LOCKS = """
            SELECT coalesce(nullif(own.global_pid, 0), here.nodeid::bigint * 10000000000 + held.pid) AS gpid,
                   held.locktype AS lock_type, held.relation::regclass::text AS relation, held.mode, held.granted,
                   count(*) OVER () AS total
              FROM pg_locks AS held
              LEFT JOIN get_all_active_transactions() AS own ON own.process_id = held.pid
             CROSS JOIN (SELECT coalesce((SELECT nodeid FROM pg_dist_node AS node
                                           JOIN pg_dist_local_group AS grp ON grp.groupid = node.groupid
                                          WHERE node.noderole = 'primary' LIMIT 1), 0) AS nodeid) AS here
             WHERE held.pid IS NOT NULL AND held.locktype <> 'virtualxid'
               AND (held.relation IS NULL
                    OR held.relation NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace))
               AND coalesce(nullif(own.global_pid, 0), here.nodeid::bigint * 10000000000 + held.pid) = ANY (%L::bigint[])
             ORDER BY 1, 2, 3, 4, 5
             LIMIT %L::bigint
            """;

    static Several ask(Citus citus, List<Told<LockWait>> edges, int limit) {
        Set<Long> involved = new TreeSet<>();
        edges.forEach(edge -> {
            involved.add(edge.row().waitingGpid());
            Long blocker = edge.row().blockingGpid();
            if (blocker != null) {
                involved.add(blocker);
            }
        });
        Round<Found> round = citus.everywhere(Found.class, LOCKS, List.copyOf(involved), limit);
        long total = round.byNode().values().stream()
                .mapToLong(rows -> rows.isEmpty() ? 0 : rows.get(0).total())
                .sum();
        List<HeldLock> shown = round.told().stream()
                .sorted(Comparator.comparing((Told<Found> told) -> told.row().gpid())
                        .thenComparing(Told::nodeId))
                .limit(limit)
                .map(told -> new HeldLock(
                        told.row().gpid(),
                        told.nodeId() + " " + citus.where(told.nodeId()),
                        told.row().lockType(),
                        told.row().relation(),
                        told.row().mode(),
                        told.row().granted()))
                .toList();
        return new Several(shown, total > shown.size() ? Long.valueOf(total - shown.size()) : null);
    }
}
