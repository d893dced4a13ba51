package org.pgcluster.toolsets.citus;

import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;

/** One backend of one node, as that node sees it. All backends of one client's query share its global pid. */
record ClientSession(
        long globalPid,
        boolean workerQuery,
        int pid,
        @Nullable String database,
        @Nullable String userName,
        @Nullable String application,
        @Nullable String client,
        @Nullable String state,
        @Nullable String waitsFor,
        @Nullable Double seconds,
        @Nullable Double transactionSeconds,
        @Nullable Long began,
        @Nullable String query) {
    /**
     * Whose sessions this role may not see has no kind either. A backend that never ran anything of Citus has no global pid yet; what Citus would give it is node and pid. The
     * question's own backends are left out.
     */
    private static final String ASK = """
            SELECT coalesce(nullif(own.global_pid, 0), here.nodeid::bigint * 10000000000 + activity.pid) AS global_pid,
                   coalesce(own.worker_query, false) AS worker_query, activity.pid, activity.datname AS database,
                   activity.usename AS user_name, nullif(activity.application_name, '') AS application,
                   coalesce(host(activity.client_addr), 'local') AS client, activity.state,
                   activity.wait_event_type || ': ' || activity.wait_event AS waits_for,
                   round(extract(epoch FROM clock_timestamp() - activity.query_start)::numeric, 3) AS seconds,
                   round(extract(epoch FROM clock_timestamp() - activity.xact_start)::numeric, 3) AS transaction_seconds,
                   (extract(epoch FROM activity.query_start) * 1000000)::bigint AS began,
                   left(activity.query, 1000) AS query
              FROM pg_stat_activity AS activity
              LEFT JOIN get_all_active_transactions() AS own ON own.process_id = activity.pid
             CROSS JOIN (SELECT coalesce((SELECT nodeid FROM pg_dist_node AS node
                                           JOIN pg_dist_local_group AS grp ON grp.groupid = node.groupid
                                          WHERE node.noderole = 'primary' LIMIT 1), 0) AS nodeid) AS here
             WHERE (activity.backend_type = 'client backend' OR activity.backend_type IS NULL)
               AND activity.datname = current_database()
               AND coalesce(own.global_pid, 0) <> citus_backend_gpid()
            """;

    static Round<ClientSession> ask(Citus citus) {
        return citus.everywhere(ClientSession.class, ASK).map(session -> session.shown(citus));
    }

    private ClientSession shown(Citus citus) {
        return new ClientSession(
                globalPid,
                workerQuery,
                pid,
                database,
                userName,
                application,
                client,
                state,
                waitsFor,
                seconds,
                transactionSeconds,
                began,
                citus.shown(query));
    }

    boolean idle() {
        return "idle".equals(state);
    }

    boolean hidden() {
        return "<insufficient privilege>".equals(query);
    }

    boolean waitsForLock() {
        String event = waitsFor;
        return event != null && event.startsWith("Lock:");
    }
}
