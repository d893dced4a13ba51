package org.pgcluster.toolsets.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.postgres.PgServer;

/**
 * Each fault of a server that analyze_db_health tells is made for real, is not told before, and is told then. Those of
 * tables and indexes are made in {@link DatabaseHealthTest}, those that need a standby or minutes in {@link
 * HealthFaultsInTimeTest}, and what age makes in {@link HealthFaultsOfAgeTest}. A collation of another version takes another
 * operating system; here the catalogue is told that it was one.
 */
@Tag("slow")
class HealthFaultsTest {
    @TempDir
    static Path state;

    private static PgServer server;

    private Trial trial;

    @BeforeAll
    static void start() throws Exception {
        server = PgServer.start(
                "shared_preload_libraries = 'pg_stat_statements'",
                "shared_buffers = 2MB",
                "autovacuum = off",
                "archive_mode = on",
                "archive_command = 'true'",
                "max_connections = 30",
                "autovacuum_freeze_max_age = 100000",
                "autovacuum_multixact_freeze_max_age = 10000",
                "max_prepared_transactions = 5",
                "wal_level = logical");
    }

    @AfterAll
    static void end() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void ask() {
        trial = Trial.at("postgres", server.port(), state);
    }

    @AfterEach
    void close() {
        trial.close();
    }

    private static List<Map<?, ?>> findings(Trial trial, String checks) {
        return Trial.list(trial.read("analyze_db_health", "checks", checks).get("findings")).stream()
                .<Map<?, ?>>map(Trial::map)
                .toList();
    }

