package org.pgcluster.toolsets.tables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.OwnLab;

/** Tables of many types go to the workers and come back, and are compared on the way by another way than the tool's. */
@Tag("lab")
@Tag("slow")
class TableActsTest {
    private static final String TABLES = """
            DROP TABLE IF EXISTS pay, rates, gaps CASCADE; DROP SCHEMA IF EXISTS shop CASCADE;
            CREATE TABLE pay (tenant_id int, id bigint, at timestamptz DEFAULT now(), day date DEFAULT '2026-01-01',
                amount numeric, image bytea DEFAULT '\\xdead', german text COLLATE "C", nothing text,
                js jsonb DEFAULT '{"a": 1}', span interval DEFAULT '1 day', PRIMARY KEY (tenant_id, id));
            INSERT INTO pay (tenant_id, id, amount, german) SELECT i % 50, i, i * 1.5, 'ß' || i FROM generate_series(1, 5000) AS i;
            CREATE TABLE rates (code text PRIMARY KEY, rate float8, at timestamptz DEFAULT now());
            INSERT INTO rates SELECT 'c' || i, i / 3.0 FROM generate_series(1, 200) AS i;
            CREATE TABLE gaps (id int, tenant int); INSERT INTO gaps VALUES (1, NULL), (2, 3);
            CREATE SCHEMA shop; CREATE TABLE shop.items (id int PRIMARY KEY, name text);
            CREATE TABLE shop.sales (id int PRIMARY KEY, item int REFERENCES shop.items, at timestamptz DEFAULT now());
            INSERT INTO shop.items SELECT i, 'i' || i FROM generate_series(1, 100) AS i;
            INSERT INTO shop.sales (id, item) SELECT i, i FROM generate_series(1, 100) AS i;
            """;

    private static @Nullable OwnLab own;

    @TempDir
    Path folder;

    private @Nullable Lab lab;

    @BeforeAll
    static void up() throws IOException {
        own = OwnLab.up("tableacts");
    }

    @AfterAll
    static void down() throws IOException {
        OwnLab up = own;
        if (up != null) {
            up.close();
        }
    }

    @BeforeEach
    void prepared() throws SQLException {
        Map<String, String> variables = Objects.requireNonNull(own).variables();
        String dsn = variables.getOrDefault("LAB_DSN", "");
        lab = Lab.on(variables, folder, "mode", "admin", "allow_execute", "true", "approval", "self", "admin_dsn", dsn);
        psql(TABLES);
    }

    @AfterEach
    void closed() {
        Objects.requireNonNull(lab).close();
    }

    private static Connection connection() throws SQLException {
        String dsn = Objects.requireNonNull(own).variables().getOrDefault("LAB_DIRECT_DSN", "");
        Matcher parts = Pattern.compile("postgresql://([^:]+):([^@]+)@(.+)").matcher(dsn);
        assertTrue(parts.matches(), "a DSN of the lab");
        return DriverManager.getConnection("jdbc:postgresql://" + parts.group(3), parts.group(1), parts.group(2));
    }

    private static String psql(String sql) throws SQLException {
        try (Connection connection = connection();
                var statement = connection.createStatement()) {
            String value = "";
            if (statement.execute(sql) && statement.getResultSet().next()) {
                value = String.valueOf(statement.getResultSet().getString(1));
            }
            return value;
        }
    }

    /** The rows themselves, in order, as one digest: dear, and nothing like what the tool computes. */
    private static String rows(String table) throws SQLException {
        return psql("SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (SELECT to_jsonb(row)::text AS line FROM "
                + table + " AS row OFFSET 0) AS lines");
    }

    private static String kind(String table) throws SQLException {
        return psql("SELECT coalesce((SELECT citus_table_type FROM citus_tables WHERE table_name = '" + table
                + "'::regclass), 'plain')");
    }

    private Answer done(String act, Object... arguments) {
        Answer answer = acted(act, arguments);
        assertFalse(answer.isError(), answer.text());
        assertEquals("done", answer.structured().get("status"), answer.text());
        return answer;
    }

