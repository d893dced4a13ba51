package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgcluster.checks.Finding.Sure;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.Slot;
import org.pgcluster.snapshot.Snapshot;

/** A slot that nobody reads keeps WAL until the disk is full; two looks tell whether it does so right now. */
final class SlotsHoldWal implements Check {
    private static final long MUCH_BYTES = 1L << 30;

    @Override
    public List<Kind> kinds() {
        return List.of(
                new Kind("postgres.slot_lost", "a slot has lost the WAL that its reader needs"),
                new Kind("postgres.slot_grows", "a slot without a reader keeps more WAL with each moment"),
                new Kind("postgres.slot_holds_wal", "a slot without a reader keeps much WAL"),
                new Kind("postgres.slot_without_reader", "a slot has no reader"));
    }

    @Override
    public List<Finding> judge(Snapshot snapshot) {
        List<Finding> findings = new ArrayList<>();
        Set<String> members = members(snapshot);
        for (PostgresState state : snapshot.postgres()) {
            for (Slot slot : state.slots()) {
                Long retained = slot.retainedBytes();
                if ("lost".equals(slot.walStatus())) {
                    findings.add(lost(state, slot));
                } else if (!slot.active()
                        && retained != null
                        && (retained >= MUCH_BYTES || !members.contains(slot.name()))) {
                    findings.add(idle(state, slot));
                }
            }
        }
        return findings;
    }

    /** The slots that Patroni keeps for its members: why one of those has no reader is told of the member. */
    private static Set<String> members(Snapshot snapshot) {
        return new Estate(snapshot)
                .groups().stream()
                        .flatMap(group -> group.members().stream())
                        .map(member -> member.name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_"))
                        .collect(Collectors.toSet());
    }

    private static Finding lost(PostgresState state, Slot slot) {
        return told(
                        Found.warning(
                                "postgres.slot_lost",
                                slot.name(),
                                "Slot " + slot.name() + " has lost the WAL that its reader needs"),
                        state,
                        slot)
                .advice("Its reader must be made anew; the slot can be dropped.");
    }

    private static Finding idle(PostgresState state, Slot slot) {
        Long before = slot.retainedBytes();
        Long after = slot.retainedLater();
        String name = "Slot " + slot.name() + " of " + state.where() + " has no reader and keeps ";
        Found found;
        if (grows(before, after)) {
            found = Found.warning(
                    "postgres.slot_grows", slot.name(), name + "more WAL with each moment (" + after + " bytes)");
        } else if (before != null && before >= MUCH_BYTES) {
            found = Found.warning("postgres.slot_holds_wal", slot.name(), name + before + " bytes of WAL");
        } else {
            found = Found.notice("postgres.slot_without_reader", slot.name(), name + before + " bytes of WAL")
                    .sure(Sure.LIKELY);
        }
        return told(found, state, slot)
                .read("retained_bytes_later", after)
                .advice(
                        "Find whose it is and bring that reader back, or drop the slot before the disk fills. One that is"
                                + " named like a Patroni member is Patroni's. max_slot_wal_keep_size sets a limit.");
    }

    private static boolean grows(@Nullable Long before, @Nullable Long after) {
        return before != null && after != null && after > before;
    }

    private static Found told(Found found, PostgresState state, Slot slot) {
        return found.read("server", state.where())
                .read("kind", slot.kind())
                .read("active", slot.active())
                .read("wal_status", slot.walStatus())
                .read("retained_bytes", slot.retainedBytes())
                .byHand("SELECT pg_drop_replication_slot('" + slot.name().replace("'", "''") + "') (on " + state.where()
                        + ")");
    }
}
