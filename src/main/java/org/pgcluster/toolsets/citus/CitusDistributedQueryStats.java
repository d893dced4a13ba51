package org.pgcluster.toolsets.citus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.citus.Citus;
import org.pgcluster.citus.Round;
import org.pgcluster.citus.Slice;
import org.pgcluster.error.ToolException;
import org.pgcluster.postgres.OwnText;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.snapshot.Unavailable;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Which distributed statements cost most, and whether each named one value of the distribution column. */
public final class CitusDistributedQueryStats
        implements Reads<CitusDistributedQueryStats.Input, CitusDistributedQueryStats.Output> {
    record Input(
            @Says("What comes first") @Default("total_time") Sort sort,

            @Says("Most rows") @Default("10") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    enum Sort {
        TOTAL_TIME,
        MEAN_TIME,
        CALLS,
        ROWS
    }

    record Output(
            List<Row> statements, Rest rest, List<Counted> perNode, List<String> off, List<Unavailable> unavailable)
            implements InWords {
        @Override
        public String inWords() {
            String found = rest.total() == 0
                    ? "No distributed statements are on record."
                    : Parts.many(rest.total(), "distributed statement") + " on record by this node.";
            return found
                    + (off.isEmpty() ? "" : " " + String.join(" ", off))
                    + Parts.partial(unavailable).replace("sizes and counts lack", "this lacks");
        }
    }

    /** Where {@code callsWithKey} is 0, no call named a single value of a distribution column: all went to several shards. */
    record Row(
            long queryId,
            @Nullable String userName,
            String executor,
            long calls,
            long callsWithKey,
            @Nullable Double totalMs,
            @Nullable Double meanMs,
            @Nullable Long rows,
            @Nullable String query) {}

    /** Only nodes that count. */
    record Counted(
            String node,
            @Nullable Long singleShard,
            @Nullable Long multiShard) {}

    record Counter(
            boolean counting,
            @Nullable Long singleShard,
            @Nullable Long multiShard) {}

    private record Found(
            long queryId,
            @Nullable String userName,
            String executor,
            long calls,
            long callsWithKey,
            @Nullable Double totalMs,
            @Nullable Double meanMs,
            @Nullable Long rows,
            @Nullable String query,
            long total,
            long userId,
            String figure) {}

    private record Tracking(@Nullable String track, boolean timed, boolean seesAll) {}

    private static final String TRACKING = """
            SELECT current_setting('citus.stat_statements_track', true) AS track,
                   to_regclass('{space}.pg_stat_statements') IS NOT NULL AS timed,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all
            """;

    private record Space(@Nullable String space) {}

    private static final String STATEMENTS = """
            WITH asked AS (
                SELECT queryid, userid, dbid, min(executor) AS executor, sum(calls)::bigint AS calls,
                       coalesce(sum(calls) FILTER (WHERE partition_key IS NOT NULL), 0)::bigint AS with_key,
                       min(query) AS query
                  FROM pg_catalog.citus_stat_statements
                 WHERE query !~ ?::text AND query !~* ?::text
                   AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                 GROUP BY 1, 2, 3
            ), ranked AS (
                SELECT asked.*, timed.total AS spent, timed.calls AS timed_calls, timed.rows, count(*) OVER () AS total,
                       coalesce({order}, -1)::numeric AS figure
                  FROM asked
                  LEFT JOIN {timed} AS timed ON timed.queryid = asked.queryid AND timed.userid = asked.userid
                       AND timed.dbid = asked.dbid)
            SELECT queryid AS query_id, pg_get_userbyid(userid) AS user_name, executor, calls, with_key AS calls_with_key,
                   round(spent, 1) AS total_ms, round(spent / nullif(timed_calls, 0), 2) AS mean_ms, rows,
                   left(regexp_replace(query, '\\s+', ' ', 'g'), 160) AS query, total, userid::bigint AS user_id,
                   ranked.figure::text AS figure
              FROM ranked
             WHERE ?::numeric IS NULL OR (-ranked.figure, queryid, userid) > (-(?::numeric), ?::bigint, ?::oid)
             ORDER BY ranked.figure DESC, queryid, userid
             LIMIT ?::bigint
            """;

    /** What ends, begins or sets up a session or transaction is recorded for what ran beside it. */
    private static final String NO_STATEMENT_OVER_SHARDS =
            "^\\s*(begin|start transaction|commit|end|rollback|savepoint|release|set|reset|show|discard|deallocate)\\y";

    private static final String TIMED = """
            (SELECT queryid, userid, dbid, sum(calls) AS calls, sum(total_exec_time)::numeric AS total, sum(rows)::bigint AS rows
               FROM {space}.pg_stat_statements GROUP BY 1, 2, 3)""";

    private static final String NOT_TIMED = """
            (SELECT NULL::bigint AS queryid, NULL::oid AS userid, NULL::oid AS dbid, NULL::numeric AS calls,
                    NULL::numeric AS total, NULL::bigint AS rows WHERE false)""";

    private static final String COUNTERS = """
            SELECT current_setting('citus.enable_stat_counters')::boolean AS counting,
                   sum(query_execution_single_shard)::bigint AS single_shard,
                   sum(query_execution_multi_shard)::bigint AS multi_shard
              FROM citus_stat_counters WHERE name = current_database()
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "citus_distributed_query_stats",
                "Distributed query statistics",
                Input.class,
                Output.class,
                "Distributed statements that cost most, whether each is routed by one key value or goes to many shards.");
    }

    @Override
    public Output read(Input input, Context context) {
        Citus citus = Citus.of(context.cluster(), context.call());
        String space = citus.sql()
                .ifAny(
                        Space.class,
                        "SELECT quote_ident(nspname) AS space FROM pg_extension JOIN pg_namespace ON"
                                + " pg_namespace.oid = extnamespace WHERE extname = 'pg_stat_statements'")
                .map(Space::space)
                .orElse(null);
        Tracking tracking = citus.sql().one(Tracking.class, TRACKING.replace("{space}", String.valueOf(space)));
        List<String> off = new ArrayList<>();
        String list = "statements " + input.sort();
        List<@Nullable Object> after = Slice.after(list, input.cursor(), 3);
        List<Found> found = space == null || !citus.features().statements()
                ? List.of()
                : found(citus, tracking, space, input, after, off);
        Slice<Found> page = Slice.of(
                list, found, input.limit(), one -> List.of(one.figure(), one.queryId(), one.userId()), Found::total);
        Round<Counter> counters = citus.features().counters()
                ? citus.everywhere(Counter.class, COUNTERS)
                : new Round<>(java.util.Map.of(), List.of());
        return new Output(
                page.rows().stream().map(one -> row(one, citus)).toList(),
                page.rest(),
                counted(citus, counters),
                off(tracking, space, counters, off),
                Parts.unavailable(counters.silent()));
    }

    /** Citus calls pg_stat_statements by its bare name, so that it is found on the login's search path or not at all. */
    private static List<Found> found(
            Citus citus, Tracking tracking, String space, Input input, List<@Nullable Object> after, List<String> off) {
        try {
            return citus.sql()
                    .withSearchPathOfLogin()
                    .list(
                            Found.class,
                            STATEMENTS
                                    .replace("{timed}", tracking.timed() ? TIMED.replace("{space}", space) : NOT_TIMED)
                                    .replace("{order}", order(input.sort())),
                            OwnText.pattern(),
                            NO_STATEMENT_OVER_SHARDS,
                            after.get(0),
                            after.get(0),
                            after.get(1),
                            after.get(2),
                            input.limit() + 1L);
        } catch (ToolException e) {
            if (!"42883".equals(e.sqlstate())) {
                throw e;
            }
            off.add("citus_stat_statements cannot be read: pg_stat_statements lies in schema " + space
                    + ", which is not on this role's search_path.");
            return List.of();
        }
    }

    private static String order(Sort sort) {
        return switch (sort) {
            case TOTAL_TIME -> "timed.total";
            case MEAN_TIME -> "timed.total / nullif(timed.calls, 0)";
            case CALLS -> "asked.calls";
            case ROWS -> "timed.rows";
        };
    }

    private static Row row(Found one, Citus citus) {
        return new Row(
                one.queryId(),
                one.userName(),
                one.executor(),
                one.calls(),
                one.callsWithKey(),
                one.totalMs(),
                one.meanMs(),
                one.rows(),
                citus.shown(one.query()));
    }

    private static List<Counted> counted(Citus citus, Round<Counter> counters) {
        List<Counted> nodes = new ArrayList<>();
        counters.told().stream()
                .filter(told -> told.row().counting())
                .forEach(told -> nodes.add(new Counted(
                        told.nodeId() + " " + citus.where(told.nodeId()),
                        told.row().singleShard(),
                        told.row().multiShard())));
        return nodes;
    }

    /** An empty list with tracking off is no good news. */
    private static List<String> off(
            Tracking tracking, @Nullable String space, Round<Counter> counters, List<String> off) {
        if (space == null) {
            off.add("pg_stat_statements is not installed here, which citus_stat_statements needs.");
        }
        if (!"all".equals(tracking.track())) {
            off.add("Tracking is off: citus.stat_statements_track is " + tracking.track() + ", not all.");
        }
        if (!tracking.seesAll()) {
            off.add("Only this role's own statements are visible: it lacks pg_read_all_stats.");
        }
        if (counters.rows().stream().noneMatch(Counter::counting)) {
            off.add("Executions are not counted: citus.enable_stat_counters is off or missing.");
        }
        return off;
    }
}
