package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.map;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How Citus runs each class of statement, held against what EXPLAIN tells psql. */
@Tag("lab")
class ExplainTest {
    @TempDir
    Path state;

    private CitusLab lab;

    @BeforeEach
    void start() {
        lab = CitusLab.as(CitusLab.address("LAB_DSN"), state);
    }

    @AfterEach
    void stop() {
        if (lab != null) {
            lab.close();
        }
    }

    private static long tasksAsPsqlSeesThem(String sql) throws SQLException {
        return psql("EXPLAIN " + sql).stream()
                .filter(line -> line.strip().startsWith("Task Count: "))
                .mapToLong(line -> Long.parseLong(line.strip().substring(12)))
                .sum();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', textBlock = """
            the key alone              | ROUTER  |                                | SELECT * FROM orders WHERE tenant_id = 1
            two tables by the key      | ROUTER  |                                | SELECT * FROM orders JOIN order_lines USING (tenant_id, order_id) WHERE tenant_id = 3
            a number of another type   | ROUTER  |                                | SELECT * FROM orders WHERE tenant_id = 5.0
            a reference table          | ROUTER  |                                | SELECT * FROM countries
            reference and local table  | ROUTER  |                                | SELECT * FROM countries JOIN invoices ON code = total::text
            a table of a schema        | ROUTER  |                                | SELECT * FROM tenant_a.notes
            partitions by the key      | ROUTER  |                                | SELECT count(*) FROM readings WHERE sensor = 1
            a MERGE on the key         | FAN_OUT | citus.explain.no_key_filter    | MERGE INTO orders o USING order_lines l ON o.tenant_id = l.tenant_id AND o.order_id = l.order_id WHEN MATCHED THEN UPDATE SET note = 'm'
            a write by the key         | ROUTER  |                                | UPDATE orders SET note = 'x' WHERE tenant_id = 1
            no table of Citus          | LOCAL   |                                | SELECT count(*) FROM invoices
            no condition               | FAN_OUT | citus.explain.no_key_filter    | SELECT count(*) FROM orders
            another column             | FAN_OUT | citus.explain.no_key_filter    | SELECT * FROM orders WHERE order_id = 5
            another table's column     | FAN_OUT | citus.explain.no_key_filter    | SELECT * FROM orders JOIN tenants USING (tenant_id) WHERE name = 'x'
            a cast of the key          | FAN_OUT | citus.explain.expression       | SELECT * FROM orders WHERE tenant_id::text = '1'
            an expression of the key   | FAN_OUT | citus.explain.expression       | SELECT * FROM orders WHERE tenant_id + 0 = 1
            a function of the key      | FAN_OUT | citus.explain.expression       | SELECT * FROM orders WHERE abs(tenant_id) = 1
            OR                         | FAN_OUT | citus.explain.or               | SELECT * FROM orders WHERE tenant_id = 1 OR order_id = 2
            a list of values           | FAN_OUT | citus.explain.several_values   | SELECT * FROM orders WHERE tenant_id IN (1, 2, 3, 4)
            a range                    | FAN_OUT | citus.explain.range            | SELECT * FROM orders WHERE tenant_id > 5
            a value computed late      | FAN_OUT | citus.explain.computed_value   | SELECT * FROM orders WHERE tenant_id = 1 + random()::int
            a value of a subquery      | PULL_TO_COORDINATOR | citus.explain.value_of_subquery | SELECT * FROM orders WHERE tenant_id = (SELECT min(tenant_id) FROM tenants)
            a CTE apart                | PULL_TO_COORDINATOR | citus.explain.cte      | WITH x AS MATERIALIZED (SELECT * FROM orders) SELECT count(*) FROM x
            a subquery with LIMIT      | PULL_TO_COORDINATOR | citus.explain.subquery | SELECT * FROM (SELECT tenant_id FROM orders LIMIT 5) AS x
            a subquery off the key     | PULL_TO_COORDINATOR | citus.explain.subquery | SELECT count(*) FROM orders WHERE order_id IN (SELECT order_id FROM order_lines)
            distributed and local      | PULL_TO_COORDINATOR | citus.explain.table_of_another_kind | SELECT count(*) FROM orders JOIN invoices ON invoice_id = order_id
            an INSERT of a LIMIT       | PULL_TO_COORDINATOR | citus.explain.insert_select | INSERT INTO orders SELECT * FROM orders LIMIT 1
            """)
    void a_statement_is_told_how_it_runs_and_why(String story, String how, String finding, String sql)
            throws SQLException {
        if (story.equals("a table of a schema")) {
            CitusLab.needsDistributedSchemas();
        }
        needsMergeFor(sql);
        Map<?, ?> answer = lab.call("citus_explain_query", "sql", sql);

        assertEquals(how, String.valueOf(answer.get("how")).toUpperCase(java.util.Locale.ROOT), story + ": " + answer);
        assertEquals(tasksAsPsqlSeesThem(sql), number(answer.get("tasks")), story);
        List<String> found = rows(answer, "findings").stream()
                .map(one -> String.valueOf(one.get("id")))
                .toList();
        if (finding == null) {
            assertEquals(List.of(), found, story);
        } else {
            assertTrue(found.contains(finding), story + ": " + answer);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            off the key         | citus.explain.repartition | tenant_id      | SELECT * FROM orders o JOIN order_lines l USING (order_id) WHERE o.tenant_id = 3
            not co-located      | citus.explain.refused     | reference      | SELECT * FROM orders o JOIN clicks c ON o.tenant_id = c.device::int
            a MERGE of no table | citus.explain.refused     | ON CONFLICT    | MERGE INTO orders o USING (SELECT 1 AS t) s ON o.tenant_id = s.t WHEN MATCHED THEN DELETE
            a MERGE off the key | citus.explain.refused     | orders.tenant_id | MERGE INTO orders o USING countries c ON o.note = c.code WHEN MATCHED THEN DELETE
            of two schemas      | citus.explain.refused     | reference      | SELECT count(*) FROM tenants a, settings b
            """)
    void a_statement_that_citus_refuses_is_answered_with_a_way_to_write_it(
            String story, String finding, String advice, String sql) throws SQLException {
        if (story.equals("of two schemas")) {
            CitusLab.needsDistributedSchemas();
        }
        if (!advice.equals("ON CONFLICT")) {
            needsMergeFor(sql);
        }
        Map<?, ?> answer = lab.call("citus_explain_query", "sql", sql);

        assertEquals("REFUSED", String.valueOf(answer.get("how")).toUpperCase(java.util.Locale.ROOT));
        Map<?, ?> why = rows(answer, "findings").get(0);
        assertEquals(finding, why.get("id"), story);
        assertTrue(String.valueOf(why.get("advice")).contains(advice), why.toString());
        String said = String.valueOf(
                org.junit.jupiter.api.Assertions.assertThrows(SQLException.class, () -> psql("EXPLAIN " + sql))
                        .getMessage());
        String primary = said.lines().findFirst().orElseThrow().replace("ERROR: ", "");
        assertTrue(String.valueOf(map(why.get("evidence")).get("citus_says")).contains(primary), why.toString());
    }

