package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.checks.Finding.Severity;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.Slot;
import org.pgcluster.snapshot.Snapshot;

/** A slot that nobody reads keeps WAL until the disk is full. */
final class SlotsHoldWal implements Check {
    private static final long WARNING_BYTES = 1L << 30;

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        for (PostgresState state : snapshot.postgres().stream().toList()) {
            for (Slot slot : state.slots()) {
                boolean lost = "lost".equals(slot.walStatus());
                Long retained = slot.retainedBytes();
                if (lost || (!slot.active() && retained != null && retained >= WARNING_BYTES)) {
                    findings.add(finding(state, slot, lost));
                }
            }
        }
        return findings;
    }

    private static Finding finding(PostgresState state, Slot slot, boolean lost) {
        return new Finding(
                lost ? "postgres.slot_lost" : "postgres.slot_holds_wal",
                Severity.WARNING,
                Sure.CERTAIN,
                "postgres",
                slot.name(),
                lost
                        ? "Slot " + slot.name() + " has lost the WAL that its reader needs"
                        : "Slot " + slot.name() + " has no reader and keeps WAL",
                Evidence.of("server", state.where())
                        .and("kind", slot.kind())
                        .and("active", slot.active())
                        .and("wal_status", slot.walStatus())
                        .and("retained_bytes", slot.retainedBytes())
                        .fields(),
                lost
                        ? "Its reader must be made anew; the slot can be dropped."
                        : "Bring its reader back or drop the slot before the disk fills.",
                Optional.empty(),
                Optional.of("SELECT pg_drop_replication_slot('" + slot.name().replace("'", "''") + "')"));
    }
}