    private static Set<String> ids(Trial trial, String checks) {
        return findings(trial, checks).stream()
                .map(one -> String.valueOf(one.get("id")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Map<?, ?> one(Trial trial, String checks, String id) {
        return findings(trial, checks).stream()
                .filter(one -> id.equals(one.get("id")))
                .findFirst()
                .orElseThrow(() -> new AssertionError(id + " is not in " + ids(trial, checks)));
    }

    private static void assertNot(Trial trial, String checks, String id) {
        assertFalse(ids(trial, checks).contains(id), id);
    }

    private static double figure(Map<?, ?> finding, String field) {
        Map<?, ?> evidence = Trial.map(finding.get("evidence"));
        return ((Number) Objects.requireNonNull(evidence.get(field), evidence::toString)).doubleValue();
    }

    private void set(String setting, String value) throws Exception {
        trial.sql("ALTER SYSTEM SET " + setting + " = " + value);
        server.reload();
        trial.until(
                "t",
                "SELECT current_setting('" + setting + "') = " + value + " OR EXISTS (SELECT FROM pg_settings"
                        + " WHERE name = '" + setting + "' AND pending_restart)");
    }

    private void reset(String setting) throws Exception {
        trial.sql("ALTER SYSTEM RESET " + setting);
        server.reload();
    }

    @Test
    void unsafe_settings() throws Exception {
        for (String[] one : List.of(
                new String[] {"full_page_writes", "'off'"},
                new String[] {"synchronous_commit", "'off'"},
                new String[] {"track_counts", "'off'"},
                new String[] {"zero_damaged_pages", "'on'"},
                new String[] {"ignore_checksum_failure", "'on'"},
                new String[] {"password_encryption", "'md5'"})) {
            Predicate<Map<?, ?>> it =
                    found -> "database.setting_unsafe".equals(found.get("id")) && one[0].equals(found.get("subject"));
            assertTrue(findings(trial, "setting").stream().noneMatch(it), one[0]);
            set(one[0], one[1]);
            try (Trial again = Trial.at("postgres", server.port(), state)) {
                assertTrue(findings(again, "setting").stream().anyMatch(it), one[0]);
            }
            reset(one[0]);
            trial.until("f", "SELECT current_setting('" + one[0] + "') = " + one[1]);
        }
        Set<String> subjects = findings(trial, "setting").stream()
                .map(one -> String.valueOf(one.get("subject")))
                .collect(Collectors.toSet());
        assertTrue(subjects.containsAll(Set.of("fsync", "autovacuum")), subjects.toString());
    }

    @Test
    void a_setting_that_waits_for_a_restart() throws Exception {
        assertNot(trial, "setting", "database.setting_waits_for_restart");
        set("max_connections", "'31'");
        assertEquals(
                "max_connections",
                one(trial, "setting", "database.setting_waits_for_restart").get("subject"));
        set("max_connections", "'30'");
        trial.until("0", "SELECT count(*) FROM pg_settings WHERE pending_restart");
    }

    @Test
    void an_archiver_without_a_command_and_one_whose_command_fails() throws Exception {
        assertNot(trial, "setting", "database.archive_without_command");
        set("archive_command", "''");
        one(trial, "setting", "database.archive_without_command");
        assertNot(trial, "wal", "postgres.archiving_fails");
        set("archive_command", "'false'");
        trial.sql("SELECT pg_logical_emit_message(false, 'a', 'b')", "SELECT pg_switch_wal()");
        trial.until("t", "SELECT failed_count > 0 FROM pg_stat_archiver");
        one(trial, "wal", "postgres.archiving_fails");
        assertEquals(
                1,
                findings(trial, "all").stream()
                        .filter(one -> String.valueOf(one.get("id")).endsWith("archiving_fails"))
                        .count());
        set("archive_command", "'true'");
        trial.until("t", "SELECT last_archived_time > last_failed_time FROM pg_stat_archiver");
        assertNot(trial, "wal", "postgres.archiving_fails");
    }

    @Test
    void nobody_to_wait_for() throws Exception {
        assertNot(trial, "setting", "database.no_synchronous_standby");
        set("synchronous_standby_names", "'nobody'");
        one(trial, "setting", "database.no_synchronous_standby");
        set("synchronous_standby_names", "''");
    }

    @Test
    void connections_against_the_servers_a_logins_and_a_databases_limit() throws Exception {
        trial.sql("CREATE ROLE narrow LOGIN CONNECTION LIMIT 5", "CREATE DATABASE small CONNECTION LIMIT 4");
        assertEquals(Set.of(), ids(trial, "connection"));
        List<Connection> held = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                held.add(connect("postgres", "narrow"));
            }
            Map<?, ?> near = one(trial, "connection", "database.connection_limit_near");
            assertEquals("role narrow", near.get("subject"));
            assertEquals("warning", near.get("severity"));
            held.add(connect("postgres", "narrow"));
            assertThrows(SQLException.class, () -> connect("postgres", "narrow"));
            assertEquals(
                    "critical",
                    one(trial, "connection", "database.connection_limit_near").get("severity"));
            for (int i = 0; i < 4; i++) {
                held.add(connect("small", "postgres"));
            }
            assertTrue(findings(trial, "connection").toString().contains("database small"));
            assertNot(trial, "connection", "postgres.connections_nearly_used_up");
            int used = Integer.parseInt(
                    trial.one("SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"));
            for (int i = used; i < 23; i++) {
                held.add(connect("postgres", "postgres"));
            }
            Map<?, ?> few = one(trial, "connection", "postgres.connections_nearly_used_up");
            assertTrue(figure(few, "used") >= 22, few.toString());
        } finally {
            for (Connection one : held) {
                one.close();
            }
        }
        trial.sql("DROP DATABASE small WITH (FORCE)", "DROP ROLE narrow");
    }

    private static Connection connect(String database, String user) throws SQLException {
        return java.sql.DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + server.port() + "/" + database + "?user=" + user);
    }

    @Test
    void a_key_and_statistics_that_are_missing_stale_or_fresh() throws Exception {
        trial.sql(
                "CREATE TABLE worn (id int PRIMARY KEY)",
                "INSERT INTO worn SELECT 1900000000 + n FROM generate_series(1, 2000) AS n",
                "CREATE TABLE young (id int PRIMARY KEY)",
                "INSERT INTO young SELECT n FROM generate_series(1, 2000) AS n",
                "CREATE TABLE months (at int) PARTITION BY RANGE (at)",
                "CREATE TABLE january PARTITION OF months FOR VALUES FROM (0) TO (10000)",
                "INSERT INTO months SELECT generate_series(1, 3000)",
                "ANALYZE worn",
                "ANALYZE january");
        trial.until("2000", "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'young'");
        trial.until("t", "SELECT n_live_tup >= 3000 FROM pg_stat_user_tables WHERE relname = 'january'");
        Map<?, ?> worn = one(trial, "sequence", "database.key_near_end");
        assertEquals("public.worn.id", worn.get("subject"));
        assertEquals(1_900_002_000, figure(worn, "largest_seen"));
        List<Map<?, ?>> missing = findings(trial, "vacuum").stream()
                .filter(one -> "database.statistics_missing".equals(one.get("id")))
                .toList();
        assertEquals(
                List.of("public.months", "public.young"),
                missing.stream().map(one -> one.get("subject")).toList());
        assertNot(trial, "vacuum", "database.statistics_stale");
        for (Map<?, ?> one : missing) {
            trial.byHand(one);
        }
        assertNot(trial, "vacuum", "database.statistics_missing");
        assertNot(trial, "vacuum", "database.statistics_stale");
        trial.sql("UPDATE young SET id = -id");
        trial.until("2000", "SELECT n_mod_since_analyze FROM pg_stat_user_tables WHERE relname = 'young'");
        Map<?, ?> stale = one(trial, "vacuum", "database.statistics_stale");
        assertEquals("public.young", stale.get("subject"));
        trial.byHand(stale);
        assertNot(trial, "vacuum", "database.statistics_stale");
        trial.sql("DROP TABLE worn, young, months");
    }