    private static void needsMergeFor(String sql) throws SQLException {
        Assumptions.assumeFalse(
                sql.startsWith("MERGE") && psql("SHOW citus.version").get(0).startsWith("11.2"),
                "Citus has MERGE since 11.3");
    }

    @Test
    void the_rewrites_it_gives_are_routed() {
        for (String sql : List.of(
                "SELECT * FROM orders WHERE tenant_id = '1'::integer",
                "SELECT * FROM orders o JOIN order_lines l USING (order_id) WHERE o.tenant_id = 3 AND o.tenant_id = l.tenant_id",
                "SELECT * FROM orders WHERE tenant_id = 1 AND (status = 'new' OR order_id = 2)")) {
            assertEquals(1, number(lab.call("citus_explain_query", "sql", sql).get("tasks")), sql);
        }
        Map<?, ?> cast = lab.call("citus_explain_query", "sql", "SELECT * FROM orders WHERE tenant_id::text = '1'");
        assertTrue(String.valueOf(cast).contains("orders.tenant_id = '1'::integer"), cast.toString());
    }

    @Test
    void the_shards_and_nodes_it_names_are_those_of_the_metadata() throws SQLException {
        Map<?, ?> all = rows(lab.call("citus_explain_query", "sql", "SELECT count(*) FROM orders"), "parts")
                .get(0);
        assertEquals(
                psql("SELECT shardid FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass ORDER BY 1"),
                CitusLab.list(all.get("shards")).stream().map(String::valueOf).toList());
        assertEquals(true, all.get("all_shards_shown"));
        assertEquals(
                new TreeSet<>(psql("SELECT nodeid::text || ' ' || count(*) FROM pg_dist_placement"
                        + " JOIN pg_dist_node USING (groupid) JOIN pg_dist_shard USING (shardid)"
                        + " WHERE logicalrelid = 'orders'::regclass AND noderole = 'primary' GROUP BY nodeid")),
                rows(all, "nodes").stream()
                        .map(node -> node.get("node_id") + " " + node.get("tasks"))
                        .collect(Collectors.toCollection(TreeSet::new)));

        Map<?, ?> routed = rows(
                        lab.call("citus_explain_query", "sql", "SELECT * FROM orders WHERE tenant_id = 7"), "parts")
                .get(0);
        assertEquals(
                List.of(one("SELECT get_shard_id_for_distribution_column('orders', 7)")),
                CitusLab.list(routed.get("shards")));
    }

