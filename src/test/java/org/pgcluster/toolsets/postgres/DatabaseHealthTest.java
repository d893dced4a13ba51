package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.dispatch.Answer;
import org.pgcluster.testing.Postgres;

/** Each fault is made, and found; where it is not made, nothing is. */
@Tag("versions")
class DatabaseHealthTest {
    @TempDir
    Path state;

    private static List<String> found(Map<?, ?> answer, String subject) {
        return Trial.list(answer.get("findings")).stream()
                .map(Trial::map)
                .filter(one -> String.valueOf(one.get("subject")).contains(subject))
                .map(one -> String.valueOf(one.get("id")).replace("database.", ""))
                .sorted()
                .toList();
    }

    private static Map<?, ?> finding(Map<?, ?> answer, String id) {
        return Trial.list(answer.get("findings")).stream()
                .map(Trial::map)
                .filter(one -> ("database." + id).equals(one.get("id")))
                .findFirst()
                .orElseThrow(() -> new AssertionError(id + " is not in " + answer));
    }

    private static List<String> byHand(Map<?, ?> answer) {
        return Trial.list(answer.get("findings")).stream()
                .map(Trial::map)
                .filter(one -> String.valueOf(one.get("subject")).startsWith("ill."))
                .filter(one -> one.get("by_hand") != null)
                .map(one -> one.get("id") + ": " + one.get("by_hand"))
                .toList();
    }

