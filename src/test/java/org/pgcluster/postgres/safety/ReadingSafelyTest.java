package org.pgcluster.postgres.safety;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgcluster.testing.Postgres;

class ReadingSafelyTest {
    private static final String DEFAULT = "15";

    @Test
    @Tag("postgres")
    void no_attack_does_harm_to_a_superuser_or_an_owner() throws SQLException, IOException {
        assertEquals("", harm(DEFAULT, List.of("postgres", "owner")));
    }

    /** Its own rights stay behind where it may take a role that can only read. */
    @ParameterizedTest
    @ValueSource(strings = {"15", "18"})
    @Tag("versions")
    void an_owner_reads_as_who_can_only_read_where_it_is_a_member(String version) throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version(version), false);
                Connection superuser = estate.unguarded()) {
            assertEquals("owner", who(estate, "owner"));
            Reader.unguarded(superuser, "GRANT pg_read_all_data TO owner");
            assertEquals("pg_read_all_data", who(estate, "owner"));
            assertEquals("reader", who(estate, "reader"));
            assertEquals("pg_read_all_data", who(estate, "postgres"));
            Reader.unguarded(superuser, "REVOKE pg_read_all_data FROM owner");
            if (Integer.parseInt(version) >= 16) {
                Reader.unguarded(superuser, "GRANT pg_read_all_data TO owner WITH SET FALSE");
                assertEquals("owner", who(estate, "owner"));
            }
        }
    }

    @Test
    @Tag("slow")
    void no_attack_does_harm_to_an_owner_that_takes_a_role() throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version("18"), false);
                Connection superuser = estate.unguarded()) {
            Reader.unguarded(superuser, "GRANT pg_read_all_data TO owner");
            assertEquals("", Attacks.harm(estate, List.of("owner"), Estate.lines("attacks.tsv")));
        }
    }

    /** In an estate of their own: they make every statement suspect that has one of their types in it. */
    @ParameterizedTest
    @ValueSource(strings = {"14", "15", "18"})
    @Tag("versions")
    void no_ordering_by_functions_of_users_runs(String version) throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version(version), false);
                Connection superuser = estate.unguarded()) {
            Reader.unguarded(superuser, String.join("\n", Estate.lines("estate-orderings.sql")));
            assertEquals("", Attacks.harm(estate, List.of("postgres", "owner"), Estate.lines("attacks-orderings.tsv")));
        }
    }

    private static String who(Estate estate, String login) {
        try (Reader reader = estate.reader(login)) {
            return reader.one("SELECT current_user FROM victim LIMIT 1");
        }
    }

    @Test
    @Tag("postgres")
    void honest_sql_works() throws SQLException, IOException {
        assertEquals("", refusals(DEFAULT, List.of("postgres", "reader")));
    }

    @Test
    @Tag("postgres")
    void no_attack_does_harm_as_a_login_that_cannot_silence_the_log() throws SQLException, IOException {
        assertEquals("", harm(DEFAULT, List.of("plain")));
    }

    @Test
    @Tag("postgres")
    void most_honest_sql_works_as_a_login_that_cannot_silence_the_log() throws SQLException, IOException {
        String refused = refusals(DEFAULT, List.of("plain"));
        assertTrue(refused.lines().filter(line -> line.startsWith("plain: ")).count() <= 15, refused);
    }

    @Test
    @Tag("postgres")
    void an_error_points_into_the_text_that_the_person_wrote() throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version(DEFAULT), false);
                Reader reader = estate.reader("postgres")) {
            assertEquals(8, reader.positionOfError("SELECT nme FROM victim"));
            assertEquals(20, reader.positionOfError("EXPLAIN   \n SELECT nme FROM victim"));
            assertEquals(20, reader.positionOfError("  SELECT 1 AS \"😀\", nme FROM victim"));
            assertEquals(13, reader.positionOfError("SELECT 'a', nme FROM victim"));
            assertEquals(13, reader.positionOfError("SELECT 'a', uper('b') FROM victim"));
        }
    }

    @Test
    @Tag("versions")
    void no_attack_does_harm_on_the_newest_version() throws SQLException, IOException {
        assertEquals("", harm("18", List.of("postgres", "owner", "reader")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "16", "17"})
    @Tag("slow")
    void no_attack_does_harm_on_the_versions_before(String version) throws SQLException, IOException {
        assertEquals("", harm(version, List.of("postgres", "owner", "reader")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    @Tag("versions")
    void honest_sql_works_on_the_oldest_and_the_newest_version(String version) throws SQLException, IOException {
        assertEquals("", refusals(version, List.of("postgres")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"16", "17"})
    @Tag("slow")
    void honest_sql_works_on_the_versions_between(String version) throws SQLException, IOException {
        assertEquals("", refusals(version, List.of("postgres")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    @Tag("versions")
    void what_an_analyst_asks_works(String version) throws SQLException, IOException {
        List<String> refused = new ArrayList<>();
        try (Estate estate = Estate.on(Postgres.version(version), false);
                Connection superuser = estate.unguarded()) {
            Reader.unguarded(superuser, String.join("\n", Estate.lines("estate-analyst.sql")));
            try (Reader reader = estate.reader("postgres")) {
                for (String sql : Estate.lines("harmless-analyst.txt")) {
                    String outcome = reader.read(sql);
                    if (!outcome.equals("ran")) {
                        refused.add(sql + "\n  " + outcome);
                    }
                }
            }
        }
        assertEquals("", String.join("\n", refused));
    }

    /** A pooler hands the session on, and the next client's driver begins to count at the same number. */
    @ParameterizedTest
    @ValueSource(strings = {"14", "18"})
    @Tag("versions")
    void judging_leaves_no_prepared_statement_behind(String version) throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version(version), false);
                Reader reader = estate.reader("postgres")) {
            assertEquals("ran", reader.read("SELECT name FROM victim"));
            assertEquals(
                    "ran",
                    reader.read("SELECT 1 / (CASE count(*) WHEN 0 THEN 1 ELSE 0 END) FROM pg_prepared_statements"));
        }
    }

    /** Without this, probes that see nothing would pass every attack. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM victim",
                "UPDATE victim SET name = NULL",
                "SELECT evil()",
                "SELECT similarity('a', 'b')",
                "SELECT 'x'::evil_domain",
                "SELECT * FROM evil_view",
                "SELECT pg_try_advisory_lock(666)",
                "SELECT nextval('counted')",
                "CREATE TABLE harm()",
                "COPY (SELECT 1) TO '/tmp/pgcluster-harm'",
                "SELECT lo_create(0)",
                "SELECT pg_create_physical_replication_slot('harm')",
                "SELECT pg_replication_origin_create('harm')",
                "SELECT pg_stat_reset()",
                "SELECT pg_current_xact_id()",
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'bystander'"
            })
    @Tag("postgres")
    void the_probes_see_the_harm_that_the_same_attacks_do_without_the_guard(String attack)
            throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version(DEFAULT), false);
                Connection unguarded = estate.unguarded()) {
            String before = estate.state();
            Reader.unguarded(unguarded, attack);
            assertNotEquals(before, estate.state());
        }
    }

    @Test
    @Tag("postgres")
    void looking_does_not_itself_look_like_harm() throws SQLException, IOException {
        try (Estate estate = Estate.on(Postgres.version(DEFAULT), false)) {
            assertEquals(estate.state(), estate.state());
        }
    }

    private static String harm(String version, List<String> users) throws SQLException, IOException {
        List<String> attacks = Estate.lines("attacks.tsv");
        assertTrue(attacks.size() >= 120);
        try (Estate estate = Estate.on(Postgres.version(version), false)) {
            return Attacks.harm(estate, users, attacks);
        }
    }

    private static String refusals(String version, List<String> users) throws SQLException, IOException {
        List<String> statements = Estate.lines("harmless.txt");
        assertTrue(statements.size() >= 120);
        List<String> refused = new ArrayList<>();
        try (Estate estate = Estate.on(Postgres.version(version), false)) {
            for (String user : users) {
                try (Reader reader = estate.reader(user)) {
                    for (String sql : statements) {
                        String outcome = reader.read(sql);
                        if (!outcome.equals("ran") && !reader.mayNot(outcome) && !isNewer(version, outcome)) {
                            refused.add(user + ": " + sql + "\n  " + outcome);
                        }
                    }
                }
            }
        }
        return String.join("\n", refused);
    }

    /** What a version has no grammar for is no refusal of ours. */
    private static boolean isNewer(String version, String outcome) {
        return version.equals("14") && outcome.contains("syntax error");
    }
}