    @Test
    void an_index_whose_building_failed() throws Exception {
        trial.sql("CREATE TABLE twice AS SELECT 1 AS one FROM generate_series(1, 2)");
        assertThrows(SQLException.class, () -> trial.sql("CREATE UNIQUE INDEX CONCURRENTLY twice_idx ON twice (one)"));
        Map<?, ?> invalid = one(trial, "index", "database.index_invalid");
        assertEquals("public.twice_idx", invalid.get("subject"));
        trial.sql("DROP TABLE twice");
    }

    @Test
    void an_older_extension_a_collation_of_another_version_and_a_password_that_ends() throws Exception {
        assertEquals(Set.of(), ids(trial, "version"));
        trial.sql(
                "CREATE EXTENSION pg_stat_statements VERSION '1.9'",
                "CREATE TABLE sorted (name text COLLATE \"en-x-icu\" PRIMARY KEY)",
                "UPDATE pg_collation SET collversion = '1' WHERE collname = 'en-x-icu'",
                "CREATE ROLE ending LOGIN VALID UNTIL '"
                        + java.time.LocalDate.now(java.time.ZoneOffset.UTC).plusDays(3) + "'",
                "CREATE ROLE ended LOGIN VALID UNTIL '2020-01-01'");
        assertEquals(Set.of("database.extension_behind", "database.collation_changed"), ids(trial, "version"));
        trial.byHand(one(trial, "version", "database.extension_behind"));
        trial.byHand(one(trial, "version", "database.collation_changed"));
        assertEquals(Set.of(), ids(trial, "version"));
        try (Trial ending = Trial.at("ending", server.port(), state);
                Trial ended = Trial.at("ended", server.port(), state)) {
            double days = figure(one(ending, "version", "database.password_expires"), "days_left");
            assertTrue(days > 1.5 && days < 3.5, "days left: " + days);
            assertEquals(
                    "critical",
                    one(ended, "version", "database.password_expires").get("severity"));
        }
        trial.sql("DROP TABLE sorted", "DROP EXTENSION pg_stat_statements", "DROP ROLE ending, ended");
    }

    @Test
    void checkpoints_that_are_asked_for_and_a_cache_that_does_not_hold_what_is_read() throws Exception {
        assertNot(trial, "wal", "database.checkpoints_forced");
        assertNot(trial, "buffer", "database.cache_low");
        trial.sql(
                "CREATE TABLE wide (id int, body text)",
                "ALTER TABLE wide ALTER COLUMN body SET STORAGE PLAIN",
                "INSERT INTO wide SELECT n, repeat('x', 7000) FROM generate_series(1, 2000) AS n");
        for (int i = 0; i < 25; i++) {
            trial.sql("SELECT pg_logical_emit_message(true, 'a', 'b')", "CHECKPOINT");
        }
        trial.sql("DO $$ BEGIN FOR i IN 1..520 LOOP PERFORM count(id) FROM wide; END LOOP; END $$");
        trial.until("t", "SELECT blks_read > 1000000 FROM pg_stat_database WHERE datname = current_database()");
        Map<?, ?> low = one(trial, "buffer", "database.cache_low");
        double hits = figure(low, "hits");
        double reads = figure(low, "reads");
        assertEquals(100 * hits / (hits + reads), figure(low, "percent"), 0.1);
        trial.until("t", "SELECT checkpoints_req >= 25 FROM pg_stat_bgwriter");
        one(trial, "wal", "database.checkpoints_forced");
        trial.sql("DROP TABLE wide");
    }

