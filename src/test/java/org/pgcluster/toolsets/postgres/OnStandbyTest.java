package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Postgres;

/** Every reading tool on a hot standby, for a login that may see everything and for one that may not. */
@Tag("slow")
class OnStandbyTest {
    @TempDir
    Path state;

    private static final List<List<Object>> CALLS = calls();

    private static List<List<Object>> calls() {
        List<List<Object>> calls = new ArrayList<>(List.of(
                List.of("ping"),
                List.of("server_info"),
                List.of("cluster_health"),
                List.of("cluster_topology"),
                List.of("execute_sql", "sql", "SELECT count(*) AS rows FROM shop.goods"),
                List.of("list_schemas"),
                List.of("list_objects", "schema", "shop"),
                List.of("get_object_details", "schema", "shop", "name", "goods"),
                List.of("get_object_details", "schema", "shop", "name", "goods_id_seq"),
                List.of("get_object_details", "schema", "shop", "name", "lost"),
                List.of("explain_query", "sql", "SELECT * FROM shop.goods WHERE kind = 3"),
                List.of("explain_query", "sql", "SELECT * FROM shop.goods WHERE kind = 3", "analyze", true),
                List.of("explain_query", "sql", "SELECT * FROM shop.goods WHERE kind = $1"),
                List.of("active_queries", "include_idle", true),
                List.of("blocking_locks"),
                List.of("analyze_slow_queries"),
                List.of("analyze_slow_queries", "watch_seconds", 1),
                List.of("recommend_indexes", "queries", List.of("SELECT * FROM shop.goods WHERE kind = 3")),
                List.of("recommend_indexes"),
                List.of("analyze_db_health"),
                List.of("list_available_extensions")));
        for (PostgresStats.Topic topic : PostgresStats.Topic.values()) {
            calls.add(List.of("postgres_stats", "topic", topic.name().toLowerCase(Locale.ROOT)));
        }
        return calls;
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "16", "17", "18"})
    void every_tool_answers_there_and_says_what_it_could_not_see(String version) throws Exception {
        Postgres standby = Postgres.standby(
                version,
                "CREATE EXTENSION pg_stat_statements",
                "CREATE SCHEMA shop",
                "CREATE TABLE shop.goods (id serial PRIMARY KEY, kind int)",
                "INSERT INTO shop.goods (kind) SELECT n % 100 FROM generate_series(1, 20000) AS n",
                "CREATE UNLOGGED TABLE shop.lost (id bigserial PRIMARY KEY)",
                "CREATE TABLE shop.worn (id smallint GENERATED ALWAYS AS IDENTITY)",
                "SELECT setval('shop.worn_id_seq', 30000)",
                "ANALYZE",
                "CREATE ROLE watcher LOGIN IN ROLE pg_monitor",
                "CREATE ROLE plain LOGIN",
                "GRANT USAGE ON SCHEMA shop TO watcher, plain",
                "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO watcher, plain");
        for (String login : List.of("postgres", "watcher", "plain")) {
            try (Trial trial = Trial.as(login, standby, state)) {
                for (List<Object> call : CALLS) {
                    Answer answer = trial.call(
                            (String) call.get(0), call.subList(1, call.size()).toArray());
                    assertFalse(answer.isError(), login + call + ": " + answer.text());
                }
                String slow = trial.read("analyze_slow_queries", "limit", 50).toString();
                assertFalse(slow.contains("told ->>") || slow.contains("attrelid"), slow);
                Map<?, ?> health = trial.read("analyze_db_health");
                String hidden = String.valueOf(health.get("unavailable"));
                assertEquals(login.equals("postgres"), hidden.equals("[]"), health.toString());
                assertEquals(login.equals("plain"), hidden.contains("lacks pg_monitor"), health.toString());
                assertEquals(!login.equals("postgres"), hidden.contains("3 sequences"), health.toString());
                assertEquals(
                        login.equals("postgres"), health.toString().contains("shop.worn_id_seq"), health.toString());
                assertFalse(health.toString().contains("receiver_missing"), health.toString());
            }
        }
    }
}
