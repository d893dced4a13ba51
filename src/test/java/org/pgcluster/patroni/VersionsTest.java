package org.pgcluster.patroni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgcluster.shape.JsonText;

/** Every version's words become one vocabulary. */
class VersionsTest {
    private static Fields json(String text) {
        return new Fields((Map<?, ?>) Objects.requireNonNull(JsonText.read(text.replace('\'', '"'))));
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({"master, primary", "primary, primary", "replica, replica", "standby_leader, standby_leader"})
    void a_role_has_one_name_in_all_versions(String said, String role) {
        OwnView own = OwnView.of(json("{'state': 'running', 'role': '" + said + "'}"), Optional.empty());
        assertEquals(role, own.role());
        assertEquals(!said.equals("replica"), own.leads());
    }

    @Test
    void a_leader_of_3_0_tells_its_position_and_its_standbys() {
        OwnView own = OwnView.of(json("""
                        {'state': 'running', 'postmaster_start_time': '2026-11-21 16:13:48.823633+00:00', 'role': 'master',
                         'server_version': 150020, 'xlog': {'location': 60564848}, 'timeline': 1,
                         'replication': [{'application_name': 'g0m1', 'state': 'streaming', 'sync_state': 'sync'}],
                         'dcs_last_seen': 1795277746, 'database_system_identifier': '7710658693285024971',
                         'patroni': {'version': '3.0.2', 'scope': 'ha'}}"""), Optional.of(Instant.ofEpochSecond(1795277750)));
        assertEquals(60564848L, own.location());
        assertEquals("15.20", own.postgresVersion());
        assertEquals(Instant.parse("2026-11-21T16:13:48.823633Z"), own.startedAt());
        assertEquals(List.of(new OwnView.Standby("g0m1", "streaming", "sync")), own.standbys());
        assertEquals(4L, own.dcsAgeSeconds());
    }

    @Test
    void a_member_whose_postgres_is_down_tells_little_and_is_understood() {
        OwnView own = OwnView.of(
                json("{'state': 'stopped', 'role': 'replica', 'pause': true, 'cluster_unlocked': true, 'patroni': {}}"),
                Optional.empty());
        assertNull(own.timeline());
        assertNull(own.replayed());
        assertTrue(own.paused() && own.unlocked());
    }

    @Test
    void a_cluster_of_4_1_tells_lags_reasons_and_the_quorum() {
        DcsView view = DcsView.of(json("""
                        {'scope': 'x', 'pause': true, 'scheduled_switchover': {'at': '2026-12-01T02:00:00+00:00', 'from': 'a'},
                         'members': [
                          {'name': 'a', 'role': 'leader', 'state': 'running', 'api_url': 'http://h1:8008/patroni',
                           'host': 'h1', 'port': 5432, 'timeline': 3, 'pending_restart': true,
                           'pending_restart_reason': {'max_connections': {'old_value': '100', 'new_value': '200'}}},
                          {'name': 'b', 'role': 'quorum_standby', 'state': 'streaming', 'api_url': 'http://h2:8008/patroni',
                           'host': 'h2', 'port': 5432, 'timeline': 3, 'lag': 'unknown', 'receive_lag': 7,
                           'tags': {'nofailover': true, 'failover_priority': 2}}]}"""));
        assertEquals("a", view.leader().orElseThrow().name());
        assertEquals("http://h1:8008", view.leader().orElseThrow().api());
        assertEquals(
                List.of("max_connections=100 -> 200"),
                view.leader().orElseThrow().restartReasons());
        DcsView.Row replica = view.members().get(1);
        assertNull(replica.lagBytes());
        assertEquals(7L, replica.receiveLagBytes());
        assertEquals(List.of("nofailover=true", "failover_priority=2"), replica.tags());
        assertTrue(view.paused());
        assertEquals("2026-12-01T02:00:00+00:00", view.scheduled().orElseThrow().at());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{'ttl': 20}|off",
                "{'synchronous_mode': true}|on",
                "{'synchronous_mode': true, 'synchronous_mode_strict': true}|strict",
                "{'synchronous_mode': 'on'}|on",
                "{'synchronous_mode': 'quorum'}|quorum"
            },
            quoteCharacter = '~')
    void the_synchronous_mode_has_one_word(String config, String word) {
        Map<String, Object> all = new java.util.HashMap<>();
        json(config).json().forEach((name, value) -> all.put(String.valueOf(name), value));
        assertEquals(word, new Settings(java.util.Collections.unmodifiableMap(all)).synchronous());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "http://h:8008, http://h:8008",
        "http://h:8008/, http://h:8008",
        "http://h:8008/patroni, http://h:8008",
        "http://h:8008/cluster, http://h:8008",
        "https://proxy/one/patroni, https://proxy/one"
    })
    void an_address_is_the_same_however_it_was_written(String written, String base) {
        assertEquals(base, Rest.base(written));
        assertFalse(Rest.base(written).endsWith("/"));
    }
}
