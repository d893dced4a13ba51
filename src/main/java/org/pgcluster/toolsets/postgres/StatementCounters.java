package org.pgcluster.toolsets.postgres;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.OwnText;
import org.pgcluster.postgres.Sql;

/** What pg_stat_statements counts of the statements of this database, whichever version of it there is. */
final class StatementCounters {
    record Seen(
            String queryId,
            String user,
            String query,
            double calls,
            double totalMs,
            double planMs,
            double ioMs,
            double rows,
            double hit,
            double read,
            double temp,
            double wal) {
        Seen minus(Seen before) {
            return new Seen(
                    queryId,
                    user,
                    query,
                    calls - before.calls,
                    totalMs - before.totalMs,
                    planMs - before.planMs,
                    ioMs - before.ioMs,
                    rows - before.rows,
                    hit - before.hit,
                    read - before.read,
                    temp - before.temp,
                    wal - before.wal);
        }

        String key() {
            return queryId + " " + user;
        }

        /** Short, because a cursor holds that of every row shown: counters grow, and a row may overtake any place. */
        String mark() {
            CRC32 sum = new CRC32();
            sum.update(key().getBytes(StandardCharsets.UTF_8));
            return Long.toString(sum.getValue(), 36);
        }
    }

    private record Stand(String schema, @Nullable Boolean preloaded) {}

    private record Since(@Nullable Instant since) {}

    private record Slept(boolean slept) {}

    /** Which columns there are depends on the extension's own version, which is why they are read by name. */
    private static final String READING = """
            SELECT coalesce(told ->> 'queryid', '?') AS query_id,
                   coalesce(pg_get_userbyid((told ->> 'userid')::oid), '?') AS "user",
                   CASE WHEN bool_or(told ->> 'queryid' IS NULL) THEN count(*) || ' statements, hidden'
                        ELSE min(told ->> 'query') END AS query, sum((told ->> 'calls')::float8) AS calls,
                   sum(coalesce(told ->> 'total_exec_time', told ->> 'total_time')::float8) AS total_ms,
                   coalesce(sum((told ->> 'total_plan_time')::float8), 0) AS plan_ms,
                   coalesce(sum(coalesce(told ->> 'shared_blk_read_time', told ->> 'blk_read_time')::float8), 0) AS io_ms,
                   sum((told ->> 'rows')::float8) AS rows, sum((told ->> 'shared_blks_hit')::float8) AS hit,
                   sum((told ->> 'shared_blks_read')::float8) AS read,
                   sum((told ->> 'temp_blks_written')::float8) AS temp,
                   coalesce(sum((told ->> 'wal_bytes')::float8), 0) AS wal
              FROM (SELECT to_jsonb(statement) AS told FROM {schema}.pg_stat_statements AS statement
                     WHERE statement.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS one
             WHERE coalesce((told ->> 'toplevel')::boolean, true)
             GROUP BY 1, 2
            """;

    private static final String STAND = """
            SELECT extnamespace::regnamespace::text AS schema,
                   (SELECT setting ~ 'pg_stat_statements' FROM pg_settings WHERE name = 'shared_preload_libraries')
                       AS preloaded
              FROM pg_extension WHERE extname = 'pg_stat_statements'
            """;

    private final Sql sql;
    private final Stand stand;

    private StatementCounters(Sql sql, Stand stand) {
        this.sql = sql;
        this.stand = stand;
    }

    static StatementCounters of(Sql sql) {
        return new StatementCounters(sql, sql.ifAny(Stand.class, STAND).orElseThrow(StatementCounters::missing));
    }

    /** But ours: who asks what is slow does not mean the asking. */
    List<Seen> all() {
        try {
            return sql.list(Seen.class, READING.replace("{schema}", stand.schema())).stream()
                    .filter(one -> !OwnText.is(one.query()))
                    .toList();
        } catch (ToolException e) {
            if (e.text().contains("shared_preload_libraries")) {
                throw missing();
            }
            throw e;
        }
    }

    /** What is counted from now on. */
    List<Seen> during(int seconds) {
        Map<String, Seen> before = new HashMap<>();
        all().forEach(one -> before.put(one.key(), one));
        sql.one(Slept.class, "SELECT pg_sleep(?::float8) IS NOT NULL AS slept", seconds);
        return all().stream()
                .map(one -> {
                    Seen then = before.get(one.key());
                    return then == null ? one : one.minus(then);
                })
                .filter(one -> one.calls() > 0)
                .toList();
    }

    @Nullable
    Instant since() {
        try {
            return sql.one(
                            Since.class,
                            "SELECT stats_reset AS since FROM " + stand.schema() + ".pg_stat_statements_info")
                    .since();
        } catch (ToolException e) {
            return null; // the view came with version 1.9 of the extension
        }
    }

    private static ToolException missing() {
        return new ToolException(
                ErrorCode.NOT_CONFIGURED,
                "pg_stat_statements does not count here, so nobody knows what was slow.",
                "A person adds pg_stat_statements to shared_preload_libraries, restarts the server and runs CREATE"
                        + " EXTENSION pg_stat_statements in this database. active_queries shows what runs now.");
    }
}
