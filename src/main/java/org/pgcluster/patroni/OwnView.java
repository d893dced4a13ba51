package org.pgcluster.patroni;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a member says of itself. {@code role} is primary, replica, standby_leader, demoted or uninitialized in every
 * version; positions are bytes of WAL.
 *
 * @param dcsAgeSeconds since it last reached the DCS, by its own clock
 */
public record OwnView(
        String state,
        String role,
        @Nullable Integer timeline,
        @Nullable String postgresVersion,
        @Nullable Instant startedAt,
        @Nullable Long location,
        @Nullable Long received,
        @Nullable Long replayed,
        @Nullable Instant replayedAt,
        boolean replayPaused,
        List<Standby> standbys,
        boolean unlocked,
        boolean failsafe,
        boolean paused,
        boolean pendingRestart,
        @Nullable Long dcsAgeSeconds,
        @Nullable String systemIdentifier,
        @Nullable String patroniVersion,
        @Nullable String scope,
        @Nullable String name) {
    public OwnView {
        standbys = List.copyOf(standbys);
    }

    /** A connection of pg_stat_replication. */
    public record Standby(String name, String state, String syncState) {}

    public boolean leads() {
        return role.equals("primary") || role.equals("standby_leader");
    }

    /** 302 is 3.2; 0 where it says nothing that is a version. */
    public int patroniNumber() {
        String version = String.valueOf(patroniVersion);
        if (!version.matches("\\d{1,4}\\.\\d{1,2}(\\D.*)?")) {
            return 0;
        }
        String[] parts = version.split("\\D", 3);
        return Integer.parseInt(parts[0]) * 100 + Integer.parseInt(parts[1]);
    }

    static OwnView of(Fields json, Optional<Instant> now) {
        Optional<Fields> wal = json.object("xlog");
        Optional<Fields> patroni = json.object("patroni");
        Long seen = json.whole("dcs_last_seen");
        return new OwnView(
                json.text("state", "unknown"),
                role(json.text("role", "unknown")),
                timeline(json),
                version(json.whole("server_version")),
                json.moment("postmaster_start_time"),
                wal.map(x -> x.whole("location")).orElse(null),
                wal.map(x -> x.whole("received_location")).orElse(null),
                wal.map(x -> x.whole("replayed_location")).orElse(null),
                wal.map(x -> x.moment("replayed_timestamp")).orElse(null),
                wal.map(x -> x.truth("paused")).orElse(false),
                standbys(json),
                json.truth("cluster_unlocked"),
                json.truth("failsafe_mode_is_active"),
                json.truth("pause"),
                json.truth("pending_restart"),
                seen == null || now.isEmpty()
                        ? null
                        : (Long) Math.max(0, now.get().getEpochSecond() - seen),
                json.text("database_system_identifier"),
                patroni.map(x -> x.text("version")).orElse(null),
                patroni.map(x -> x.text("scope")).orElse(null),
                patroni.map(x -> x.text("name")).orElse(null));
    }

    private static List<Standby> standbys(Fields json) {
        return json.objects("replication").stream()
                .map(one -> new Standby(
                        one.text("application_name", "?"), one.text("state", "?"), one.text("sync_state", "?")))
                .toList();
    }

    /** 4.0 says primary where the versions before it said master. */
    static String role(String said) {
        return said.equals("master") ? "primary" : said;
    }

    private static @Nullable Integer timeline(Fields json) {
        Long timeline = json.whole("timeline");
        return timeline == null ? null : (Integer) timeline.intValue();
    }

    /** 150020 is 15.20. */
    private static @Nullable String version(@Nullable Long number) {
        return number == null ? null : number / 10_000 + "." + number % 10_000;
    }
}
