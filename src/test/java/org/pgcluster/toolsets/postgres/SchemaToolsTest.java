package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Postgres;

/** What a database holds; each figure is counted a second time from the rows themselves. */
@Tag("versions")
class SchemaToolsTest {
    @TempDir
    Path state;

    private Trial shop(String version, String... more) throws SQLException {
        Trial trial = Trial.on(Postgres.version(version), state, more);
        trial.sql(
                "DROP SCHEMA IF EXISTS \"My Shop\" CASCADE",
                "CREATE SCHEMA \"My Shop\"",
                "COMMENT ON SCHEMA \"My Shop\" IS 'what is sold'",
                "SET search_path = \"My Shop\"",
                "CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy')",
                "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
                "CREATE TYPE pair AS (a int, b text)",
                "CREATE TABLE \"Customer\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"E-Mail\" text UNIQUE)",
                "CREATE TABLE orders (id serial PRIMARY KEY, customer bigint REFERENCES \"Customer\", how mood NOT NULL"
                        + " DEFAULT 'sad', pieces positive, price numeric(10,2) CHECK (price >= 0), tags text[],"
                        + " total numeric GENERATED ALWAYS AS (price * 2) STORED)",
                "COMMENT ON TABLE orders IS 'one row a sale'",
                "COMMENT ON COLUMN orders.price IS 'in euro'",
                "CREATE INDEX orders_dear ON orders (price DESC) INCLUDE (how) WHERE price > 100",
                "CREATE VIEW dear AS SELECT id, price FROM orders WHERE price > 100",
                "CREATE MATERIALIZED VIEW sums AS SELECT how, sum(price) FROM orders GROUP BY how",
                "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'",
                "CREATE FUNCTION twice(n text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT n || n'",
                "CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "CREATE TRIGGER seen BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noticed()",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY own ON orders FOR SELECT TO PUBLIC USING (price < 500)",
                "CREATE TABLE parts (id int, day date) PARTITION BY RANGE (day)",
                "CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
                "CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
                "INSERT INTO \"Customer\" (\"E-Mail\") SELECT 'c' || n FROM generate_series(1, 100) AS n",
                "INSERT INTO orders (customer, how, pieces, price) SELECT 1 + n % 100,"
                        + " (CASE WHEN n % 4 = 0 THEN 'happy' ELSE 'it''s ok' END)::mood, 1 + n % 5, n % 200"
                        + " FROM generate_series(1, 2000) AS n",
                "INSERT INTO parts SELECT n, date '2026-01-01' + n % 50 FROM generate_series(1, 500) AS n",
                "ANALYZE");
        return trial;
    }

    private static Map<?, ?> row(Map<?, ?> answer, String list, String name) {
        return Trial.list(answer.get(list)).stream()
                .map(Trial::map)
                .filter(one -> name.equals(one.get("name")))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not in " + answer));
    }

