package org.pgcluster.toolsets.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgcluster.toolsets.citus.CitusLab.list;
import static org.pgcluster.toolsets.citus.CitusLab.map;
import static org.pgcluster.toolsets.citus.CitusLab.number;
import static org.pgcluster.toolsets.citus.CitusLab.psql;
import static org.pgcluster.toolsets.citus.CitusLab.row;
import static org.pgcluster.toolsets.citus.CitusLab.rows;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;

/** Names that need quotes, and one so long that Citus cuts it for the shards: every figure is there all the same. */
@Tag("lab")
class OddNamesTest {
    private static final String SCHEMA = "Ödd \"Sch'ema";
    private static final String LONG = "L".repeat(63);
    private static final List<String> NAMES = List.of("T'a \"b%le", "Par t", LONG);

    @TempDir
    Path state;

    private CitusLab lab;
    private Connection admin;

    private static String quoted(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private static String full(String name) {
        return quoted(SCHEMA) + "." + quoted(name);
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    @BeforeEach
    void make() throws SQLException {
        lab = CitusLab.user(state);
        admin = CitusLab.connect("LAB_DIRECT_DSN");
        String cell = full("Par t");
        for (String sql : List.of(
                "DROP SCHEMA IF EXISTS " + quoted(SCHEMA) + " CASCADE",
                "CREATE SCHEMA " + quoted(SCHEMA),
                "GRANT USAGE ON SCHEMA " + quoted(SCHEMA) + " TO mcp_user",
                "CREATE TABLE " + full("T'a \"b%le") + " (\"Key Col\" int PRIMARY KEY, \"Te xt\" text)",
                "CREATE TABLE " + full(LONG) + " (\"Key Col\" int PRIMARY KEY, \"Te xt\" text)",
                "CREATE TABLE " + cell + " (\"Key Col\" int, at int) PARTITION BY RANGE (at)",
                "CREATE TABLE " + full("Par t 1") + " PARTITION OF " + cell + " FOR VALUES FROM (0) TO (100000)",
                "CREATE TABLE " + full("Pla in") + " (\"Key Col\" int PRIMARY KEY, \"Te xt\" text)",
                "CREATE TABLE " + full("Ref") + " (id int PRIMARY KEY)",
                "SELECT create_reference_table(" + literal(full("Ref")) + ")")) {
            psql(admin, sql);
        }
        for (String name : NAMES) {
            psql(
                    admin,
                    "SELECT create_distributed_table(" + literal(full(name))
                            + ", 'Key Col', shard_count => 4, colocate_with => 'none')");
            psql(admin, "INSERT INTO " + full(name) + " SELECT n, n FROM generate_series(1, 1000) AS n");
            psql(admin, "ANALYZE " + full(name));
        }
        psql(admin, "INSERT INTO " + full("Pla in") + " SELECT n, 'x' FROM generate_series(1, 1000) AS n");
        psql(admin, "ANALYZE " + full("Pla in"));
    }

    @AfterEach
    void unmake() throws SQLException {
        if (admin != null) {
            psql(admin, "DROP SCHEMA IF EXISTS " + quoted(SCHEMA) + " CASCADE");
            admin.close();
        }
        if (lab != null) {
            lab.close();
        }
    }

    private long size(String name) throws SQLException {
        return Long.parseLong(psql(admin, "SELECT citus_total_relation_size(" + literal(full(name)) + ")")
                .get(0));
    }

    @Test
    void every_table_is_told_with_its_shards_bytes_and_rows() throws SQLException {
        Map<?, ?> tables = lab.call("citus_list_distributed_tables", "schema", SCHEMA);
        assertEquals(4L, number(map(tables.get("rest")).get("total")), tables.toString());
        for (String name : NAMES) {
            Map<?, ?> told = row(rows(tables, "tables"), "name", name);
            assertEquals(1000L, number(told.get("rows")), name);
            assertEquals(0L, number(told.get("unknown_sizes")), name);
            if (!name.equals("Par t")) {
                assertEquals(size(name), number(told.get("bytes")), name);
            }
            Map<?, ?> inspected = lab.call("citus_table_inspector", "table", full(name));
            assertEquals(
                    1000L,
                    rows(inspected, "per_node").stream()
                            .mapToLong(node -> number(node.get("rows")))
                            .sum(),
                    inspected.toString());
            List<Map<?, ?>> shards = lab.pages("shards", "list_shards", "table", full(name));
            long with = name.equals("Par t") ? 8 : 4; // a partition has shards of its own
            assertEquals(with, shards.size(), shards.toString());
            assertTrue(shards.stream().allMatch(shard -> shard.get("bytes") != null), shards.toString());
            assertEquals(
                    with,
                    number(lab.call("citus_shard_distribution", "table", full(name))
                            .get("shards")));
            Map<?, ?> skew = lab.call("citus_shard_skew_report", "table", full(name), "metric", "rows");
            assertEquals(1000L, number(rows(skew, "groups").get(0).get("figure")), skew.toString());
            lab.call("citus_shard_heatmap", "table", full(name));
            lab.call("citus_colocation_inspector", "table", full(name));
            lab.call("citus_validate_rebalance_prereqs", "table", full(name));
            lab.call("citus_rebalance_plan", "table", full(name));
            lab.call("get_object_details", "schema", SCHEMA, "name", name);
            Map<?, ?> routed =
                    lab.call("citus_explain_query", "sql", "SELECT * FROM " + full(name) + " WHERE \"Key Col\" = 7");
            assertEquals("router", routed.get("how"), routed.toString());
        }
        assertEquals(
                5L,
                number(map(lab.call("list_table_types", "schema", SCHEMA).get("rest"))
                        .get("total")));
        assertEquals(
                "Key Col",
                String.valueOf(list(lab.call("advise_distribution", "table", full("Pla in"))
                                .get("candidates"))
                        .stream()
                        .map(CitusLab::map)
                        .map(one -> one.get("column"))
                        .findFirst()
                        .orElse(null)));
        lab.call("recommend_indexes", "queries", List.of("SELECT * FROM " + full(LONG) + " WHERE \"Te xt\" = 'x'"));
    }

    @Test
    void plans_name_them_as_the_server_does() {
        try (CitusLab planning = CitusLab.as(CitusLab.address("LAB_USER_DSN"), state, "--mode=plan")) {
            for (List<Object> one : List.<List<Object>>of(
                    List.of("convert_to_distributed", "table", full("Pla in"), "distribution_column", "Key Col"),
                    List.of("create_reference_table", "table", full("Pla in")),
                    List.of("convert_to_local", "table", full(LONG)),
                    List.of("citus_isolate_tenant", "table", full(LONG), "tenant", "7"))) {
                Answer answer = planning.ask(
                        String.valueOf(one.get(0)), one.subList(1, one.size()).toArray());
                assertTrue(answer.text().contains(quoted(SCHEMA)), one + ": " + answer.text());
                assertTrue(!answer.text().contains("fails ("), answer.text());
            }
        }
    }
}
