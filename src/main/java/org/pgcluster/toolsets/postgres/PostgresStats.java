package org.pgcluster.toolsets.postgres;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgcluster.postgres.Capabilities;
import org.pgcluster.postgres.Sql;
import org.pgcluster.shape.Cursor;
import org.pgcluster.shape.Default;
import org.pgcluster.shape.InWords;
import org.pgcluster.shape.JsonText;
import org.pgcluster.shape.Range;
import org.pgcluster.shape.Rest;
import org.pgcluster.shape.Says;
import org.pgcluster.tool.Context;
import org.pgcluster.tool.Declaration;
import org.pgcluster.tool.Reads;

/** Counters of the server under one name each, whatever the version calls them. */
public final class PostgresStats implements Reads<PostgresStats.Input, PostgresStats.Output> {
    record Input(
            @Says("Which counters") Topic topic,

            @Says("Only this one") Optional<String> database,

            @Says("Most rows") @Default("20") @Range(min = 1, max = 200)
            int limit,

            @Says("From the last answer") Optional<String> cursor) {}

    enum Topic {
        DATABASE_OVERVIEW,
        CACHE_HIT_RATE,
        CHECKPOINTS_STATS,
        WAL_ACTIVITY,
        TABLES_INFO,
        INDEX_STATS,
        LOCKING_INFO,
        CONNECTION_STATS,
        DATABASE_SIZES,
        CHANGED_SETTINGS,
        VERSION
    }

    record Output(
            String topic,
            List<Map<String, @Nullable Object>> rows,
            Rest rest,
            @Nullable String note) implements InWords {
        @Override
        public String inWords() {
            return topic + ": " + rest.total() + (rest.total() == 1 ? " row." : " rows.")
                    + (note == null ? "" : " " + note);
        }
    }

    private record Row(String told, double size, String name, long total) {}

    /** The largest first; what has no size is ordered by its name. */
    private static final String PAGE = """
            SELECT row_to_json(topic)::text AS told, topic_size AS size, topic_name AS name, total
              FROM (SELECT *, count(*) OVER () AS total FROM ({topic}) AS counted) AS sized
             CROSS JOIN LATERAL (SELECT {columns}) AS topic
             WHERE ?::text IS NULL OR (-topic_size, topic_name) > (?::float8, ?::text)
             ORDER BY -topic_size, topic_name LIMIT ?::int
            """;

    @Override
    public Declaration<Input, Output> declaration() {
        return Declaration.reads(
                "postgres_stats",
                "PostgreSQL statistics",
                Input.class,
                Output.class,
                "Raw counters of the server asked: tables, indexes, cache, WAL, checkpoints, connections, sizes, changed"
                        + " settings. For a judgement: analyze_db_health.");
    }

    @Override
    public Output read(Input input, Context context) {
        Sql sql = context.sql();
        String topic = input.topic().name().toLowerCase(Locale.ROOT);
        Capabilities server = sql.capabilities();
        StatsTopic asked = StatsTopic.of(input.topic(), server);
        String list = "stats " + topic + input.database();
        List<@Nullable Object> after =
                input.cursor().map(text -> Cursor.read(list, text)).orElse(List.of());
        Object size = after.isEmpty() ? null : after.get(0);
        Object name = after.isEmpty() ? null : after.get(1);
        String question = PAGE.replace("{topic}", asked.sql()).replace("{columns}", asked.columns());
        List<Row> found = asked.byDatabase()
                ? sql.list(
                        Row.class,
                        question,
                        input.database().orElse(null),
                        input.database().orElse(null),
                        name,
                        size,
                        name,
                        input.limit() + 1)
                : sql.list(Row.class, question, name, size, name, input.limit() + 1);
        List<Row> shown = found.subList(0, Math.min(input.limit(), found.size()));
        Row last = shown.isEmpty() ? null : shown.get(shown.size() - 1);
        String cursor = last == null || shown.size() == found.size()
                ? null
                : Cursor.write(list, List.of(String.valueOf(-last.size()), last.name()));
        return new Output(
                topic,
                shown.stream().map(PostgresStats::told).toList(),
                new Rest(shown.size(), last == null ? 0 : last.total(), cursor),
                asked.note());
    }

    private static Map<String, @Nullable Object> told(Row row) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        if (JsonText.read(row.told()) instanceof Map<?, ?> told) {
            told.forEach((name, value) -> values.put(String.valueOf(name), value));
        }
        return values;
    }
}
