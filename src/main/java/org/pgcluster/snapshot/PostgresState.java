package org.pgcluster.snapshot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one PostgreSQL says of itself. */
public record PostgresState(
        String where,
        boolean standby,
        boolean seesAllSessions,
        Connections connections,
        List<FreezeAge> freezeAges,
        List<Session> oldTransactions,
        List<Wait> waits,
        List<Slot> slots,
        Details details) {
    public PostgresState {
        freezeAges = List.copyOf(freezeAges);
        oldTransactions = List.copyOf(oldTransactions);
        waits = List.copyOf(waits);
        slots = List.copyOf(slots);
    }

    /** Without what only checks across servers need. */
    public PostgresState(
            String where,
            boolean standby,
            boolean seesAllSessions,
            Connections connections,
            List<FreezeAge> freezeAges,
            List<Session> oldTransactions,
            List<Wait> waits,
            List<Slot> slots) {
        this(where, standby, seesAllSessions, connections, freezeAges, oldTransactions, waits, slots, Details.NONE);
    }

    /** {@code reserved} are kept for superusers, so they are no room for anybody else. */
    public record Connections(long used, long max, long reserved) {}

    /** How old a database is, and how many numbers its server has given out since its last checkpoint, the second reading. */
    public record FreezeAge(
            String database,
            long transactionAge,
            long multixactAge,
            long freezeMax,
            long multiMax,
            @Nullable Double secondsSince,
            @Nullable Long transactionsSince,
            @Nullable Long multixactsSince) {}

    public record Session(
            int pid,
            @Nullable String userName,
            @Nullable String application,
            @Nullable String state,
            long transactionSeconds,
            long idleSeconds,
            boolean holdsHorizon) {}

    public record Wait(
            int waitingPid,
            int blockingPid,
            long waitingSeconds,
            @Nullable String blockerState,
            @Nullable String waitingApplication,
            @Nullable String blockingApplication) {}

    /** {@code retainedLater} is of a second look, half a second after the first; only slots without a reader get one. */
    public record Slot(
            String name,
            String kind,
            boolean active,
            @Nullable String walStatus,
            @Nullable Long retainedBytes,
            @Nullable Long retainedLater) {
        Slot andLater(@Nullable Long later) {
            return new Slot(name, kind, active, walStatus, retainedBytes, later);
        }
    }
}
