package org.pgcluster.snapshot;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgcluster.citus.Placements;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.Sql;
import org.pgcluster.snapshot.Details.Disk;
import org.pgcluster.snapshot.Details.Facts;
import org.pgcluster.snapshot.Details.MissingShard;
import org.pgcluster.snapshot.Details.Prepared;
import org.pgcluster.snapshot.Details.Standby;

/** Asks one server for its {@link Details}, each kind by a question of its own, so that one may be refused. */
final class DetailsReading {
    private static final String FACTS = """
            SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                        THEN (SELECT system_identifier::text FROM pg_control_system()) END AS system_identifier,
                   host(inet_server_addr()) AS address, inet_server_port() AS port,
                   current_setting('server_version_num')::int AS version_number,
                   current_setting('wal_level') AS wal_level, current_setting('archive_mode') AS archive_mode,
                   archiver.failed_count AS archive_failures,
                   coalesce(archiver.last_failed_time > coalesce(archiver.last_archived_time, '-infinity'), false)
                       AS archive_fails,
                   archiver.last_failed_wal AS archive_failed_wal,
                   CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
                        THEN current_setting('output_plugin_libraries', true) END AS output_plugins,
                   (SELECT substring(one FROM '(?i)^timezone=(.*)$')
                      FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS one
                     WHERE setrole = 0 AND one ILIKE 'timezone=%' AND setdatabase =
                           (SELECT oid FROM pg_database WHERE datname = current_database())) AS time_zone,
                   (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS citus_extension,
                   current_setting('citus.version', true) AS citus_library,
                   (SELECT coalesce(sum(checksum_failures), 0)::bigint FROM pg_stat_database) AS checksum_failures,
                   (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS epoch_millis
              FROM pg_stat_archiver AS archiver
            """;

    private static final String PREPARED = """
            SELECT gid, database::text AS database, extract(epoch FROM clock_timestamp() - prepared)::bigint AS seconds,
                   gid LIKE 'citus\\_%' AS of_citus
              FROM pg_prepared_xacts
             ORDER BY prepared, gid
             LIMIT 100
            """;

    private static final String STANDBYS = """
            SELECT coalesce(application_name, '?') AS name, coalesce(state, '?') AS state,
                   coalesce(sync_state, '?') AS sync_state,
                   CASE WHEN NOT pg_is_in_recovery()
                        THEN pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint END AS behind_bytes
              FROM pg_stat_replication
             ORDER BY 1, pid
            """;

    private static final String DISK = """
            SELECT available_disk_size AS free_bytes, total_disk_size AS total_bytes
              FROM citus_local_disk_space_stats()
            """;

    private static final String MISSING = "WITH " + Placements.MINE.replace("{only}", "") + """
            SELECT shardid AS shard_id, nspname || '.' || relname AS table_name,
                   (SELECT groupid FROM pg_dist_local_group) AS group_id
              FROM mine
             WHERE rel IS NULL
             ORDER BY shardid
             LIMIT 20
            """;

    private interface Question<T> {
        T ask();
    }

    private final String component;
    private final String where;
    private final Sql sql;
    private final List<Unavailable> gaps = new ArrayList<>();

    private DetailsReading(String component, String where, Sql sql) {
        this.component = component;
        this.where = where;
        this.sql = sql;
    }

    static Details of(String component, String where, Sql sql, Clock clock) {
        return new DetailsReading(component, where, sql).read(clock);
    }

    private Details read(Clock clock) {
        boolean citus = sql.capabilities().has("citus");
        long before = clock.millis();
        Optional<Facts> facts =
                part(() -> List.of(sql.one(Facts.class, FACTS))).stream().findFirst();
        long after = clock.millis();
        List<Prepared> prepared = part(() -> sql.list(Prepared.class, PREPARED));
        List<Standby> standbys = part(() -> sql.list(Standby.class, STANDBYS));
        List<Disk> disk = citus ? part(() -> sql.list(Disk.class, DISK)) : List.of();
        List<MissingShard> missing =
                citus ? last(() -> sql.seeingShards().list(MissingShard.class, MISSING)) : List.of();
        long middle = (before + after) / 2;
        return new Details(
                facts.orElse(null),
                facts.map(known -> known.epochMillis() - middle).orElse(0L),
                (after - before) / 2 + 1,
                prepared,
                standbys,
                disk.isEmpty() ? null : disk.get(0),
                missing,
                gaps);
    }

    /** What ends the time or the connection ends the whole server's answer; what is merely refused is a gap. */
    private <T> List<T> part(Question<List<T>> question) {
        try {
            return question.ask();
        } catch (ToolException e) {
            if (e.code() == ErrorCode.CONNECTION_FAILED
                    || e.code() == ErrorCode.TIMEOUT
                    || e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            gaps.add(new Unavailable(component, where, e.text()));
            return List.of();
        }
    }

    /** The one that takes long where there are very many shards: too late for it is not too late for the others. */
    private <T> List<T> last(Question<List<T>> question) {
        try {
            return part(question);
        } catch (ToolException e) {
            if (e.code() != ErrorCode.TIMEOUT) {
                throw e;
            }
            gaps.add(new Unavailable(component, where, "Its shards could not be compared in time: " + e.text()));
            return List.of();
        }
    }
}
