package org.pgcluster.toolsets.patroni;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.call.Call;
import org.pgcluster.patroni.Group;
import org.pgcluster.patroni.Member;
import org.pgcluster.tool.Context;

/** Replication as the servers tell it: the leader of its senders and slots, a replica of its receiver and replay. */
final class ReplicationSql {
    private ReplicationSql() {}

    record Sender(
            String name,
            String state,
            String sync,
            @Nullable Long notSent,
            @Nullable Long notReplayed,
            @Nullable Double seconds) {}

    private static final String SENDERS = """
            SELECT application_name AS name, coalesce(state, 'hidden') AS state, coalesce(sync_state, 'hidden') AS sync,
                   greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn))::bigint AS not_sent,
                   greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint AS not_replayed,
                   extract(epoch FROM replay_lag)::float8 AS seconds
              FROM pg_catalog.pg_stat_replication
             ORDER BY application_name, pid
            """;

    record Slot(
            String name,
            String kind,
            boolean active,
            @Nullable String walStatus,
            @Nullable Long keepsBytes) {}

    private static final String SLOTS = """
            SELECT slot_name AS name, slot_type AS kind, active, wal_status,
                   greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn))::bigint AS keeps_bytes
              FROM pg_catalog.pg_replication_slots
             WHERE NOT temporary
             ORDER BY slot_name
            """;

    /** {@code receiver} is none where no receiver runs, and hidden where this login may not see it. */
    record Receiving(
            boolean standby,
            String receiver,
            @Nullable Long notReplayed,
            @Nullable Boolean paused) {}

    private static final String RECEIVING = """
            SELECT pg_is_in_recovery() AS standby,
                   coalesce((SELECT coalesce(status, 'hidden') FROM pg_catalog.pg_stat_wal_receiver LIMIT 1), 'none')
                       AS receiver,
                   greatest(0, pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()))::bigint
                       AS not_replayed,
                   CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused
            """;

    static List<Sender> senders(Group group, Context context) {
        return Leaders.sql(group, context, briefly(context)).list(Sender.class, SENDERS);
    }

    static List<Slot> slots(Group group, Context context) {
        return Leaders.sql(group, context, briefly(context)).list(Slot.class, SLOTS);
    }

    static Receiving receiving(Member replica, Context context) {
        return Leaders.sql(replica, context, briefly(context)).one(Receiving.class, RECEIVING);
    }

    /** As long as its Patroni: one server that hangs must not take the time that the others need. */
    private static Call briefly(Context context) {
        Duration limit = context.cluster().settings().httpTimeout();
        Duration left = context.call().timeLeft();
        return context.call().goingOn(left.compareTo(limit) < 0 ? left : limit);
    }

    record Taking(boolean takes) {}

    private static final String TAKING = """
            SELECT NOT pg_is_in_recovery()
                   AND (current_setting('synchronous_standby_names') = ''
                        OR EXISTS (SELECT FROM pg_catalog.pg_stat_replication
                                    WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum'))) AS takes
            """;

    /** Whether a commit ends there now, or waits for a synchronous standby that is not there. */
    static boolean takesCommits(Member leader, Context context) {
        return Leaders.sql(leader, context).one(Taking.class, TAKING).takes();
    }
}
