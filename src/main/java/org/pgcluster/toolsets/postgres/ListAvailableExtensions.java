package org.pgcluster.toolsets.postgres;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Extensions that are installed or could be, and what each would add here. */
public final class ListAvailableExtensions
        implements Reads<ListAvailableExtensions.Input, ListAvailableExtensions.Output> {
    private static final String LIST = "extensions";

    record Input(
            @Says("Most rows") @Default("12") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    record Output(List<Row> extensions, Rest rest) implements InWords {
        @Override
        public String inWords() {
            long installed =
                    extensions.stream().filter(one -> one.installed() != null).count();
            return rest.total() + " extensions; " + installed
                    + " of those shown are installed in this database. Installing is CREATE EXTENSION by a person.";
        }
    }

    record Row(
            String name,
            @Nullable String installed,
            String available,
            @Nullable String needs,
            @Nullable String adds) {}

    private record Found(
            int rank,
            String name,
            @Nullable String installed,
            String available,
            boolean trusted,
            @Nullable Boolean preloaded,
            @Nullable String comment,
            long total) {}

    /** What tools and operators gain; the others say it in their comment. */
    private static final Map<String, String> ADDS = Map.of(
            "pg_stat_statements", "analyze_slow_queries and recommend_indexes from the real workload",
            "hypopg", "indexes tried by the planner without building them: explain_query, recommend_indexes",
            "pgstattuple", "exact bloat of tables and indexes",
            "pg_buffercache", "what lies in shared_buffers",
            "pg_trgm", "indexes for LIKE '%x%' and similarity",
            "btree_gist", "exclusion constraints that mix = with ranges",
            "pg_qualstats", "recommend_indexes with the constants that the workload really used",
            "amcheck", "indexes checked for damage",
            "pg_prewarm", "caches filled after a restart",
            "postgres_fdw", "tables of other PostgreSQL servers");

    private static final String PAGE = """
            WITH known AS (
                SELECT ext.name::text AS name, ext.installed_version AS installed, ext.default_version AS available,
                       ext.comment, CASE WHEN ext.installed_version IS NOT NULL THEN 0
                                         WHEN ext.name = ANY (?::text[]) THEN 1 ELSE 2 END AS rank,
                       count(*) OVER () AS total
                  FROM pg_available_extensions AS ext
            )
            SELECT rank, name, installed, available,
                   coalesce((SELECT bool_or(trusted) FROM pg_available_extension_versions AS one
                              WHERE one.name = known.name AND one.version = known.available), false) AS trusted,
                   CASE WHEN name = ANY ('{pg_stat_statements,citus,pg_cron,pgaudit,pg_qualstats,timescaledb,pg_stat_kcache}')
                        THEN (SELECT known.name = ANY (regexp_split_to_array(setting, '[,\\s"]+')) FROM pg_settings
                               WHERE pg_settings.name = 'shared_preload_libraries') END AS preloaded,
                   comment, total
              FROM known
             WHERE ?::text IS NULL OR (rank, name) > (?::int, ?::text)
             ORDER BY rank, name LIMIT ?::int
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "list_available_extensions",
                "List extensions",
                Input.class,
                Output.class,
                "Extensions installed here or ready to be, with what each would add and what it needs first.");
    }

    @Override
    public Output read(Input input, Context context) {
        Sql sql = context.sql();
        List<@Nullable Object> after =
                input.cursor().map(text -> Cursor.read(LIST, text)).orElse(List.of());
        Object rank = after.isEmpty() ? null : after.get(0);
        Object name = after.isEmpty() ? null : after.get(1);
        List<Found> found = sql.list(Found.class, PAGE, ADDS.keySet(), name, rank, name, input.limit() + 1);
        List<Found> shown = found.subList(0, Math.min(input.limit(), found.size()));
        Found last = shown.isEmpty() ? null : shown.get(shown.size() - 1);
        String cursor = last == null || shown.size() == found.size()
                ? null
                : Cursor.write(LIST, List.of(last.rank(), last.name()));
        return new Output(
                shown.stream().map(ListAvailableExtensions::row).toList(),
                new Rest(shown.size(), last == null ? 0 : last.total(), cursor));
    }

    private static Row row(Found one) {
        String needs = Boolean.FALSE.equals(one.preloaded())
                ? "shared_preload_libraries and a restart"
                : one.installed() != null || one.trusted() ? null : "a superuser";
        return new Row(
                one.name(), one.installed(), one.available(), needs, ADDS.getOrDefault(one.name(), one.comment()));
    }
}
