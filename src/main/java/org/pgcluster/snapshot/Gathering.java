package org.pgcluster.snapshot;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.pgcluster.call.Call;
import org.pgcluster.call.Together;
import org.pgcluster.cluster.Cluster;
import org.pgcluster.patroni.Observed;
import org.pgcluster.postgres.Sql;
import org.pgcluster.snapshot.PostgresState.Slot;

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
                   current_setting('autovacuum_multixact_freeze_max_age')::bigint AS multi_max,
                   extract(epoch FROM clock_timestamp() - point.checkpoint_time)::float8 AS seconds_since,
                   age(split_part(point.next_xid, ':', 2)::xid)::bigint AS transactions_since,
                   mxid_age(point.next_multixact_id)::bigint AS multixacts_since
              FROM pg_database
              LEFT JOIN LATERAL (SELECT * FROM pg_control_checkpoint()
                                  WHERE has_function_privilege('pg_control_checkpoint()', 'EXECUTE')) AS point ON true
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
                   session.state AS blocker_state, waiting.application_name AS waiting_application,
                   session.application_name AS blocking_application
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
                        THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END AS retained_bytes,
                   NULL::bigint AS retained_later
              FROM pg_replication_slots
             ORDER BY slot_name
            """;

    private record Standing(boolean standby, boolean seesAllSessions) {}

    private static final String STANDING = """
            SELECT pg_is_in_recovery() AS standby,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all_sessions
            """;

    private Gathering() {}

    /**
     * The deadline is each server's own: one that hangs must not cost the others their answer. All together end within
     * a quarter of it more, since nodes can only be asked once it is known who they are. Where the first look took that time
     * because the process loaded what it needs, nobody is blamed before they were asked once more.
     */
    public static Snapshot of(Cluster cluster, Call call, Duration each, Clock clock) {
        if (!cluster.isFirstLook()) {
            return once(cluster, call, each, clock);
        }
        try (OwnWork work = OwnWork.from(each.multipliedBy(6).dividedBy(10))) {
            Snapshot snapshot = once(cluster, call, each, clock);
            return snapshot.unavailable().isEmpty() || !work.goesOn() ? snapshot : once(cluster, call, each, clock);
        }
    }

    private static Snapshot once(Cluster cluster, Call call, Duration each, Clock clock) {
        Duration most = each.multipliedBy(5).dividedBy(4);
        Call own = Call.within(most.compareTo(call.timeLeft()) < 0 ? most : call.timeLeft());
        try (var handle = call.onCancel(own::cancel)) {
            return gathered(cluster, own, each, clock);
        }
    }

    private static Snapshot gathered(Cluster cluster, Call call, Duration each, Clock clock) {
        Pause pause = new Pause();
        Duration half = each.dividedBy(2); // nobody waits for a certificate
        List<Supplier<Object>> questions = List.of(
                () -> databases(cluster, call, each, clock, pause),
                () -> Surroundings.of(cluster, call, each),
                () -> citus(cluster, call, each, pause),
                () -> CertificateReading.of(cluster, call, half));
        List<Object> answers = Together.all(questions, Supplier::get);
        CitusReading.Read citus = (CitusReading.Read) answers.get(2);
        Snapshot snapshot = ((Snapshot) answers.get(0))
                .with((Surroundings) answers.get(1))
                .with(citus)
                .with(certificates(answers.get(3)));
        Optional<Observed> patroni = snapshot.around().patroni();
        return citus.silence().isEmpty() || patroni.isEmpty()
                ? snapshot
                : snapshot.with(LeadersReading.of(cluster, call, patroni.get(), pause));
    }

    private static List<Certificate> certificates(Object answer) {
        return ((List<?>) answer).stream().map(Certificate.class::cast).toList();
    }

    private static CitusReading.Read citus(Cluster cluster, Call call, Duration each, Pause pause) {
        if (cluster.settings().coordinator().isEmpty()) {
            return CitusReading.NOTHING;
        }
        Call own = Call.within(each.compareTo(call.timeLeft()) < 0 ? each : call.timeLeft());
        try (var handle = call.onCancel(own::cancel)) {
            return CitusReading.of(cluster, own, pause);
        }
    }

    private static Snapshot databases(Cluster cluster, Call call, Duration each, Clock clock, Pause pause) {
        if (cluster.settings().coordinator().isEmpty()) { // what nobody named is not out of reach
            return new Snapshot(cluster.name(), clock.instant(), List.of(), List.of());
        }
        var read = Everywhere.ask(
                cluster, call, each, (component, where, sql) -> postgres(component, where, sql, clock, pause));
        List<Unread> unavailable = new ArrayList<>(read.unavailable());
        read.answers()
                .forEach(state ->
                        state.details().gaps().forEach(gap -> unavailable.add(new Unread(gap, Unread.Kind.PARTLY))));
        return new Snapshot(cluster.name(), clock.instant(), read.answers(), unavailable);
    }

    private static PostgresState postgres(String component, String where, Sql sql, Clock clock, Pause pause) {
        Standing standing = sql.one(Standing.class, STANDING);
        return new PostgresState(
                where,
                standing.standby(),
                standing.seesAllSessions(),
                sql.one(PostgresState.Connections.class, CONNECTIONS),
                sql.list(PostgresState.FreezeAge.class, FREEZE_AGES),
                sql.list(PostgresState.Session.class, OLD_TRANSACTIONS),
                sql.list(PostgresState.Wait.class, WAITS),
                slots(sql, pause),
                DetailsReading.of(component, where, sql, clock));
    }

    private static List<Slot> slots(Sql sql, Pause pause) {
        List<Slot> first = sql.list(Slot.class, SLOTS);
        if (first.stream().allMatch(Slot::active)) {
            return first;
        }
        pause.untilSecondLook();
        List<Slot> later = sql.list(Slot.class, SLOTS);
        return first.stream()
                .map(slot -> slot.andLater(later.stream()
                        .filter(again -> again.name().equals(slot.name()) && !again.active())
                        .findFirst()
                        .map(Slot::retainedBytes)
                        .orElse(null)))
                .toList();
    }
}
