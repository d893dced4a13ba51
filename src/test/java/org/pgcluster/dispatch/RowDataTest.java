package org.pgcluster.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.shape.JsonText;
import org.pgcluster.testing.Lab;
import org.pgcluster.testing.Postgres;
import org.pgcluster.tool.Declaration;

/**
 * {@code row_data: deny}. Marked values lie in rows, statistics, keys and other sessions' statements. Every reading tool
 * is asked twice: where values may leave, those of the first table show a mark, so that the question is one that could;
 * where they may not, none does. A new tool is in neither table and fails the first test.
 */
@Tag("versions")
class RowDataTest {
    private static final List<String> MARKS = List.of("Xanthippe", "918273645", "2012345678");

    private static final Map<String, String> SHOWS_VALUES = table("""
            execute_sql                   | {"sql": "SELECT name FROM shop.customers LIMIT 3"}
            explain_query                 | {"sql": "SELECT * FROM shop.customers WHERE name = 'Xanthippe' AND tag <> 918273645"}
            active_queries                | {"include_idle": true}
            blocking_locks                | {}
            analyze_slow_queries          | {"sort": "calls", "limit": 50}
            analyze_db_health             | {}
            get_object_details            | {"schema": "shop", "name": "customers"}
            recommend_indexes             | {"queries": ["SELECT id FROM shop.customers WHERE name = 'Xanthippe' AND tag <> 918273645"]}
            operation_status              | {"operation": "planted"}
            citus_explain_query           | {"sql": "SELECT * FROM shop.orders WHERE note = 'Xanthippe'", "verbose": true}
            citus_activity                | {"include_idle": true}
            citus_lock_inspector          | {}
            citus_job_inspector           | {"include_tasks": true}
            citus_rebalance_status        | {"verbose": true}
            citus_shard_skew_report       | {"table": "shop.orders"}
            list_shards                   | {"table": "shop.by_name"}
            citus_table_inspector         | {"table": "shop.by_name", "include_shards": true}
            citus_advisor                 | {"focus": "ops"}
            """);

    /** Why none of them has anything of a row to show stands behind the question. */
    private static final Map<String, String> SHOWS_NONE = table("""
            ping                          | {} | round trips
            server_info                   | {} | versions, rights and keys of this server
            list_clusters                 | {} | names from the configuration
            cluster_health                | {} | figures; sessions by their pid
            cluster_topology              | {"picture": true} | addresses and roles
            list_schemas                  | {} | names and sizes
            list_objects                  | {"schema": "shop"} | names and sizes
            postgres_stats                | {"topic": "locking_info"} | counters; sessions by their pid
            list_available_extensions     | {} | names and versions
            citus_cluster_summary         | {} | counts and sizes
            list_nodes                    | {} | addresses
            citus_list_distributed_tables | {} | definitions and sizes
            list_distributed_tables       | {} | definitions and sizes
            citus_colocation_inspector    | {} | definitions and sizes
            citus_shard_distribution      | {} | sizes
            citus_worker_health           | {} | addresses and states
            citus_schemas                 | {} | names and sizes
            citus_connections             | {} | counts
            citus_shard_heatmap           | {} | counts and sizes
            citus_distributed_query_stats | {} | statements as pg_stat_statements keeps them, with $1 for each value
            citus_validate_rebalance_prereqs | {"table": "shop.orders"} | definitions
            citus_rebalance_plan          | {} | shards by their number
            citus_leftovers               | {} | names of slots, shards and prepared transactions
            citus_snapshot_source_advisor | {} | addresses and sizes
            list_table_types              | {} | definitions and sizes
            advise_distribution           | {"table": "shop.customers"} | columns, with the share of the most frequent value
            """);

    /** They need a second node, or a component that has no rows. */
    private static final Map<String, String> NOT_HERE = table("""
            citus_move_shard_plan         | one shard by its number, between two nodes
            citus_lost_node_report        | one node of several: its tables and shards by name and number
            patroni_cluster_status        | members of Patroni
            patroni_member_list           | members of Patroni
            patroni_replication_lag       | positions in the WAL
            patroni_history               | timelines
            patroni_config                | settings
            haproxy_backend_health        | servers of HAProxy
            haproxy_connection_stats      | counters of HAProxy
            pgbouncer_status              | pools of PgBouncer
            """);