    @Test
    void a_block_that_the_disk_has_changed() throws Exception {
        assertNot(trial, "buffer", "postgres.checksum_failures");
        trial.sql("CREATE TABLE rotten AS SELECT n AS id FROM generate_series(1, 1000) AS n", "CHECKPOINT");
        Path file = server.folder().resolve("data").resolve(trial.one("SELECT pg_relation_filepath('rotten')"));
        trial.sql(
                "DROP TABLE IF EXISTS other",
                "CREATE TABLE other AS SELECT repeat('x', 5000) AS x FROM" + " generate_series(1, 4000)");
        server.stop();
        byte[] bytes = Files.readAllBytes(file);
        bytes[5000] ^= 1;
        Files.write(file, bytes, StandardOpenOption.TRUNCATE_EXISTING);
        server.resume();
        assertThrows(SQLException.class, () -> trial.sql("SELECT sum(id) FROM rotten"));
        trial.until("t", "SELECT checksum_failures > 0 FROM pg_stat_database WHERE datname = current_database()");
        trial.byHand(one(trial, "buffer", "postgres.checksum_failures"));
        trial.sql("DROP TABLE rotten, other", "SELECT pg_stat_reset()");
    }

    @Test
    void slots_that_nobody_reads_and_one_that_has_lost_its_wal() throws Exception {
        assertNot(trial, "replication", "postgres.slot_without_reader");
        trial.sql("SELECT pg_create_physical_replication_slot('idle', true)");
        one(trial, "replication", "postgres.slot_without_reader");
        set("max_slot_wal_keep_size", "'1MB'");
        for (int i = 0; i < 4; i++) {
            trial.sql("SELECT pg_logical_emit_message(false, 'a', repeat('x', 1000000))", "SELECT pg_switch_wal()");
        }
        trial.sql("CHECKPOINT");
        trial.until("lost", "SELECT wal_status FROM pg_replication_slots");
        Map<?, ?> lost = one(trial, "replication", "postgres.slot_lost");
        assertEquals("idle", lost.get("subject"));
        trial.byHand(lost);
        assertNot(trial, "replication", "postgres.slot_lost");
        reset("max_slot_wal_keep_size");
    }

    @Test
    void transactions_and_multixacts_that_an_old_snapshot_keeps_from_being_frozen() throws Exception {
        trial.sql("CREATE TABLE shared (id int PRIMARY KEY)", "INSERT INTO shared VALUES (1)", "CHECKPOINT");
        assertNot(trial, "vacuum", "database.horizon_held");
        assertNot(trial, "vacuum", "postgres.multixact_age");
        assertNot(trial, "vacuum", "database.table_freeze_behind");
        String vacuum;
        try (Connection old = connect("postgres", "postgres")) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            old.createStatement().execute("SELECT FROM shared FOR SHARE");
            trial.sql(
                    "DO $$ BEGIN FOR i IN 1..21000 LOOP PERFORM FROM shared FOR SHARE; COMMIT; END LOOP; END $$",
                    "DO $$ BEGIN FOR i IN 1..1050000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
            Map<?, ?> transaction = one(trial, "vacuum", "postgres.transaction_age");
            vacuum = String.valueOf(transaction.get("by_hand"));
            double told = figure(transaction, "transaction_age");
            double counted = Double.parseDouble(trial.one("SELECT max(age(datfrozenxid)) FROM pg_database"));
            assertEquals(counted, told, 100);
            one(trial, "vacuum", "postgres.multixact_age");
            assertTrue(
                    figure(one(trial, "vacuum", "database.horizon_held"), "xids") > 1_000_000, "the horizon is older");
            assertTrue(behind(), ids(trial, "vacuum").toString());
        }
        for (Map<?, ?> one : findings(trial, "vacuum")) {
            if ("database.table_freeze_behind".equals(one.get("id"))) {
                trial.byHand(one);
            }
        }
        assertFalse(behind(), "what is to be done by hand does it");
        server.client(vacuum);
        assertTrue(
                findings(trial, "vacuum").stream()
                        .noneMatch(one -> "postgres".equals(one.get("subject"))
                                && String.valueOf(one.get("id")).endsWith("_age")),
                ids(trial, "vacuum").toString());
        trial.sql("DROP TABLE shared");
    }

    private boolean behind() {
        return findings(trial, "vacuum").stream()
                .anyMatch(one -> "database.table_freeze_behind".equals(one.get("id"))
                        && "public.shared".equals(one.get("subject")));
    }
}
