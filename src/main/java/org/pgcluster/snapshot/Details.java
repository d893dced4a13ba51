package org.pgcluster.snapshot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the checks across servers need of each one. What a role may not see or a version does not have is left out.
 *
 * @param clockOffsetMillis how far its clock is ahead of ours, give or take {@code clockUncertaintyMillis}
 * @param gaps questions that this server refused
 */
public record Details(
        @Nullable Facts facts,
        long clockOffsetMillis,
        long clockUncertaintyMillis,
        List<Prepared> prepared,
        List<Standby> standbys,
        @Nullable Disk disk,
        List<MissingShard> missingShards,
        List<Unavailable> gaps) {
    public static final Details NONE = new Details(null, 0, 0, List.of(), List.of(), null, List.of(), List.of());

    public Details {
        prepared = List.copyOf(prepared);
        standbys = List.copyOf(standbys);
        missingShards = List.copyOf(missingShards);
        gaps = List.copyOf(gaps);
    }

    /** {@code outputPlugins} is none where this version asks for no list; the time zone is what the database sets. */
    public record Facts(
            @Nullable String systemIdentifier,
            @Nullable String address,
            @Nullable Integer port,
            int versionNumber,
            String walLevel,
            String archiveMode,
            long archiveFailures,
            boolean archiveFails,
            @Nullable String archiveFailedWal,
            @Nullable String outputPlugins,
            @Nullable String timeZone,
            @Nullable String citusExtension,
            @Nullable String citusLibrary,
            long checksumFailures,
            long epochMillis) {}

    public record Prepared(String gid, String database, long seconds, boolean ofCitus) {}

    public record Standby(
            String name,
            String state,
            String syncState,
            @Nullable Long behindBytes) {}

    public record Disk(long freeBytes, long totalBytes) {}

    public record MissingShard(long shardId, String tableName, int groupId) {}
}