    private static final String BOTH = """
            CREATE EXTENSION pg_stat_statements;
            CREATE SCHEMA shop;
            CREATE TABLE shop.customers (id int PRIMARY KEY, name text, tag int);
            INSERT INTO shop.customers SELECT n, 'Xanthippe', 918273645 FROM generate_series(2012343000, 2012345678) AS n;
            ANALYZE shop.customers;
            SELECT pg_stat_statements_reset();
            """;

    private static final String ON_CITUS = """
            CREATE TABLE shop.orders (customer text, note text);
            SELECT create_distributed_table('shop.orders', 'customer');
            INSERT INTO shop.orders SELECT 'Xanthippe', 'x' FROM generate_series(1, 3000);
            ANALYZE shop.orders;
            CREATE TABLE shop.by_name (name text, n int);
            SELECT create_distributed_table('shop.by_name', 'name', shard_count := 1, colocate_with := 'none');
            UPDATE pg_dist_partition SET partmethod = 'r' WHERE logicalrelid = 'shop.by_name'::regclass;
            UPDATE pg_dist_shard SET shardminvalue = 'Xanthippe', shardmaxvalue = 'Xanthippe9'
             WHERE logicalrelid = 'shop.by_name'::regclass;
            INSERT INTO pg_dist_background_job (state, job_type, description, started_at, finished_at)
            VALUES ('failed', 'rebalance', 'planted', now(), now());
            INSERT INTO pg_dist_background_task (job_id, owner, status, command, message)
            SELECT job_id, 'postgres'::regrole, 'error', 'SELECT ''Xanthippe''',
                   E'ERROR:  duplicate key value violates unique constraint "a"\\nDETAIL:  Key (name)=(Xanthippe) already exists.'
              FROM pg_dist_background_job;
            """;

    @TempDir
    static Path state;

    private static final List<AutoCloseable> OPEN = new ArrayList<>();

    private static Map<String, String> table(String lines) {
        Map<String, String> table = new LinkedHashMap<>();
        lines.lines().forEach(line -> {
            int bar = line.indexOf('|');
            table.put(line.substring(0, bar).strip(), line.substring(bar + 1).strip());
        });
        return table;
    }

    private static Postgres server(String version) {
        return Postgres.version(version);
    }

    @BeforeAll
    static void plant() throws Exception {
        for (String version : List.of("15", "debian15")) {
            if (Postgres.available().contains(version)) {
                plant(server(version), version.equals("debian15") && Postgres.hasCitus());
            }
        }
    }

    private static void plant(Postgres server, boolean citus) throws Exception {
        try (Connection connection = server.connect("postgres", "postgres")) {
            run(connection, "DROP DATABASE IF EXISTS planted WITH (FORCE)");
            run(connection, "CREATE DATABASE planted");
        }
        try (Connection connection = server.connect("planted", "postgres")) {
            if (citus) {
                run(connection, "CREATE EXTENSION citus");
                run(connection, "SELECT citus_set_coordinator_host('127.0.0.1', " + server.port() + ")");
                run(
                        connection,
                        "SELECT citus_set_node_property('127.0.0.1', " + server.port() + ", 'shouldhaveshards', true)");
            }
            run(connection, BOTH);
            if (citus) {
                run(connection, ON_CITUS);
            }
            run(connection, "DO $$BEGIN PERFORM 'Xanthippe'; END$$");
        }
        sessions(server);
    }

    /** One holds a row, one waits for it, one has executed what it prepared, and one is what an act left running. */
    private static void sessions(Postgres server) throws Exception {
        Connection holder = opened(server, "holder");
        holder.setAutoCommit(false);
        run(holder, "UPDATE shop.customers SET tag = 918273645 WHERE id = 2012345678");
        Connection waiter = opened(server, "waiter");
        Thread waiting = new Thread(() -> {
            try {
                run(waiter, "UPDATE shop.customers SET name = 'Xanthippe' WHERE id = 2012345678");
            } catch (SQLException e) {
                return; // its connection is closed at the end
            }
        });
        waiting.setDaemon(true);
        waiting.start();
        Connection prepared = opened(server, "prepared");
        run(prepared, "PREPARE planted (text) AS SELECT $1");
        run(prepared, "EXECUTE planted ('Xanthippe')");
        run(opened(server, "pgcluster-mcp act planted"), "SELECT 'Xanthippe', 918273645");
    }

