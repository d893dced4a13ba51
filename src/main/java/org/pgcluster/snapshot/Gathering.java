package org.pgcluster.snapshot;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.postgres.Sql;

/** Reads every component of a cluster, each under its own deadline. What does not answer is told, the rest stays. */
public final class Gathering {
    private static final String CONNECTIONS = """
            SELECT (SELECT count(*) FROM pg_stat_activity
                     WHERE backend_type = 'client backend'
                        -- a role that may not look is told of no type, only of user and database
                        OR backend_type IS NULL AND usesysid IS NOT NULL AND datid IS NOT NULL) AS used,
                   current_setting('max_connections')::bigint AS max,
                   current_setting('superuser_reserved_connections')::bigint
                     + coalesce(current_setting('reserved_connections', true)::bigint, 0) AS reserved
            """;

    private static final String FREEZE_AGES = """
            SELECT datname AS database, age(datfrozenxid)::bigint AS transaction_age,
                   mxid_age(datminmxid)::bigint AS multixact_age,
                   current_setting('autovacuum_freeze_max_age')::bigint AS freeze_max,
                   current_setting('autovacuum_multixact_freeze_max_age')::bigint AS multi_max
              FROM pg_database
             ORDER BY datname
            """;

    private static final String OLD_TRANSACTIONS = """
            SELECT pid, usename::text AS user_name, nullif(application_name, '') AS application, state,
                   extract(epoch FROM clock_timestamp() - xact_start)::bigint AS transaction_seconds,
                   CASE WHEN state LIKE 'idle in transaction%'
                        THEN extract(epoch FROM clock_timestamp() - state_change)::bigint ELSE 0 END AS idle_seconds,
                   backend_xmin IS NOT NULL OR backend_xid IS NOT NULL AS holds_horizon
              FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND xact_start < clock_timestamp() - interval '1 minute'
               AND application_name NOT LIKE 'citus\\_internal%' -- the session that it works for tells of both
             ORDER BY xact_start, pid
             LIMIT 100
            """;

    private static final String WAITS = """
            SELECT waiting.pid AS waiting_pid, blocker.pid AS blocking_pid,
                   coalesce(extract(epoch FROM clock_timestamp() - asked.since), 0)::bigint AS waiting_seconds,
                   session.state AS blocker_state
              FROM pg_stat_activity AS waiting
             CROSS JOIN LATERAL (SELECT DISTINCT pid FROM unnest(pg_blocking_pids(waiting.pid)) AS blocking(pid))
                    AS blocker
              LEFT JOIN pg_stat_activity AS session ON session.pid = blocker.pid
              LEFT JOIN LATERAL (SELECT min(waitstart) AS since FROM pg_locks
                                  WHERE pid = waiting.pid AND NOT granted) AS asked ON true
             WHERE waiting.wait_event_type = 'Lock'
             ORDER BY waiting_pid, blocking_pid
             LIMIT 1000
            """;

    private static final String SLOTS = """
            SELECT slot_name::text AS name, slot_type AS kind, active, wal_status,
                   CASE WHEN NOT pg_is_in_recovery()
                        THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END AS retained_bytes
              FROM pg_replication_slots
             ORDER BY slot_name
            """;

    private record Standing(boolean standby, boolean seesAllSessions) {}

    private static final String STANDING = """
            SELECT pg_is_in_recovery() AS standby,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all_sessions
            """;

    private Gathering() {}

    /** The deadline is each server's own: one that hangs must not cost the others their answer. */
    public static Snapshot of(Cluster cluster, Call call, Duration each, Clock clock) {
        List<Supplier<Object>> questions =
                List.of(() -> databases(cluster, call, each, clock), () -> Surroundings.of(cluster, call, each));
        List<Object> answers = Together.all(questions, Supplier::get);
        return ((Snapshot) answers.get(0)).with((Surroundings) answers.get(1));
    }

    private static Snapshot databases(Cluster cluster, Call call, Duration each, Clock clock) {
        if (cluster.settings().coordinator().isEmpty()) { // what nobody named is not out of reach
            return new Snapshot(cluster.name(), clock.instant(), List.of(), List.of());
        }
        var read = Everywhere.ask(cluster, call, each, (component, where, sql) -> postgres(where, sql));
        return new Snapshot(cluster.name(), clock.instant(), read.answers(), read.unavailable());
    }

    private static PostgresState postgres(String where, Sql sql) {
        Standing standing = sql.one(Standing.class, STANDING);
        return new PostgresState(
                where,
                standing.standby(),
                standing.seesAllSessions(),
                sql.one(PostgresState.Connections.class, CONNECTIONS),
                sql.list(PostgresState.FreezeAge.class, FREEZE_AGES),
                sql.list(PostgresState.Session.class, OLD_TRANSACTIONS),
                sql.list(PostgresState.Wait.class, WAITS),
                sql.list(PostgresState.Slot.class, SLOTS));
    }
}
