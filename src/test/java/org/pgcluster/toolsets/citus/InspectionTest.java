package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.list;
import static org.pgcluster.toolsets.citus.CitusLab.map;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.one;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.row;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes, tables, shards and sizes, each beside what the views of Citus or a count say. */
@Tag("lab")
class InspectionTest {
    @TempDir
    Path state;

    private CitusLab lab;

    @BeforeEach
    void start() {
        lab = CitusLab.user(state);
    }

    @AfterEach
    void stop() {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    void a_table_s_bytes_and_rows_are_those_of_its_shards() throws SQLException {
        List<String> names = psql("SELECT relname FROM citus_tables JOIN pg_class ON pg_class.oid = table_name"
                + " WHERE relnamespace = 'public'::regnamespace AND NOT relispartition AND relkind = 'r'");
        assertTrue(names.size() >= 4, names.toString());
        Map<String, Object> bytes;
        List<Map<?, ?>> tables;
        int looks = 0;
        do { // autovacuum may add a page to a table between one look and the other
            assertTrue(looks++ < 10, "the tables do not come to rest");
            bytes = bytes(names);
            tables = lab.pages("tables", "citus_list_distributed_tables", "limit", 2);
        } while (!bytes.equals(bytes(names)));
        for (String name : names) {
            Map<?, ?> table = row(tables, "name", name);
            assertEquals(bytes.get(name), table.get("bytes"), name);
            assertEquals(one("SELECT count(*) FROM " + name), table.get("rows"), name);
        }
    }

    private static Map<String, Object> bytes(List<String> names) throws SQLException {
        Map<String, Object> bytes = new TreeMap<>();
        for (String name : names) {
            bytes.put(
                    name,
                    one("SELECT sum(shard_size) FROM citus_shards WHERE table_name = 'public." + name + "'::regclass"));
        }
        return bytes;
    }

    @Test
    void partitions_count_under_their_parent() throws SQLException {
        Map<?, ?> readings = row(lab.pages("tables", "citus_list_distributed_tables"), "name", "readings");
        assertEquals(6L, readings.get("partitions"));
        assertEquals(
                one("SELECT sum(shard_size) FROM citus_shards WHERE table_name::text LIKE 'readings%'"),
                readings.get("bytes"));
        assertEquals(one("SELECT count(*) FROM readings"), readings.get("rows"));
    }

    @Test
    void every_kind_of_table_is_told_apart() throws SQLException {
        List<Map<?, ?>> tables = lab.pages("tables", "list_table_types", "limit", 3);
        assertEquals("distributed", row(tables, "name", "orders").get("type"));
        assertEquals("reference", row(tables, "name", "countries").get("type"));
        boolean schemas = CitusLab.distributesSchemas();
        assertEquals(
                schemas ? "single_shard" : "plain",
                row(tables, "name", "settings").get("type"));
        assertEquals(
                schemas ? "schema" : "plain", row(tables, "schema", "tenant_a").get("type"));
        assertEquals("plain", row(tables, "name", "invoices").get("type"));
        assertTrue(tables.stream()
                .noneMatch(table -> String.valueOf(table.get("name")).startsWith("readings_p")));
    }

    @Test
    void a_plain_table_has_its_own_size_and_others_that_of_their_shards() throws SQLException {
        List<Map<?, ?>> tables = lab.pages("tables", "list_table_types");
        assertEquals(
                one("SELECT pg_total_relation_size('invoices')"),
                row(tables, "name", "invoices").get("bytes"));
        assertEquals(
                one("SELECT citus_total_relation_size('orders')"),
                row(tables, "name", "orders").get("bytes"));
    }

    @Test
    void only_the_kind_that_was_asked_for_is_listed_and_counted() {
        Map<?, ?> answer = lab.call("list_distributed_tables", "table_type", "reference");
        assertEquals(1L, map(answer.get("rest")).get("total"));
        assertEquals("countries", rows(answer, "tables").get(0).get("name"));
    }

    @Test
    void pages_of_shards_lose_and_repeat_nothing() throws SQLException {
        List<Map<?, ?>> shards = lab.pages("shards", "list_shards", "limit", 7);
        Set<Object> ids = new HashSet<>();
        shards.forEach(shard -> ids.add(String.valueOf(shard.get("shard_id"))));
        assertEquals(shards.size(), ids.size());
        assertEquals(new HashSet<>(psql("SELECT shardid FROM pg_dist_shard")), ids);
    }

    @Test
    void a_cursor_of_another_list_is_refused() {
        Object cursor = map(lab.call("list_shards", "limit", 1).get("rest")).get("cursor");
        String error = lab.error("list_shards", "table", "orders", "cursor", String.valueOf(cursor));
        assertTrue(error.contains("cursor"), error);
    }

    @Test
    void the_shard_of_a_value_is_the_one_that_citus_names() throws SQLException {
        for (int tenant : List.of(1, 17, 200)) {
            Map<?, ?> answer = lab.call("list_shards", "table", "orders", "value", String.valueOf(tenant));
            Map<?, ?> shard = rows(answer, "shards").get(0);
            assertEquals(1L, map(answer.get("rest")).get("total"));
            assertEquals(
                    one("SELECT get_shard_id_for_distribution_column('orders', " + tenant + ")"),
                    shard.get("shard_id"));
            String where = psql("SELECT nodename || ':' || nodeport FROM citus_shards WHERE shardid = "
                            + shard.get("shard_id"))
                    .get(0);
            assertTrue(String.valueOf(list(shard.get("nodes")).get(0)).endsWith(" " + where), shard.toString());
        }
    }

    @Test
    void a_value_of_the_wrong_type_is_an_error_that_says_so() {
        String error = lab.error("list_shards", "table", "orders", "value", "abc");
        assertTrue(error.contains("integer") && error.contains("abc"), error);
        assertTrue(lab.error("list_shards", "value", "1").contains("`table`"));
        assertTrue(lab.error("list_shards", "table", "order").contains("orders"));
    }

    @Test
    void what_each_node_carries_is_what_citus_shards_says() throws SQLException {
        Map<?, ?> answer = lab.call("citus_shard_distribution");
        for (Map<?, ?> node : rows(answer, "nodes")) {
            String port = String.valueOf(node.get("where")).replaceFirst(".*:", "");
            assertEquals(
                    one("SELECT coalesce(sum(shard_size), 0) FROM citus_shards WHERE nodeport = " + port),
                    number(node.get("bytes")) + number(node.get("bytes_of_reference_tables")));
            assertEquals(
                    one("SELECT count(*) FROM citus_shards WHERE nodeport = " + port),
                    number(node.get("shards")) + number(node.get("copies_of_reference_tables")));
        }
        assertEquals(
                number(answer.get("shards")),
                number(lab.call("citus_shard_distribution").get("shards")));
    }

    @Test
    void the_summary_counts_as_citus_tables_does() throws SQLException {
        Map<?, ?> summary = lab.call("citus_cluster_summary", "include_gucs", true);
        Map<?, ?> counts = map(summary.get("counts"));
        assertEquals(
                one("SELECT count(*) FROM citus_tables WHERE citus_table_type = 'reference'"),
                counts.get("reference_tables"));
        long ofSchemas = CitusLab.distributesSchemas()
                ? one("SELECT count(*) FROM citus_schemas s JOIN citus_tables t ON t.colocation_id = s.colocation_id")
                : 0;
        assertEquals(ofSchemas, counts.get("schema_tables"));
        assertEquals(one("SELECT count(*) FROM pg_dist_placement"), counts.get("placements"));
        assertEquals(one("SELECT sum(shard_size) FROM citus_shards"), summary.get("bytes"));
        assertEquals(2, rows(summary, "workers").size());
        assertEquals(List.of(), rows(lab.call("citus_cluster_summary", "include_workers", false), "workers"));
        assertEquals("logical", row(rows(summary, "gucs"), "name", "wal_level").get("value"));
    }

    @Test
    void nodes_are_told_apart_though_they_share_a_host() throws SQLException {
        List<Map<?, ?>> nodes = lab.pages("nodes", "list_nodes", "limit", 1);
        assertEquals(
                psql("SELECT nodeid FROM pg_dist_node ORDER BY groupid, nodeid"),
                nodes.stream().map(node -> String.valueOf(node.get("node_id"))).toList());
        assertEquals("coordinator", nodes.get(0).get("kind"));
    }

    @Test
    void a_schema_s_size_and_node_are_those_of_its_shards() throws SQLException {
        if (!CitusLab.distributesSchemas()) {
            assertTrue(lab.error("citus_schemas").contains("Citus 12.0"));
            return;
        }
        Map<?, ?> schema = row(lab.pages("schemas", "citus_schemas", "limit", 1), "schema", "tenant_a");
        assertEquals(
                one("SELECT sum(shard_size) FROM citus_shards WHERE table_name = 'tenant_a.notes'::regclass"),
                schema.get("bytes"));
        assertEquals(
                psql("SELECT nodeid FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport)"
                                + " WHERE table_name = 'tenant_a.notes'::regclass")
                        .get(0),
                String.valueOf(schema.get("node_id")));
    }

    @Test
    void a_colocation_group_is_measured_by_hash_range() throws SQLException {
        int id = (int) one("SELECT colocation_id FROM citus_tables WHERE table_name = 'orders'::regclass");
        Map<?, ?> group = rows(lab.call("citus_colocation_inspector", "colocation_id", id), "groups")
                .get(0);
        assertEquals(List.of("public.order_lines", "public.orders", "public.tenants"), group.get("tables"));
        long largest = one("SELECT max(bytes) FROM (SELECT sum(shard_size) AS bytes FROM citus_shards"
                + " JOIN pg_dist_shard USING (shardid) WHERE colocation_id = " + id + " GROUP BY shardminvalue) r");
        assertEquals(largest, group.get("largest_range_bytes"));
        assertEquals(one("SELECT sum(shard_size) FROM citus_shards WHERE colocation_id = " + id), group.get("bytes"));
        assertEquals(List.of(group), rows(lab.call("citus_colocation_inspector", "table", "order_lines"), "groups"));
        String refused = lab.error("citus_colocation_inspector", "table", "orders", "colocation_id", id + 1000);
        assertTrue(refused.contains("colocation group " + id + ", not in " + (id + 1000)), refused);
    }

    @Test
    void a_table_is_described_by_its_shards() throws SQLException {
        Map<?, ?> table =
                lab.call("citus_table_inspector", "table", "orders", "include_indexes", true, "include_shards", true);
        assertEquals(
                one("SELECT count(*) FROM orders"), map(table.get("measured")).get("rows"));
        assertEquals(12, rows(table, "shards").size());
        Map<?, ?> index = row(rows(table, "indexes"), "name", "orders_status_idx");
        assertEquals(
                one("SELECT sum(result::bigint) FROM run_command_on_shards('orders', $$SELECT sum(pg_relation_size("
                        + "indexrelid)) FROM pg_index WHERE indrelid = '%s'::regclass AND indexrelid::regclass::text"
                        + " LIKE 'orders_status_idx%%'$$)"),
                index.get("bytes"));
        assertEquals(0L, index.get("missing_on_shards"));
    }

    @Test
    void an_index_that_a_shard_lacks_is_found() throws SQLException {
        psql("CREATE TABLE IF NOT EXISTS drifting (id int PRIMARY KEY, word text)");
        psql("SELECT create_distributed_table('drifting', 'id', shard_count => 4, colocate_with => 'none')");
        psql("CREATE INDEX drifting_word ON drifting (word)");
        long shard = one("SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'drifting'::regclass");
        try {
            psql("SELECT run_command_on_placements('drifting', $$DROP INDEX IF EXISTS drifting_word_" + shard + "$$)");
            Map<?, ?> table = lab.call("citus_table_inspector", "table", "drifting", "include_indexes", true);
            assertEquals(
                    1L, row(rows(table, "indexes"), "name", "drifting_word").get("missing_on_shards"));
        } finally {
            psql("DROP TABLE drifting");
        }
    }

    @Test
    void the_value_behind_a_large_shard_is_named() throws SQLException {
        psql("ANALYZE order_lines"); // a shard that was moved has no statistics yet
        Map<?, ?> report = lab.call("citus_shard_skew_report");
        Map<?, ?> hot = rows(report, "top_shards").get(0);
        assertEquals("1", hot.get("value"));
        long of = one("SELECT count(*) * 100 / (SELECT count(*) FROM order_lines WHERE"
                + " get_shard_id_for_distribution_column('order_lines', tenant_id) ="
                + " get_shard_id_for_distribution_column('order_lines', 1)) FROM order_lines WHERE tenant_id = 1");
        double told = ((Number) java.util.Objects.requireNonNull(hot.get("value_percent"))).doubleValue();
        assertEquals((double) of, told, 3.0);
        assertEquals(row(rows(report, "groups"), "skewed", true).get("ratio"), hot.get("times_average"));
    }

    @Test
    void heat_adds_up_to_the_whole() throws SQLException {
        Map<?, ?> byTable = lab.call("citus_shard_heatmap", "group_by", "table", "metric", "rows");
        assertEquals(
                one("SELECT count(*) FROM order_lines"),
                row(rows(byTable, "groups"), "name", "public.order_lines").get("rows"));
        Map<?, ?> byNode = lab.call("citus_shard_heatmap");
        assertEquals(
                one("SELECT sum(shard_size) FROM citus_shards WHERE citus_table_type <> 'reference'"),
                rows(byNode, "groups").stream()
                        .mapToLong(node -> number(node.get("bytes")))
                        .sum());
    }

    @Test
    void findings_beyond_the_limit_of_their_kind_are_counted() throws SQLException {
        List<String> tables = List.of("uneven_a", "uneven_b");
        try {
            for (String table : tables) {
                psql("CREATE TABLE " + table + " (id int, filling text)");
                psql("SELECT create_distributed_table('" + table
                        + "', 'id', shard_count => 4, colocate_with => 'none')");
                psql("INSERT INTO " + table + " SELECT 1, repeat(md5(n::text), 20) FROM generate_series(1, 2000) n");
            }
            Map<?, ?> one = lab.call("citus_advisor", "focus", "skew", "max_tables", 1);
            Map<?, ?> all = lab.call("citus_advisor", "focus", "skew", "max_tables", 100);
            assertEquals(1, rows(one, "findings").size());
            assertTrue(rows(all, "findings").size() >= 2, all.toString());
            assertEquals(
                    number(map(all.get("rest")).get("total")),
                    number(map(one.get("rest")).get("total")));
        } finally {
            for (String table : tables) {
                psql("DROP TABLE IF EXISTS " + table);
            }
        }
    }

    @Test
    void a_local_table_is_advised_the_key_of_its_neighbours() {
        Map<?, ?> advice = lab.call("advise_distribution", "table", "invoices");
        assertEquals("tenant_id", rows(advice, "candidates").get(0).get("column"));
        assertTrue(String.valueOf(advice.get("statement")).contains("colocate_with"), advice.toString());
        assertTrue(
                rows(advice, "obstacles").stream().anyMatch(one -> "invoices_pkey".equals(one.get("name"))),
                advice.toString());
    }
}
