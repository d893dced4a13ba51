package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.postgres.PgServer;
import org.pgcluster.shape.JsonText;

/** What answers cost a reader, text and structured content together, where nothing unusual is asked of the sample shop. */
class AnswerCostTest {
    private static final int MOST_TOKENS = 800;

    private static final Map<String, List<List<Object>>> TYPICAL = new LinkedHashMap<>();

    static {
        typical("ping");
        typical("server_info");
        typical("cluster_health");
        typical("cluster_topology");
        typical("execute_sql", "sql", "SELECT count(*) FROM orders");
        typical("execute_sql", "sql", "SELECT * FROM orders WHERE tenant_id = 7 ORDER BY order_id LIMIT 5");
        typical("execute_sql", "sql", "SELECT status, count(*), sum(amount) FROM orders GROUP BY 1");
        typical("list_schemas");
        typical("list_objects", "schema", "public");
        typical("list_objects", "schema", "tenant_a");
        typical("list_objects", "schema", "public", "type", "table");
        for (String table : List.of("orders", "order_lines", "tenants", "readings", "clicks", "open_orders")) {
            typical("get_object_details", "schema", "public", "name", table);
        }
        typical("explain_query", "sql", "SELECT * FROM orders WHERE tenant_id = 7 AND order_id = 5");
        typical("explain_query", "sql", "SELECT * FROM orders WHERE note = 'x'", "analyze", true);
        typical(
                "explain_query",
                "sql",
                "SELECT t.name, sum(o.amount) FROM orders o JOIN tenants t USING (tenant_id)"
                        + " WHERE o.status = 'new' GROUP BY 1 ORDER BY 2 DESC LIMIT 10");
        typical("active_queries");
        typical("blocking_locks");
        for (String sort : List.of("total", "mean", "calls")) {
            typical("analyze_slow_queries", "sort", sort);
        }
        typical("recommend_indexes");
        typical(
                "recommend_indexes",
                "queries",
                List.of("SELECT * FROM order_lines WHERE product = 'P7' AND quantity > 3"));
        typical(
                "recommend_indexes",
                "queries",
                List.of(
                        "SELECT * FROM orders WHERE placed_at > '2026-06-01' AND status = 'new' ORDER BY amount DESC LIMIT 10",
                        "SELECT sum(total) FROM invoices WHERE tenant_id = 5",
                        "SELECT * FROM clicks WHERE device = 'd5' ORDER BY at DESC LIMIT 20"));
        typical("analyze_db_health");
        for (String area : List.of("index", "vacuum", "connection", "setting", "replication")) {
            typical("analyze_db_health", "checks", area);
        }
        for (PostgresStats.Topic topic : PostgresStats.Topic.values()) {
            typical("postgres_stats", "topic", topic.name().toLowerCase(java.util.Locale.ROOT));
        }
        typical("list_available_extensions");
    }

    @TempDir
    static Path state;

    private static void typical(String tool, Object... arguments) {
        TYPICAL.computeIfAbsent(tool, name -> new java.util.ArrayList<>()).add(List.of(arguments));
    }

    @Test
    void the_median_answer_of_each_tool_costs_less_than_800_tokens() throws Exception {
        Path sample = Path.of("lab", "sample.sql");
        Assumptions.assumeTrue(Files.exists(sample), "no " + sample);
        Map<String, String> dear = new TreeMap<>();
        StringBuilder table = new StringBuilder();
        try (PgServer server = PgServer.start("shared_preload_libraries = 'pg_stat_statements'");
                Trial trial = Trial.at("postgres", server.port(), state)) {
            trial.sql("CREATE EXTENSION pg_stat_statements");
            if (trial.one("SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg'")
                    .equals("1")) {
                trial.sql("CREATE EXTENSION hypopg");
            }
            Path readable = Files.copy(sample, server.folder().resolve("sample.sql"));
            server.psqlFile(readable);
            work(trial);
            TYPICAL.forEach((tool, calls) -> {
                List<Long> costs = calls.stream()
                        .map(arguments -> tokens(trial.call(tool, arguments.toArray()), tool + arguments))
                        .toList();
                long median = costs.stream().sorted().toList().get(costs.size() / 2);
                table.append("%-28s %5d  %s%n".formatted(tool, median, costs));
                if (median >= MOST_TOKENS) {
                    dear.put(tool, median + " of " + costs);
                }
            });
        }
        System.out.println(table);
        assertEquals(Map.of(), dear);
    }

    /** As an application would. */
    private static void work(Trial trial) throws Exception {
        for (int i = 0; i < 30; i++) {
            trial.sql(
                    "SELECT * FROM orders WHERE tenant_id = " + i + " ORDER BY placed_at DESC LIMIT 10",
                    "SELECT sum(quantity) FROM order_lines WHERE product = 'P" + i + "'",
                    "SELECT * FROM clicks WHERE device = 'd" + i + "' ORDER BY at DESC LIMIT 20",
                    "SELECT t.name, count(*) FROM orders o JOIN tenants t USING (tenant_id) WHERE t.country = 'C" + i
                            + "' GROUP BY 1",
                    "SELECT sum(total) FROM invoices WHERE tenant_id = " + i,
                    "UPDATE orders SET note = 'seen' WHERE order_id = " + i,
                    "SELECT * FROM payments WHERE invoice_id = " + i);
        }
    }

    private static long tokens(Answer answer, String call) {
        assertFalse(answer.isError(), call + ": " + answer.text());
        String whole = answer.text() + JsonText.write(answer.structured());
        return Math.round(whole.getBytes(StandardCharsets.UTF_8).length / 4.0);
    }
}