    private static String text(Map<?, ?> row, String field) {
        return String.valueOf(row.get(field));
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "16", "17", "18"})
    void one_look_has_all_that_correct_sql_needs(String version) throws SQLException {
        try (Trial trial = shop(version)) {
            Map<?, ?> orders = trial.read("get_object_details", "schema_name", "My Shop", "object_name", "orders");
            Map<?, ?> facts = Trial.map(orders.get("facts"));
            assertEquals("one row a sale", facts.get("comment"));
            assertEquals("on", facts.get("row_security"));
            assertEquals(2000, Trial.number(facts, "rows"));
            assertEquals(
                    Long.parseLong(trial.one("SELECT pg_total_relation_size('\"My Shop\".orders')")),
                    Trial.number(facts, "bytes"));
            Map<?, ?> how = row(orders, "columns", "how");
            assertEquals("\"My Shop\".mood ('sad', 'it''s ok', 'happy')", how.get("type"));
            assertEquals(List.of("75.0% it's ok", "25.0% happy"), how.get("frequent"));
            assertEquals(
                    "generated: (price * (2)::numeric)",
                    row(orders, "columns", "total").get("defaults_to"));
            assertEquals("100.0%", row(orders, "columns", "tags").get("nulls"));
            assertEquals("in euro", row(orders, "columns", "price").get("comment"));
            assertEquals(200, Trial.number(row(orders, "columns", "price"), "distinct"));
            assertEquals(7, Trial.list(orders.get("columns")).size());
            assertEquals(
                    List.of("orders_pkey", "orders_customer_fkey", "orders_price_check"),
                    Trial.list(orders.get("constraints")).stream()
                            .map(one -> Trial.map(one).get("name"))
                            .toList());
            Map<?, ?> dear = row(orders, "indexes", "orders_dear");
            assertEquals("btree (price DESC) INCLUDE (how) WHERE (price > (100)::numeric)", dear.get("definition"));
            assertEquals(
                    Long.parseLong(trial.one("SELECT pg_relation_size('\"My Shop\".orders_dear')")),
                    Trial.number(dear, "bytes"));
            assertEquals(
                    "primary key btree (id)",
                    row(orders, "indexes", "orders_pkey").get("definition"));
            assertTrue(text(orders, "triggers").contains("seen BEFORE INSERT"), orders.toString());
            assertTrue(text(orders, "policies").contains("own for SELECT to public using"), orders.toString());
            assertTrue(text(orders, "depends_on").contains("type \"My Shop\".mood"), orders.toString());
            assertTrue(text(orders, "depends_on").contains("function \"My Shop\".noticed()"), orders.toString());
            assertTrue(text(orders, "dependents").contains("view \"My Shop\".dear"), orders.toString());
            assertTrue(text(orders, "dependents").contains("materialized view \"My Shop\".sums"), orders.toString());
            Map<?, ?> customer = trial.read("get_object_details", "schema", "My Shop", "name", "Customer");
            assertTrue(text(customer, "referenced_by").contains("orders_customer_fkey"), customer.toString());
            assertEquals(
                    "generated always as identity",
                    row(customer, "columns", "id").get("defaults_to"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void every_kind_of_object_is_told_by_its_own_facts(String version) throws SQLException {
        try (Trial trial = shop(version)) {
            Map<String, String> expected = new TreeMap<>(Map.of(
                    "mood", "values=[sad, it's ok, happy]",
                    "positive", "CHECK (VALUE > 0)",
                    "pair", "name=b, type=text",
                    "dear", "price > 100::numeric",
                    "sums", "GROUP BY",
                    "orders_id_seq", "last_value=2000",
                    "twice(n text)", "SELECT n || n",
                    "orders_dear", "CREATE INDEX orders_dear",
                    "parts", "FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')"));
            for (Map.Entry<String, String> one : expected.entrySet()) {
                Map<?, ?> answer = trial.read("get_object_details", "schema", "My Shop", "name", one.getKey());
                assertTrue(answer.toString().contains(one.getValue()), one + " in " + answer);
            }
            Map<?, ?> twice = trial.read("get_object_details", "schema", "My Shop", "name", "twice");
            assertEquals(1, Trial.list(twice.get("others")).size());
            Map<?, ?> parts = Trial.map(trial.read("get_object_details", "schema", "My Shop", "name", "parts")
                    .get("facts"));
            assertEquals(500, Trial.number(parts, "rows"));
            assertEquals(2, Trial.number(parts, "partitions"));
            assertEquals("RANGE (day)", parts.get("partitioned_by"));
            Map<?, ?> plpgsql = trial.read("get_object_details", "schema", "pg_catalog", "name", "plpgsql");
            assertEquals("extension", plpgsql.get("type"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void a_schema_is_listed_with_what_it_holds(String version) throws SQLException {
        try (Trial trial = shop(version)) {
            Map<?, ?> schema = row(trial.read("list_schemas"), "schemas", "My Shop");
            assertEquals("what is sold", schema.get("comment"));
            assertEquals(3, Trial.number(schema, "tables"));
            assertEquals(2, Trial.number(schema, "views"));
            assertEquals(3, Trial.number(schema, "functions"));
            Map<?, ?> all = trial.read("list_objects", "schema", "My Shop");
            assertEquals(
                    List.of(
                            "Customer",
                            "orders",
                            "parts",
                            "dear",
                            "sums",
                            "noticed()",
                            "twice(n integer)",
                            "twice(n text)",
                            "mood",
                            "pair",
                            "positive"),
                    Trial.list(all.get("objects")).stream()
                            .map(one -> Trial.map(one).get("name"))
                            .toList());
            assertEquals(500, Trial.number(row(all, "objects", "parts"), "rows"));
            assertEquals(
                    Long.parseLong(trial.one("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname"
                            + " IN ('parts_a', 'parts_b')")),
                    Trial.number(row(all, "objects", "parts"), "bytes"));
            Map<?, ?> views = trial.read("list_objects", "schema_name", "My Shop", "object_type", "view");
            assertEquals(1, Trial.list(views.get("objects")).size());
        }
    }

    @Test
    void thousands_of_tables_are_paged_without_loss_and_measured_only_where_shown() throws SQLException {
        try (Trial trial = Trial.on(Postgres.version("15"), state)) {
            trial.sql(
                    "DROP SCHEMA IF EXISTS many CASCADE",
                    "CREATE SCHEMA many",
                    "DO $$ BEGIN FOR n IN 1..1500 LOOP EXECUTE format('CREATE TABLE many.t%s (id int)', n);"
                            + " END LOOP; END $$");
            List<Object> seen = new ArrayList<>();
            Object cursor = null;
            do {
                Map<?, ?> page = cursor == null
                        ? trial.read("list_objects", "schema", "many", "limit", 200)
                        : trial.read("list_objects", "schema", "many", "limit", 200, "cursor", cursor);
                Trial.list(page.get("objects"))
                        .forEach(one ->
                                seen.add(Objects.requireNonNull(Trial.map(one).get("name"))));
                Map<?, ?> rest = Trial.map(page.get("rest"));
                assertEquals(1500, Trial.number(rest, "total"));
                cursor = rest.get("cursor");
            } while (cursor != null);
            assertEquals(1500, seen.size());
            assertEquals(1500, new HashSet<>(seen).size());
            trial.sql("DROP SCHEMA many CASCADE");
        }
    }

    @Test
    void row_data_denied_keeps_values_inside_and_leaves_the_structure() throws SQLException {
        try (Trial trial = shop("15", "--row-data", "deny")) {
            Map<?, ?> orders = trial.read("get_object_details", "schema", "My Shop", "name", "orders");
            assertEquals(List.of(), row(orders, "columns", "how").get("frequent"));
            assertEquals(2, Trial.number(row(orders, "columns", "how"), "distinct"));
        }
    }

    @Test
    void a_table_that_somebody_holds_is_told_without_a_size_instead_of_waited_for() throws SQLException {
        try (Trial trial = shop("15");
                var holder = trial.connect()) {
            holder.setAutoCommit(false);
            try (var statement = holder.createStatement()) {
                statement.execute("LOCK TABLE \"My Shop\".orders, \"My Shop\".parts_a IN ACCESS EXCLUSIVE MODE");
            }
            Map<?, ?> all = trial.read("list_objects", "schema", "My Shop");
            assertEquals(null, row(all, "objects", "orders").get("bytes"));
            assertTrue(Trial.number(row(all, "objects", "Customer"), "bytes") > 0);
            Answer orders = trial.call("get_object_details", "schema", "My Shop", "name", "orders");
            assertTrue(orders.text().contains("CONFLICT"), orders.text());
            assertTrue(orders.text().contains("blocking_locks"), orders.text());
            holder.rollback();
        }
    }

    @Test
    void a_mistyped_name_is_answered_with_the_nearest() throws SQLException {
        try (Trial trial = shop("15")) {
            Answer table = trial.call("get_object_details", "schema", "My Shop", "name", "order");
            assertTrue(table.text().contains("Did you mean orders?"), table.text());
            Answer schema = trial.call("list_objects", "schema", "my shop");
            assertTrue(schema.text().contains("Did you mean My Shop?"), schema.text());
        }
    }

    @Test
    void a_role_without_rights_sees_the_structure_and_is_told_what_is_hidden() throws SQLException {
        try (Trial owner = shop("15")) {
            owner.sql("DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
            try (Trial trial = Trial.as("nobody", Postgres.version("15"), state)) {
                Map<?, ?> orders = trial.read("get_object_details", "schema", "My Shop", "name", "orders");
                assertTrue(text(Trial.map(orders.get("facts")), "readable").startsWith("no"), orders.toString());
                assertEquals(7, Trial.list(orders.get("columns")).size());
                assertEquals(List.of(), row(orders, "columns", "how").get("frequent"));
                assertEquals(
                        false,
                        row(trial.read("list_schemas"), "schemas", "My Shop").get("usable"));
            }
        }
    }
}