    private Answer acted(String act, Object... arguments) {
        Lab acting = Objects.requireNonNull(lab);
        Map<String, Object> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put((String) arguments[i], arguments[i + 1]);
        }
        Answer filed = acting.call("citus_request_approval_token", "action", act, "arguments", given);
        assertFalse(filed.isError(), filed.text());
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.add("approval_token");
        all.add(Objects.requireNonNull(filed.structured().get("token")));
        return acting.call(act, all.toArray());
    }

    private String refused(String act, Object... arguments) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("dry_run", true));
        Answer answer = Objects.requireNonNull(lab).call(act, all.toArray());
        assertEquals("PRECONDITION_FAILED", answer.structured().get("code"), answer.text());
        return answer.text();
    }

    @Test
    void a_table_is_distributed_online_and_comes_back() throws SQLException {
        String before = rows("pay");
        Answer there = done(
                "convert_to_distributed",
                "table",
                "pay",
                "distribution_column",
                "tenant_id",
                "colocate_with",
                "orders");
        assertTrue(there.text().contains("5000 rows. Count and checksum are as before"), there.text());
        assertEquals("distributed", kind("pay"));
        assertEquals(before, rows("pay"));
        done("convert_to_local", "table", "pay");
        assertEquals("plain", kind("pay"));
        assertEquals(before, rows("pay"));
    }

    @Test
    void a_table_is_distributed_in_one_transaction() throws SQLException {
        String before = rows("pay");
        done(
                "convert_to_distributed",
                "table",
                "pay",
                "distribution_column",
                "tenant_id",
                "shard_count",
                6,
                "concurrently",
                false);
        assertEquals("6", psql("SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'pay'::regclass"));
        assertEquals(before, rows("pay"));
    }

    @Test
    void a_conversion_that_has_to_wait_too_long_leaves_the_table_as_it_was() throws SQLException {
        String before = rows("pay");
        try (Connection blocking = connection()) {
            blocking.setAutoCommit(false);
            try (var statement = blocking.createStatement()) {
                statement.execute("LOCK TABLE pay IN ROW EXCLUSIVE MODE");
                Answer answer = acted(
                        "convert_to_distributed",
                        "table",
                        "pay",
                        "distribution_column",
                        "tenant_id",
                        "concurrently",
                        false);
                assertTrue(answer.isError(), answer.text());
                assertEquals("CONFLICT", answer.structured().get("code"), answer.text());
                assertTrue(answer.text().contains("rolled back: it is as it was"), answer.text());
                assertTrue(answer.text().contains("none is done"), answer.text());
            }
        }
        assertEquals("plain", kind("pay"));
        assertEquals(before, rows("pay"));
    }

    /** A worker that loses a row of what it is given: not even Citus would notice. */
    private static final String LOSING = """
            SET citus.enable_ddl_propagation = off;
            CREATE FUNCTION public.loses() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN IF NEW.id = 4711 THEN RETURN NULL; END IF; RETURN NEW; END $$;
            CREATE FUNCTION public.infects() RETURNS event_trigger LANGUAGE plpgsql AS $$
                DECLARE made record;
                BEGIN
                    FOR made IN SELECT objid::regclass AS name FROM pg_event_trigger_ddl_commands()
                                 WHERE command_tag = 'CREATE TABLE' AND object_identity ~ '^public[.]pay_[0-9]+$' LOOP
                        EXECUTE format('CREATE TRIGGER loses BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION public.loses()',
                                       made.name);
                    END LOOP;
                END $$;
            CREATE EVENT TRIGGER infects ON ddl_command_end EXECUTE FUNCTION public.infects();
            """;

    @Test
    void a_conversion_that_would_lose_a_row_is_rolled_back() throws SQLException {
        String before = rows("pay");
        String[] workers = Objects.requireNonNull(own)
                .variables()
                .getOrDefault("LAB_WORKER_DSNS", "")
                .split(",", -1);
        for (String worker : workers) {
            psqlOn(worker, LOSING);
        }
        try {
            Answer answer = acted(
                    "convert_to_distributed",
                    "table",
                    "pay",
                    "distribution_column",
                    "tenant_id",
                    "concurrently",
                    false);
            assertTrue(answer.isError(), answer.text());
            assertTrue(answer.text().contains("The contents would not be the same afterwards"), answer.text());
            assertTrue(answer.text().contains("rolled back"), answer.text());
            assertEquals("plain", kind("pay"));
            assertEquals(before, rows("pay"));
            Answer online = acted("convert_to_distributed", "table", "pay", "distribution_column", "tenant_id");
            assertTrue(online.text().contains("somebody wrote meanwhile, or a row is wrong"), online.text());
        } finally {
            for (String worker : workers) {
                psqlOn(
                        worker,
                        "SET citus.enable_ddl_propagation = off; DROP EVENT TRIGGER infects;"
                                + " DROP FUNCTION public.infects(); DROP FUNCTION public.loses() CASCADE");
            }
        }
    }

    private static void psqlOn(String dsn, String sql) throws SQLException {
        Matcher parts = Pattern.compile("postgresql://([^:]+):([^@]+)@(.+)").matcher(dsn);
        assertTrue(parts.matches(), "a DSN of the lab");
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + parts.group(3), parts.group(1), parts.group(2));
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void a_table_is_on_every_node_and_back_on_one() throws SQLException {
        String before = rows("rates");
        done("create_reference_table", "table", "rates");
        assertEquals("reference", kind("rates"));
        assertEquals(before, rows("rates"));
        assertTrue(refused("create_reference_table", "table", "rates").contains("reference already"));
        done("convert_to_local", "table", "rates");
        assertEquals("plain", kind("rates"));
        assertEquals(before, rows("rates"));
    }

    /** Before 12.0 Citus has no sharding by schema. */
    private static boolean distributesSchemas() throws SQLException {
        return !psql("SELECT to_regclass('pg_catalog.pg_dist_schema')").equals("null");
    }

    private String refusedAsUnsupported(String schema) {
        Answer answer = Objects.requireNonNull(lab).call("distribute_schema", "schema", schema, "dry_run", true);
        assertEquals("UNSUPPORTED", answer.structured().get("code"), answer.text());
        return answer.text();
    }

    @Test
    void a_schema_goes_to_one_node_with_its_foreign_keys() throws SQLException {
        if (!distributesSchemas()) {
            assertTrue(refusedAsUnsupported("shop").contains("Citus 12.0"));
            return;
        }
        String before = rows("shop.sales") + rows("shop.items");
        Answer answer = done("distribute_schema", "schema", "shop");
        assertTrue(answer.text().contains("2 tables, counts and checksums as before"), answer.text());
        assertEquals("schema", kind("shop.sales"));
        assertEquals(before, rows("shop.sales") + rows("shop.items"));
        assertTrue(refused("convert_to_local", "table", "shop.sales").contains("citus_schema_undistribute"));
        assertTrue(refused("distribute_schema", "schema", "shop").contains("not distributed yet"));
    }

    @Test
    void what_citus_would_refuse_is_not_tried() throws SQLException {
        assertTrue(refused("convert_to_distributed", "table", "gaps", "distribution_column", "tenant")
                .contains("never NULL"));
        assertTrue(refused("convert_to_distributed", "table", "pay", "distribution_column", "amount")
                .contains("pay_pkey"));
        assertTrue(refused("convert_to_distributed", "table", "shop.sales", "distribution_column", "id")
                .contains("foreign key"));
        assertTrue(refused("convert_to_local", "table", "orders").contains("order_lines"));
        if (distributesSchemas()) {
            assertTrue(refused("distribute_schema", "schema", "public").contains("convert_to_local first"));
        }
    }
}