    private static Connection opened(Postgres server, String name) throws SQLException {
        Connection connection = server.connectWithoutSplitting("planted", "postgres");
        OPEN.add(0, connection);
        run(connection, "SET application_name = '" + name + "'");
        return connection;
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @AfterAll
    static void close() throws Exception {
        for (AutoCloseable one : OPEN) {
            one.close();
        }
    }

    private static Lab lab(String version, String rowData) {
        return Lab.with(
                state,
                Map.of(
                        "coordinator_dsn",
                        "postgres://postgres@127.0.0.1:" + server(version).port() + "/planted",
                        "row_data",
                        rowData));
    }

    private static boolean citus(String version) {
        return version.equals("debian15") && Postgres.hasCitus();
    }

    /** By what the tool asks; {@code tables} is about Citus, too. */
    private static Set<String> asked(String version) {
        return CatalogueFile.text()
                .lines()
                .map(line -> line.split("\t", 3))
                .filter(line -> citus(version) || !Set.of("citus", "tables").contains(line[0]))
                .map(line -> line[1])
                .collect(Collectors.toSet());
    }

    @Test
    void every_reading_tool_is_in_one_of_the_tables() {
        Set<String> reading = CatalogueFile.all().stream()
                .filter(tool -> tool.declaration().kind() == Declaration.Kind.READS)
                .map(tool -> tool.declaration().name())
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> named = new ArrayList<>(SHOWS_VALUES.keySet());
        named.addAll(SHOWS_NONE.keySet());
        named.addAll(NOT_HERE.keySet());
        assertEquals(List.copyOf(reading), named.stream().sorted().toList());
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @ValueSource(strings = {"15", "debian15"})
    void values_leave_only_where_they_may(String version) {
        Assumptions.assumeTrue(Postgres.available().contains(version), "PostgreSQL " + version + " is not here");
        Map<String, String> wrong = new TreeMap<>();
        try (Lab open = lab(version, "allow");
                Lab closed = lab(version, "deny")) {
            SHOWS_VALUES.forEach((tool, question) -> {
                if (asked(version).contains(tool)) {
                    Answer shown = open.call(tool, arguments(question));
                    note(wrong, tool, shown.isError() || marks(shown).isEmpty(), "shows no mark: ", shown);
                    Answer kept = closed.call(tool, arguments(question));
                    boolean refused = tool.equals("execute_sql");
                    note(wrong, tool + ", deny", !marks(kept).isEmpty(), "leaks " + marks(kept) + ": ", kept);
                    note(wrong, tool + ", deny", refused != kept.isError(), "answers otherwise: ", kept);
                }
            });
            SHOWS_NONE.forEach((tool, question) -> {
                if (asked(version).contains(tool)) {
                    Answer answer = open.call(tool, arguments(question.substring(0, question.indexOf('|'))));
                    note(wrong, tool, answer.isError() || !marks(answer).isEmpty(), "shows " + marks(answer), answer);
                }
            });
        }
        assertTrue(wrong.isEmpty(), () -> String.join("\n\n", wrong.values()));
    }

    private static void note(Map<String, String> wrong, String what, boolean bad, String how, Answer answer) {
        if (bad) {
            wrong.merge(what, what + " " + how + answer.text(), (one, other) -> one + "\n" + other);
        }
    }

    private static List<String> marks(Answer answer) {
        String all = answer.text() + JsonText.write(answer.structured());
        return MARKS.stream().filter(all::contains).toList();
    }

    private static Object[] arguments(String json) {
        return ((Map<?, ?>) Objects.requireNonNull(JsonText.read(json)))
                .entrySet().stream()
                        .flatMap(one -> Stream.<Object>of(one.getKey(), one.getValue()))
                        .toArray();
    }
}
