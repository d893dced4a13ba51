package org.pgcluster.checks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgcluster.snapshot.PostgresState;
import org.pgcluster.snapshot.PostgresState.FreezeAge;
import org.pgcluster.snapshot.Snapshot;

/** How far back the oldest numbers are, and when they come to an end if they go on like this. */
public final class FreezeAges {
    /** The server keeps the last three million for the superuser who has to mend it. */
    static final long STOPS_AT = Integer.MAX_VALUE - 3_000_000L;

    /** A shorter time since the last checkpoint says nothing of a day. */
    private static final double ENOUGH_SECONDS = 30;

    /** {@code perSecond} and the days are missing where the last checkpoint is too young, or nothing was used up. */
    public record Age(
            String kind,
            String server,
            String database,
            long back,
            long autovacuumForcedAt,
            @Nullable Double perSecond,
            @Nullable Double daysUntilForced,
            @Nullable Double daysUntilStop) {
        static Age of(
                String kind,
                String server,
                String database,
                long back,
                long forcedAt,
                @Nullable Long since,
                @Nullable Double seconds) {
            Double pace =
                    since == null || seconds == null || seconds < ENOUGH_SECONDS ? null : Math.max(0, since) / seconds;
            return new Age(
                    kind,
                    server,
                    database,
                    back,
                    forcedAt,
                    pace == null ? null : Math.round(10 * pace) / 10.0,
                    back > forcedAt ? null : days(forcedAt - back, pace),
                    days(STOPS_AT - back, pace));
        }

        private static @Nullable Double days(long left, @Nullable Double pace) {
            return pace == null || pace == 0 ? null : Math.round(10 * left / pace / 86_400) / 10.0;
        }
    }

    private FreezeAges() {}

    static List<Age> of(PostgresState state) {
        List<Age> ages = new ArrayList<>();
        for (FreezeAge age : state.freezeAges()) {
            ages.add(Age.of(
                    "transaction",
                    state.where(),
                    age.database(),
                    age.transactionAge(),
                    age.freezeMax(),
                    age.transactionsSince(),
                    age.secondsSince()));
            ages.add(Age.of(
                    "multixact",
                    state.where(),
                    age.database(),
                    age.multixactAge(),
                    age.multiMax(),
                    age.multixactsSince(),
                    age.secondsSince()));
        }
        return ages;
    }

    /** Of each kind the one that ends first; where no pace is known, the oldest. */
    public static List<Age> nearest(Snapshot snapshot) {
        List<Age> all = snapshot.postgres().stream()
                .flatMap(state -> of(state).stream())
                .toList();
        Comparator<Age> endsFirst = Comparator.comparingDouble((Age age) -> {
                    Double days = age.daysUntilStop();
                    return days == null ? Double.MAX_VALUE : days;
                })
                .thenComparing(age -> -age.back())
                .thenComparing(Age::server)
                .thenComparing(Age::database);
        return List.of("transaction", "multixact").stream()
                .flatMap(kind -> all.stream().filter(age -> age.kind().equals(kind)).min(endsFirst).stream())
                .toList();
    }
}