    /** Each once, since two findings may drop the same index; what is dropped is mended no more. */
    private static void followByHand(Trial trial, Map<?, ?> answer) throws SQLException {
        List<String> commands = byHand(answer).stream()
                .map(one -> one.replaceFirst("^[^:]*: ", ""))
                .distinct()
                .toList();
        for (boolean drops : List.of(false, true)) {
            for (String command : commands) {
                if (command.startsWith("DROP") == drops) {
                    trial.sql(command);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "16", "17", "18"})
    void faults_inside_a_database_are_found_and_sound_things_are_not(String version)
            throws SQLException, InterruptedException {
        try (Trial trial = Trial.on(Postgres.version(version), state)) {
            trial.sql(
                    "DROP SCHEMA IF EXISTS ill CASCADE",
                    "CREATE SCHEMA ill",
                    "SET search_path = ill",
                    "CREATE TABLE sales (id int PRIMARY KEY, a int, b int, c text) WITH (autovacuum_enabled = off)",
                    "INSERT INTO sales SELECT n, n % 10, n, repeat('x', 20) FROM generate_series(1, 300000) AS n",
                    "CREATE INDEX same_1 ON sales (a, b)",
                    "CREATE INDEX same_2 ON sales (a, b)",
                    "CREATE INDEX prefix_1 ON sales (a)",
                    "CREATE INDEX partial_1 ON sales (a) WHERE b > 5",
                    "CREATE INDEX descending_1 ON sales (a DESC)",
                    "CREATE UNIQUE INDEX unique_1 ON sales (b)",
                    "CREATE INDEX idle_1 ON sales (b, c)",
                    "CREATE INDEX swollen_1 ON sales (c, id)",
                    "CREATE TABLE buyers (id int PRIMARY KEY)",
                    "ALTER TABLE sales ADD CONSTRAINT later FOREIGN KEY (a) REFERENCES buyers NOT VALID",
                    "CREATE SEQUENCE worn AS smallint START 32000",
                    "CREATE SEQUENCE fresh AS smallint",
                    "CREATE SEQUENCE falling AS smallint INCREMENT -1 START -32000",
                    "CREATE SEQUENCE round AS smallint INCREMENT -1 START -32000 CYCLE",
                    "CREATE TABLE narrow (id serial)",
                    "ALTER SEQUENCE narrow_id_seq AS bigint",
                    "SELECT nextval('worn'), nextval('fresh'), nextval('falling'), nextval('round'), setval('narrow_id_seq', 2000000000)",
                    "CREATE TABLE identity (id smallint GENERATED ALWAYS AS IDENTITY)",
                    "SELECT setval('identity_id_seq', 30000)",
                    "ANALYZE sales");
            String dead = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'ill.sales'::regclass";
            trial.sql("DELETE FROM ill.sales WHERE id > 20000");
            trial.until("280000", dead);
            trial.sql("VACUUM ill.sales");
            trial.until("0", dead);
            trial.sql("DELETE FROM ill.sales WHERE id > 10000");
            trial.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ill.descending_1'::regclass");
            trial.until("10000", dead);
            Map<?, ?> answer = trial.read("analyze_db_health");
            assertEquals(List.of(), answer.get("unavailable"));
            assertEquals(List.of("index_duplicate"), found(answer, "ill.same_2"));
            assertEquals(List.of("index_duplicate"), found(answer, "ill.prefix_1"));
            assertFalse(found(answer, "ill.same_1").contains("index_duplicate"), answer.toString());
            assertFalse(found(answer, "ill.partial_1").contains("index_duplicate"), answer.toString());
            assertEquals(List.of("index_invalid"), found(answer, "ill.descending_1"));
            assertEquals(
                    List.of(),
                    found(answer, "ill.unique_1").stream()
                            .filter(id -> !id.equals("index_bloated"))
                            .toList());
            assertTrue(found(answer, "ill.swollen_1").contains("index_bloated"), answer.toString());
            assertTrue(found(answer, "ill.idle_1").contains("index_unused"), answer.toString());
            assertEquals(List.of("constraint_not_valid"), found(answer, "ill.sales.later"));
            assertEquals(List.of("sequence_near_end"), found(answer, "ill.worn"));
            assertEquals(List.of("sequence_near_end"), found(answer, "ill.narrow_id_seq"));
            assertEquals(List.of("sequence_near_end"), found(answer, "ill.identity_id_seq"));
            assertEquals(List.of("sequence_near_end"), found(answer, "ill.falling"));
            assertEquals(List.of(), found(answer, "ill.fresh"));
            assertEquals(List.of(), found(answer, "ill.round"));
            TreeSet<String> table = new TreeSet<>(Trial.list(answer.get("findings")).stream()
                    .map(Trial::map)
                    .filter(one -> "ill.sales".equals(one.get("subject")))
                    .map(one -> String.valueOf(one.get("id")))
                    .toList());
            assertTrue(
                    table.contains("database.autovacuum_off") && table.contains("database.dead_rows"),
                    table.toString());
            assertTrue(found(answer, "fsync").contains("setting_unsafe"), answer.toString());
            Map<?, ?> next = Trial.map(finding(answer, "index_invalid").get("next"));
            assertEquals("drop_index", next.get("tool"));
            Map<?, ?> only = trial.read("analyze_db_health", "health_type", "sequence");
            assertEquals(List.of("sequence"), only.get("checked"));
            assertEquals(4, found(only, "ill.").size());
            trial.sql(
                    "SET enable_seqscan = off",
                    "SET enable_sort = off",
                    "SET enable_incremental_sort = off",
                    "SELECT b, c FROM ill.sales ORDER BY b, c");
            trial.until("1", "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'idle_1'");
            assertFalse(found(trial.read("analyze_db_health", "checks", "index"), "ill.idle_1")
                    .contains("index_unused"));
            trial.sql("INSERT INTO ill.buyers SELECT generate_series(0, 9)");
            followByHand(trial, answer);
            trial.until(
                    "0",
                    "SELECT n_dead_tup + n_mod_since_analyze FROM pg_stat_user_tables"
                            + " WHERE relid = 'ill.sales'::regclass");
            assertEquals(List.of(), byHand(trial.read("analyze_db_health")), "what is to be done by hand heals it");
            trial.sql("DROP SCHEMA ill CASCADE");
        }
    }

    @Test
    void what_the_swollen_index_wastes_is_what_building_it_anew_saves() throws SQLException {
        try (Trial trial = Trial.on(Postgres.version("15"), state)) {
            trial.sql(
                    "DROP TABLE IF EXISTS swollen",
                    "CREATE TABLE swollen AS SELECT n AS id FROM generate_series(1, 800000) AS n",
                    "CREATE INDEX swollen_idx ON swollen (id)",
                    "DELETE FROM swollen WHERE id % 10 <> 0",
                    "VACUUM ANALYZE swollen");
            Map<?, ?> bloated = finding(trial.read("analyze_db_health", "checks", "index"), "index_bloated");
            double told = Trial.number(Trial.map(bloated.get("evidence")), "wasted_bytes");
            long before = Long.parseLong(trial.one("SELECT pg_relation_size('swollen_idx')"));
            trial.sql("REINDEX INDEX swollen_idx");
            double saved = before - Long.parseLong(trial.one("SELECT pg_relation_size('swollen_idx')"));
            assertTrue(Math.abs(told - saved) < 0.15 * saved, told + " told, " + saved + " saved");
            trial.sql("DROP TABLE swollen");
        }
    }

    @Test
    void memory_is_judged_only_where_somebody_said_how_much_there_is() throws SQLException {
        try (Trial small = Trial.on(Postgres.version("15"), state, "--host-memory-mb", "128");
                Trial unsaid = Trial.on(Postgres.version("15"), state)) {
            Map<?, ?> oversold =
                    Trial.map(finding(small.read("analyze_db_health", "checks", "setting"), "memory_oversold")
                            .get("evidence"));
            assertEquals(128, Trial.number(oversold, "shared_buffers_mb"));
            assertEquals(4, Trial.number(oversold, "work_mem_mb"));
            finding(small.read("analyze_db_health", "checks", "setting"), "shared_buffers_large");
            assertFalse(unsaid.read("analyze_db_health", "checks", "setting")
                    .toString()
                    .contains("memory_oversold"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "16", "17", "18"})
    void every_topic_is_counted_on_every_version(String version) throws Exception {
        try (Trial trial = Trial.on(Postgres.version(version), state)) {
            trial.sql(
                    "DROP TABLE IF EXISTS counted",
                    "CREATE TABLE counted (id int PRIMARY KEY)",
                    "INSERT INTO counted SELECT generate_series(1, 5000)",
                    "CHECKPOINT");
            for (PostgresStats.Topic topic : PostgresStats.Topic.values()) {
                Map<?, ?> answer =
                        trial.read("postgres_stats", "topic", topic.name().toLowerCase(Locale.ROOT));
                boolean may = topic == PostgresStats.Topic.LOCKING_INFO;
                assertTrue(may || !Trial.list(answer.get("rows")).isEmpty(), topic + ": " + answer);
            }
            Map<?, ?> table = Trial.list(
                            trial.read("postgres_stats", "topic", "tables_info").get("rows"))
                    .stream()
                    .map(Trial::map)
                    .filter(one -> "counted".equals(one.get("table_name")))
                    .findFirst()
                    .orElseThrow();
            assertEquals(
                    Long.parseLong(trial.one("SELECT pg_total_relation_size('counted')")),
                    Trial.number(table, "total_bytes"));
            trial.sql("CHECKPOINT");
            String requested = Integer.parseInt(version) >= 17
                    ? "num_requested > 0 FROM pg_stat_checkpointer"
                    : "checkpoints_req > 0 FROM pg_stat_bgwriter";
            trial.until("t", "SELECT " + requested);
            Map<?, ?> points = Trial.map(Trial.list(trial.read("postgres_stats", "topic", "checkpoints_stats")
                            .get("rows"))
                    .get(0));
            assertTrue(Trial.number(points, "checkpoints_req") >= 1, points.toString());
            Map<?, ?> told = Trial.map(
                    Trial.list(trial.read("postgres_stats", "topic", "version").get("rows"))
                            .get(0));
            assertEquals(Long.parseLong(version), Trial.number(told, "major"));
        }
    }

    @Test
    void the_slowest_statement_is_named_with_its_share_and_with_what_dominates_it() throws SQLException {
        try (Trial trial = Trial.on(Postgres.debian15(), state)) {
            trial.sql(
                    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
                    "DROP TABLE IF EXISTS slow",
                    "CREATE TABLE slow AS SELECT n AS id, n % 1000 AS kind FROM generate_series(1, 300000) AS n",
                    "ANALYZE slow",
                    "SELECT pg_stat_statements_reset()");
            for (int i = 0; i < 20; i++) {
                trial.sql("SELECT count(*) FROM slow WHERE kind = " + i);
            }
            // Asked before, because what the tool runs to say why is counted, too.
            double again = Double.parseDouble(
                    trial.one("SELECT 100 * sum(total_exec_time) FILTER (WHERE query LIKE 'SELECT count(*) FROM slow%')"
                            + " / sum(total_exec_time) FROM pg_stat_statements WHERE toplevel"
                            + " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"));
            Map<?, ?> row = Trial.list(
                            trial.read("get_top_queries", "sort_by", "total").get("statements"))
                    .stream()
                    .map(Trial::map)
                    .filter(one -> String.valueOf(one.get("query")).startsWith("SELECT count(*) FROM slow"))
                    .findFirst()
                    .orElseThrow();
            assertEquals(20, Trial.number(row, "calls"));
            assertEquals(20, Trial.number(row, "rows"));
            assertTrue(String.valueOf(row.get("why")).contains("index may be missing"), row.toString());
            assertTrue(String.valueOf(row.get("plan")).contains("reads far more rows than it keeps"), row.toString());
            double share = ((Number) Objects.requireNonNull(row.get("share_percent"))).doubleValue();
            assertTrue(Math.abs(share - again) < 15, share + " and " + again);
            trial.sql("DROP TABLE slow");
        }
    }

    @Test
    void each_statement_stands_on_one_page_even_if_it_overtakes_others_meanwhile() throws SQLException {
        try (Trial trial = Trial.on(Postgres.debian15(), state)) {
            trial.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", "SELECT pg_stat_statements_reset()");
            for (int columns = 1; columns <= 12; columns++) {
                trial.sql("SELECT 1 AS paged" + ", 1".repeat(columns) + " FROM generate_series(1, " + columns * 20_000
                        + ")");
            }
            List<String> shown = new ArrayList<>();
            List<Object> given = new ArrayList<>(List.of("limit", 5));
            Object cursor = "";
            while (cursor != null) {
                Map<?, ?> page = trial.read("analyze_slow_queries", given.toArray());
                Trial.list(page.get("statements")).stream()
                        .map(Trial::map)
                        .filter(one -> String.valueOf(one.get("query")).contains("AS paged"))
                        .forEach(one -> shown.add(String.valueOf(one.get("query_id"))));
                trial.sql("SELECT 1 AS paged, 1 FROM generate_series(1, 900000)");
                cursor = Trial.map(page.get("rest")).get("cursor");
                given = new ArrayList<>(List.of("limit", 5));
                given.addAll(cursor == null ? List.of() : List.of("cursor", cursor));
            }
            assertEquals(12, shown.size(), shown.toString());
            assertEquals(12, shown.stream().distinct().count(), shown.toString());
        }
    }

    @Test
    void without_the_extension_the_way_to_it_is_told() throws SQLException {
        try (Trial trial = Trial.on(Postgres.version("15"), state)) {
            Answer answer = trial.call("analyze_slow_queries");
            assertTrue(answer.isError(), answer.text());
            assertTrue(answer.text().contains("NOT_CONFIGURED"), answer.text());
            assertTrue(answer.text().contains("shared_preload_libraries"), answer.text());
            Map<?, ?> extensions = trial.read("list_available_extensions");
            assertTrue(extensions.toString().contains("name=plpgsql, installed=1.0"), extensions.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    void acts_drop_what_nobody_needs_and_refuse_what_somebody_does(String version) throws SQLException {
        try (Trial trial = Trial.on(Postgres.version(version), state)) {
            trial.sql(
                    "DROP TABLE IF EXISTS public.dropped",
                    "CREATE TABLE public.dropped (id int PRIMARY KEY, a int)",
                    "CREATE INDEX \"Dropped a\" ON public.dropped (a)");
            Answer key = trial.call("drop_index", "index", "public.dropped_pkey");
            assertTrue(key.text().contains("PRECONDITION_FAILED"), key.text());
            Answer done = trial.act("drop_index", "index", "public.\"Dropped a\"");
            assertFalse(done.isError(), done.text());
            assertTrue(done.text().contains("CREATE INDEX \"Dropped a\""), done.text());
            assertEquals("0", trial.one("SELECT count(*) FROM pg_class WHERE relname = 'Dropped a'"));

            trial.sql("SELECT pg_create_physical_replication_slot('forgotten', true)");
            Answer slot = trial.act("drop_replication_slot", "slot", "forgotten");
            assertFalse(slot.isError(), slot.text());
            assertEquals("0", trial.one("SELECT count(*) FROM pg_replication_slots"));

            trial.sql("BEGIN", "INSERT INTO public.dropped VALUES (1, 1)", "PREPARE TRANSACTION 'it''s left'");
            String locks = trial.one("SELECT nullif(count(*), 0) FROM pg_locks WHERE pid IS NULL");
            Answer planned =
                    trial.call("rollback_prepared", "gid", "it's left", "node", "coordinator", "dry_run", true);
            assertTrue(planned.text().contains("holding " + locks + " locks"), planned.text());
            Answer left = trial.act("rollback_prepared", "gid", "it's left", "node", "coordinator");
            assertFalse(left.isError(), left.text());
            assertEquals("0", trial.one("SELECT count(*) FROM pg_prepared_xacts"));
            assertEquals("0", trial.one("SELECT count(*) FROM public.dropped"));
            trial.sql("BEGIN", "INSERT INTO public.dropped VALUES (2, 2)", "PREPARE TRANSACTION 'citus_0_17_4_0'");
            Answer young = trial.call("rollback_prepared", "gid", "citus_0_17_4_0", "node", "coordinator");
            assertTrue(young.text().contains("PRECONDITION_FAILED"), young.text());
            trial.sql("COMMIT PREPARED 'citus_0_17_4_0'");
            trial.sql("DROP TABLE public.dropped");
        }
    }
}