    @Test
    void a_parameter_left_open_is_planned_with_a_value_of_its_type() {
        Map<?, ?> routed =
                lab.call("citus_explain_query", "sql", "SELECT * FROM orders WHERE tenant_id = $1 AND status = $2");
        assertEquals(1, number(routed.get("tasks")), routed.toString());
        assertTrue(String.valueOf(routed.get("note")).contains("open parameter"), routed.toString());
        assertTrue(String.valueOf(routed.get("tree")).contains("on orders_"), routed.toString());
        Map<?, ?> fan = lab.call("citus_explain_query", "sql", "SELECT * FROM orders WHERE placed_at > $1");
        assertEquals(12, number(fan.get("tasks")), fan.toString());
        assertTrue(lab.error("citus_explain_query", "sql", "SELECT * FROM orders WHERE tenant_id = $1", "analyze", true)
                .contains("need values"));
    }

    @Test
    void a_measured_statement_ran_and_a_write_is_never_run() throws SQLException {
        String sql = "SELECT status, count(*) FROM orders GROUP BY status";
        Map<?, ?> answer = lab.call("citus_explain_query", "sql", sql, "analyze", true, "verbose", true);
        assertTrue(answer.get("execution_ms") instanceof Number ms && ms.doubleValue() > 0);
        assertEquals(12, CitusLab.list(answer.get("statements")).size());
        String tree = String.join(
                "\n",
                CitusLab.list(answer.get("tree")).stream().map(String::valueOf).toList());
        long scanned = java.util.regex.Pattern.compile("Scan[^|]*on orders_\\d+ orders[^|]*\\| rows \\d+ → (\\d+)")
                .matcher(tree)
                .results()
                .mapToLong(match -> Long.parseLong(match.group(1)))
                .sum();
        assertEquals(one("SELECT count(*) FROM orders"), scanned, tree);

        long before = one("SELECT count(*) FROM orders");
        assertTrue(lab.ask("citus_explain_query", "sql", "DELETE FROM orders", "analyze", true)
                .isError());
        assertEquals(before, one("SELECT count(*) FROM orders"));
    }

    @Test
    void a_mistake_is_told_as_the_server_tells_it() {
        String said = lab.error("citus_explain_query", "sql", "SELECT * FROM orders WHERE tenantid = 1");
        assertTrue(said.contains("tenant_id"), said);
        assertTrue(lab.error("citus_explain_query", "sql", "EXPLAIN SELECT 1").contains("begins with EXPLAIN"));
    }

    @Test
    void it_leaves_no_connection_on_a_worker() throws SQLException {
        lab.call("citus_explain_query", "sql", "SELECT count(*) FROM orders");
        for (String worker : CitusLab.workers()) {
            try (Connection connection = CitusLab.connectTo(worker)) {
                CitusLab.psql(connection, "SELECT pg_sleep(0.05)");
                assertEquals(
                        List.of(),
                        psql(
                                connection,
                                "SELECT application_name FROM pg_stat_activity"
                                        + " WHERE application_name LIKE 'citus_internal%' AND query LIKE '%EXPLAIN%' AND state = 'idle'"));
            }
        }
    }

    /** As the login of docs/roles.sql, which may read everything and write nothing. */
    @Test
    void the_reader_explains_what_it_may_not_run() throws SQLException {
        psql("CREATE TABLE keyed (id uuid PRIMARY KEY, tags text[], doc jsonb, at timestamptz)");
        try (CitusLab reader = CitusLab.user(state)) {
            psql("SELECT create_distributed_table('keyed', 'id', colocate_with => 'none', shard_count => 6)");
            for (String one : List.of(
                    "SELECT * FROM keyed WHERE id = $1",
                    "SELECT * FROM keyed WHERE id = $1 AND tags @> $2",
                    "SELECT * FROM keyed WHERE id = '3b241101-e2bb-4255-8caf-4136c566a962'")) {
                assertEquals(
                        1, number(reader.call("citus_explain_query", "sql", one).get("tasks")), one);
            }
            for (String all : List.of(
                    "SELECT * FROM keyed WHERE doc @> $1 AND at > $2",
                    "SELECT * FROM keyed WHERE tags && $1",
                    "SELECT * FROM keyed WHERE id = ANY ($1)")) {
                assertEquals(
                        6, number(reader.call("citus_explain_query", "sql", all).get("tasks")), all);
            }
            Map<?, ?> array = reader.call("citus_explain_query", "sql", "SELECT * FROM keyed WHERE id = ANY ($1)");
            assertEquals(
                    "citus.explain.several_values",
                    rows(array, "findings").get(0).get("id"));
            Map<?, ?> unknown = reader.call("citus_explain_query", "sql", "SELECT * FROM keyed WHERE doc @@ $1");
            assertTrue(String.valueOf(unknown.get("note")).contains("No sample is known"), unknown.toString());
            String write =
                    reader.error("citus_explain_query", "sql", "UPDATE orders SET note = 'x' WHERE tenant_id = 1");
            assertTrue(write.contains("PERMISSION_DENIED") && write.contains("explain a SELECT"), write);
        } finally {
            psql("DROP TABLE keyed");
        }
    }
}
